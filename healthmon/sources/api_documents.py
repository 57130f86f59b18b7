"""The API documents of PBXs, kept for each version of Asterisk: a shell that completes asks no PBX."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from healthmon.ari.api_document import ApiDocument
from healthmon.ari.client import AriClient
from healthmon.files import new_file

_NAME = "ari-{version}.json"
#: What stands in a file's name of a version: ``22.10.1+dfsg``.
_UNFIT = re.compile(r"[^\w.+~-]")
#: The documents are 200 kB; what is longer is none.
_LARGEST = 4_000_000


def cache_folder(environ: Mapping[str, str]) -> Path | None:
    """Where they are kept (XDG base directories); None: this user has no home."""
    if environ.get("XDG_CACHE_HOME"):
        return Path(environ["XDG_CACHE_HOME"]) / "healthmon"
    if environ.get("HOME"):
        return Path(environ["HOME"]) / ".cache" / "healthmon"
    return None


def document_of(client: AriClient, folder: Path | None) -> ApiDocument:
    """ARI as this PBX describes it, from the folder if this version is there. Raises AriError."""
    version = client.info().version
    kept = _kept(_place(folder, version)) if folder else None
    if kept is not None and kept.version == version:
        return kept
    document = client.api_document()
    if folder:
        _keep(document, _place(folder, version))
    return document


def kept_documents(folder: Path | None) -> Iterator[ApiDocument]:
    """Every document that is kept."""
    if folder is None:
        return
    for place in sorted(folder.glob(_NAME.format(version="*"))):
        document = _kept(place)
        if document is not None:
            yield document


def _place(folder: Path, version: str) -> Path:
    return folder / _NAME.format(version=_UNFIT.sub("_", version)[:80])


def _kept(place: Path) -> ApiDocument | None:
    """Read what is kept; None: there is nothing, or nothing of this healthmon."""
    try:
        if place.stat().st_size > _LARGEST:
            return None
        return msgspec.json.decode(place.read_bytes(), type=ApiDocument)
    except (OSError, msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _keep(document: ApiDocument, place: Path) -> None:
    """Keep it, if that can be: without it the PBX is asked each time."""
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with new_file(place, keeps_rights=False) as new, os.fdopen(new.file, "wb", closefd=False) as file:
            file.write(msgspec.json.encode(document))
    except OSError:
        return
