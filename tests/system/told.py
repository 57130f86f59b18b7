"""What the URLs of a receiver were told, held against what was promised."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tests.sinks import Arrived, WebhookSink
from tests.system.accounts import MARK
from tests.system.daemon import wait_until
from tests.system.kills import Kills

#: How a subject begins that leaves nobody believing that something is down.
GOOD_NEWS = ("UP ", "SEEN AGAIN ", "STABLE ", "WAS ", "COULD NOT SEE ")


class Told:
    """Some URLs, by name, that must all be told the same. Owned by the test's thread."""

    def __init__(self, sinks: Mapping[str, WebhookSink], kills: Kills, explain: Callable[[], str]) -> None:
        self.sinks = sinks
        self._kills = kills
        self._explain = explain

    def __str__(self) -> str:
        """Say what arrived where."""
        return "\n".join(f"{name}: {[one.subject for one in sink.messages]}" for name, sink in self.sinks.items())

    def wait(self, beginning: str, timeout: float = 90.0) -> float:
        """Wait until a message whose subject begins so has reached all; return when (UTC) the last of them got it."""
        wait_until(lambda: all(self.first(beginning)), f"told {beginning!r}", timeout, explain=self._explain)
        return max(one.at for one in self.first(beginning) if one)

    def first(self, beginning: str) -> list[Arrived | None]:
        """The first message of each URL whose subject begins so."""
        found = ((one for one in sink.messages if one.subject.startswith(beginning)) for sink in self.sinks.values())
        return [next(messages, None) for messages in found]

    def check_text(self, beginning: str, text: str) -> None:
        """Check that the first message whose subject begins so says this, at every URL."""
        for one in self.first(beginning):
            assert one and text in one.text, f"{text!r} is not in {one}"

    def check(self, *beginnings: str) -> None:
        """Check that just these messages arrived, in this order; after a kill perhaps one more, which is marked."""
        for name, sink in self.sinks.items():
            if why := wrong_messages(sink.messages, beginnings, was_killed=self._kills.struck > 0):
                raise AssertionError(f"{name}: {why}\n{self._explain()}")

    def check_at_most(self, most: int) -> None:
        """Check that no more messages arrived, and that the last one says that all is well."""
        for name, sink in self.sinks.items():
            marked = any(MARK in one.body for one in sink.messages)
            subjects = [one.subject for one in sink.messages]
            is_right = len(subjects) <= most + marked and (not subjects or subjects[-1].startswith(GOOD_NEWS))
            assert is_right, f"{name}: {subjects}\n{self._explain()}"


def wrong_messages(arrived: Sequence[Arrived], beginnings: Sequence[str], *, was_killed: bool) -> str:
    """Say what is wrong with the messages that one URL got; "": nothing."""
    subjects, missing, repeated = [one.subject for one in arrived], list(beginnings), 0
    for one in arrived:
        if missing and one.subject.startswith(missing[0]):
            missing.pop(0)
        elif was_killed and MARK in one.body:
            repeated += 1
        else:
            return f"{one.subject!r} was not to be told: {subjects}"
    if missing:
        return f"never told {missing}: {subjects}"
    return f"more than one message more: {subjects}" if repeated > 1 else ""
