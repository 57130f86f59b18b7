"""How each format of ``healthmon report`` is a file."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class FileForm(NamedTuple):
    """How a format of ``healthmon report`` is sent as a file."""

    ending: str
    media_type: str


FILE_FORMS: Mapping[str, FileForm] = {
    "table": FileForm("txt", "text/plain"),
    "csv": FileForm("csv", "text/csv"),
    "json": FileForm("json", "application/json"),
    "html": FileForm("html", "text/html"),
    "markdown": FileForm("md", "text/markdown"),
}
