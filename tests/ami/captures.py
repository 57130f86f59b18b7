"""What the manager interfaces of real Asterisks sent: tests/captures/16 and 22, ami2_*.txt."""

from __future__ import annotations

import re

from tests.ari.captures import FOLDER, VERSIONS

__all__ = ["VERSIONS", "attempts", "received"]

#: "#   33.205 EVENT", and the frame below it.
_EVENT = re.compile(rb"^# +([0-9.]+) EVENT\n((?:[^#\n][^\n]*\n)+)", re.MULTILINE)


def received(version: str, name: str) -> bytes:
    """All that came, in one piece; lines of notes begin with #."""
    raw = (FOLDER / version / f"ami2_{name}.txt").read_bytes()
    return b"".join(line for line in raw.splitlines(keepends=True) if not line.startswith(b"#"))


def attempts(version: str, name: str) -> list[tuple[float, bytes]]:
    """The events of a recorded course with their times (seconds since the start of Asterisk)."""
    raw = (FOLDER / version / f"ami2_{name}.txt").read_bytes().replace(b"\r\n", b"\n")
    return [(float(at), frame + b"\n") for at, frame in _EVENT.findall(raw)]
