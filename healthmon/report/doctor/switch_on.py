"""Which lines switch ARI on in Asterisk, and which screens in FreePBX: the words of all who must say it."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from healthmon.report.doctor.finding import Remedy

RELOAD_HTTP = "asterisk -rx 'module reload http'"
RELOAD_ARI = "asterisk -rx 'module reload res_ari'"
RELOAD_MANAGER = "asterisk -rx 'manager reload'"
RELOAD_AMI = "asterisk -rx 'manager reload'"
#: The file that ``healthmon -c`` names.
CONFIGURATION = "healthmon's configuration"

#: As its screens are called in FreePBX 17, and in those before it.
FREEPBX_ARI = (
    'Settings > Advanced Settings, "Asterisk Builtin mini-HTTP server": Enable the mini-HTTP Server Yes, HTTP Bind '
    'Address 127.0.0.1 (or :: behind a firewall), HTTP Bind Port 8088. In the same place, "Asterisk REST Interface": '
    "Enable the Asterisk REST Interface Yes. Then Apply Config; if ARI does not answer then, fwconsole restart, which "
    "ends calls."
)
FREEPBX_ARI_USER = (
    "Settings > Asterisk REST Interface Users > Add User: the name and the password of [pbx …], Read Only No. Then "
    "Apply Config."
)
FREEPBX_AMI_USER = (
    "The manager interface is on, on 127.0.0.1:5038. Settings > Asterisk Manager Users: the name and the password of "
    "[pbx …], Read system, Write reporting. Then Apply Config."
)


def http_server(url: str) -> Remedy:
    """Say what http.conf must hold for a PBX that is reached by this URL."""
    parts = urlsplit(url)
    address = _to_listen_on(parts.hostname or "")
    lines = ["[general]", "enabled = yes"]
    if parts.scheme == "https":
        lines += [
            "bindaddr = 127.0.0.1",
            "tlsenable = yes",
            f"tlsbindaddr = {address}:{parts.port or 443}",
            "tlscertfile = /etc/asterisk/keys/asterisk.pem     ; the certificate and its key",
        ]
    else:
        lines += [f"bindaddr = {address}", f"bindport = {parts.port or 80}"]
    prefix = parts.path.strip("/")
    if prefix:
        lines.append(f"prefix = {prefix}")
    return Remedy("http.conf", tuple(lines), (RELOAD_HTTP,))


def _to_listen_on(host: str) -> str:
    """Say on which address Asterisk must listen to be reached under this name; of a name nobody knows which."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        address = ip_address(host)
    except ValueError:
        return "0.0.0.0"  # noqa: S104  (what Asterisk is to listen on)
    if address.version == 6:
        return f"[{address}]"
    return str(address)


def ari_enabled() -> Remedy:
    """Say what ari.conf must hold, whoever the user is."""
    return Remedy("ari.conf", ("[general]", "enabled = yes"), (RELOAD_ARI,))


def ari_user(username: str) -> Remedy:
    """Say what ari.conf must hold for this user. Its password is never written down here."""
    lines = (
        f"[{username}]",
        "type = user",
        "password = …     ; the same as in [pbx …] of healthmon's configuration",
        "read_only = no",
    )
    return Remedy("ari.conf", lines, (RELOAD_ARI,))


def manager_interface(username: str, admits: str = "127.0.0.1") -> Remedy:
    """Say what manager.conf must hold for this user, with the least rights that tell of registrations.

    ``admits``: the address from which healthmon comes.
    """
    lines = (
        "[general]",
        "enabled = yes",
        "bindaddr = 127.0.0.1     ; with TLS elsewhere: tlsenable = yes",
        f"[{username}]",
        "secret = …     ; the same as ami_password in [pbx …] of healthmon's configuration",
        "deny = 0.0.0.0/0.0.0.0",
        f"permit = {admits}/255.255.255.255",
        "read = system",
        "write = reporting",
    )
    return Remedy("manager.conf", lines, (RELOAD_AMI,))


def manager_user(username: str, *, is_over_http: bool) -> Remedy:
    """Say what manager.conf must hold for this user. Its password is never written down here."""
    listens = "bindaddr = 127.0.0.1"
    if is_over_http:
        listens = "webenabled = yes"
    lines = (
        "[general]",
        "enabled = yes",
        listens,
        f"[{username}]",
        "secret = …     ; the same as in [pbx …] of healthmon's configuration",
        "read = system",
        "write = reporting",
    )
    return Remedy("manager.conf", lines, (RELOAD_MANAGER,))
