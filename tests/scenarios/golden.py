"""What came of each row of the table, word for word: messages, the status at the end, and the report on it.

``golden/`` keeps it for rows that nobody disturbed. Whoever rearranges the inside must change no line there; whoever
wants another message sees in the difference what else became another. ``python -m tests.scenarios.golden`` writes all
anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from healthmon.report.availability.data import report_data
from healthmon.report.availability.query import ReportRequest, account_of
from healthmon.report.json_text import json_pieces, json_text
from healthmon.report.status.data import status_data
from healthmon.report.status.query import read_status
from healthmon.store.read.queries import open_reader
from healthmon.times.spans import Span
from tests.scenarios.channel import Channel
from tests.scenarios.playing import played
from tests.scenarios.rows import ROWS, Row
from tests.scenarios.world import START, World

FOLDER = Path(__file__).with_name("golden")
#: Which thing a line of the status or of the report is about; those that are alike stand in one line.
_NAME = "endpoint"
#: Of more, a hash is kept.
MOST_LINES = 40


def path_of(row: Row) -> Path:
    """Where the words of a row are kept."""
    return FOLDER / f"{re.sub(r'[^a-z0-9]+', '-', row.what.lower()).strip('-')}.txt"


def words_of(world: World) -> str:
    """Everything that people and programs are told at the end of a row."""
    return "\n".join((*_messages(world), *_status(world), *_report(world), ""))


def _messages(world: World) -> Iterator[str]:
    for url_id, channel in world.channels.items():
        for reader, own in channel.readers.items():
            yield f"==== messages to {' '.join(filter(None, (url_id, reader)))}"
            yield from _arrivals(own)


def _arrivals(channel: Channel) -> Iterator[str]:
    for arrival in channel.arrivals:
        yield f"---- after {arrival.at:.1f} s: {arrival.subject}"
        yield arrival.message.body.rstrip()


def _status(world: World) -> Iterator[str]:
    with open_reader(world.config.database) as reader:
        document = json.loads(json_text(status_data(read_status(reader, START + world.now))))
    # Whether a process runs is not a question to a played daemon.
    del document["daemon"]
    # Only the command looks for these.
    del document["pending_sites"]
    yield from _written("status", document)


def _report(world: World) -> Iterator[str]:
    window: Span = (START, START + world.now)
    with open_reader(world.config.database) as reader:
        account = account_of(reader, ReportRequest(window), START + world.now)
        document = json.loads("".join(json_pieces(report_data(account))))
    yield from _written("report", document)


def _written(title: str, document: Mapping[str, Any]) -> Iterator[str]:
    """One line for each fact, and for each thing of a list; things of which the same is true share one."""
    for name, value in document.items():
        yield f"==== {title}: {name}"
        yield from _alike(value) if isinstance(value, list) else [json.dumps(value, ensure_ascii=False)]


def _alike(things: Iterable[dict[str, Any]]) -> Iterator[str]:
    names: dict[str, list[str]] = {}
    for thing in things:
        name = str(thing.pop(_NAME, ""))
        names.setdefault(json.dumps(thing, ensure_ascii=False), []).append(name)
    lines = [f"{', '.join(filter(None, of_these))} {facts}".strip() for facts, of_these in names.items()]
    yield from lines[:MOST_LINES]
    if rest := lines[MOST_LINES:]:
        yield f"and {len(rest)} more: {_digest(rest)}"


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def main() -> None:
    """Write the words of every row anew."""
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for row in ROWS:
        with played(row) as world:
            path_of(row).write_text(words_of(world), encoding="utf-8")


if __name__ == "__main__":
    main()
