"""What real Asterisks said: recorded REST exchanges and event streams in tests/captures/16 and 22."""

import json
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

FOLDER = Path(__file__).parents[1] / "captures"
VERSIONS = ("16", "22")


class Exchange(Struct, frozen=True):
    """One recorded answer."""

    status: int
    server: str
    body: bytes


def exchange(version: str, name: str) -> Exchange:
    """The recorded answer of that name."""
    recorded = json.loads((FOLDER / version / f"{name}.json").read_text())
    body = recorded["body"]
    raw = body if isinstance(body, str) else json.dumps(body)
    return Exchange(recorded["status"], recorded["headers"]["Server"], raw.encode())


def events(version: str, name: str) -> list[bytes]:
    """The recorded events of one case, as they came."""
    return list(_events(FOLDER / version / f"{name}.events.jsonl"))


def all_events() -> Iterator[bytes]:
    """Every recorded event of both versions."""
    for path in sorted(FOLDER.glob("*/*.events.jsonl")):
        yield from _events(path)


def _events(path: Path) -> Iterator[bytes]:
    for line in path.read_text().splitlines():
        recorded = json.loads(line)
        if "event" in recorded:
            yield json.dumps(recorded["event"]).encode()
