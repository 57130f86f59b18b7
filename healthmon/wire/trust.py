"""Whose certificates are trusted: as ``verify_tls`` says."""

from __future__ import annotations

import ssl
from pathlib import Path

import certifi


def trusted(verify_tls: bool | Path) -> bool | str:
    """Whose certificates are trusted: False = any; else the path of a file or folder of CAs."""
    if isinstance(verify_tls, Path):
        return str(verify_tls)
    if not verify_tls:
        return False
    # The system's own list first: an administrator adds the company's CA there.
    return ssl.get_default_verify_paths().cafile or certifi.where()


def tls_context(verify_tls: bool | Path) -> ssl.SSLContext:
    """The TLS settings for a socket of our own. Raises OSError when the CA file cannot be read."""
    authorities = trusted(verify_tls)
    if isinstance(authorities, str):
        is_folder = Path(authorities).is_dir()
        if not is_folder:
            # OpenSSL's own error does not name the file.
            Path(authorities).open("rb").close()
        return ssl.create_default_context(
            cafile=None if is_folder else authorities, capath=authorities if is_folder else None
        )
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
