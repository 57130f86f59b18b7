"""What was booked and what arrived, held against each other after a time of kills and dead channels."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from itertools import pairwise
from pathlib import Path

from msgspec import Struct

from healthmon.core.belief.endpoints import FIRST_LOOK, NOT_BACK
from healthmon.model import Incident
from healthmon.store.read.queries import open_reader
from tests.sinks import Arrived

MARK = "possibly repeated"
_HEADLINE = re.compile(r"^(DOWN|UP|WAS DOWN) (?:\w+ of )?(?:\d+ )?(?:phone|provider|PBX)s? \S+")
#: Several that went down for a reason that has a name of its own: Asterisk was started a moment ago, or healthmon was.
_HEADLINE_OF_COHORT = re.compile(rf"^(?:{FIRST_LOOK}|{NOT_BACK}): \d+ (?:phone|provider)s")
_NUMBERS = re.compile(r"\bincidents? (\d+(?:, \d+)*)$", re.M)


class Saying(Struct, frozen=True):
    """What one paragraph of a message says about one incident."""

    incident: int
    word: str
    is_marked: bool


def sayings(messages: Iterable[Arrived]) -> Iterator[Saying]:
    """Read the paragraphs about incidents, one or several of one cause, in the order in which they arrived."""
    for message in messages:
        for paragraph in message.body.split("\n\n"):
            word, numbers = _word(paragraph), _NUMBERS.search(paragraph)
            if word and numbers:
                for number in numbers[1].split(", "):
                    yield Saying(int(number), word, MARK in paragraph)


def _word(paragraph: str) -> str:
    """What a paragraph says of its incidents; "": it is of something else."""
    if _HEADLINE_OF_COHORT.match(paragraph):
        return "DOWN"
    headline = _HEADLINE.match(paragraph)
    return headline[1] if headline else ""


def booked(database: Path) -> list[Incident]:
    """All incidents there are, oldest first."""
    with closing(open_reader(database)) as reader:
        return reader.incidents(0.0, 1e11)


def nothing_waits(database: Path) -> bool:
    """Whether no message waits, or is being sent."""
    with closing(open_reader(database)) as reader:
        return all(url.waiting == 0 for url in reader.urls())


def wrong_incidents(incidents: Sequence[Incident]) -> Iterator[str]:
    """Say which outage is booked twice: two incidents of one thing that overlap."""
    of_target: dict[object, list[Incident]] = defaultdict(list)
    for incident in incidents:
        of_target[incident.target, incident.check].append(incident)
    for known in of_target.values():
        for one, next_one in pairwise(sorted(known, key=lambda incident: incident.opened_at)):
            if one.closed_at is None or one.closed_at > next_one.opened_at:
                yield f"incidents {one.id} and {next_one.id} of {one.target} overlap"


def wrong_tellings(incidents: Sequence[Incident], messages: Iterable[Arrived]) -> Iterator[str]:
    """Say about which incidents somebody was told wrongly, not at all, or twice without a mark."""
    told: dict[int, list[Saying]] = defaultdict(list)
    for saying in sayings(messages):
        told[saying.incident].append(saying)
    for incident in incidents:
        heard = told.pop(incident.id, [])
        words = [saying.word for saying in heard]
        if why := _wrong_order(words, is_open=incident.is_open) or _unmarked_repeat(heard):
            yield f"incident {incident.id} of {incident.target}: {why}: told {heard}"
    yield from (f"told of incident {number}, which nobody booked" for number in told)


def _wrong_order(words: Sequence[str], *, is_open: bool) -> str:
    if not words:
        return "never told"
    if words[0] == "UP":
        return "a lone UP"
    return "the last message is not the truth" if (words[-1] == "DOWN") != is_open else ""


def _unmarked_repeat(heard: Sequence[Saying]) -> str:
    """After DOWN, WAS DOWN is a repetition too."""
    known: set[str] = set()
    for saying in heard:
        is_repeat = saying.word in known or (saying.word == "WAS DOWN" and "DOWN" in known)
        if is_repeat and not saying.is_marked:
            return f"{saying.word} is told again without a mark"
        known.add(saying.word)
    return ""
