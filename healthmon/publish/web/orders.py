"""Acknowledgements and silences: given by healthmon's own commands, in the name of whoever asks.

A process of its own writes, as a person's command would: this one holds SQLite's locks of who reads.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from healthmon.errors import ExitCode, HealthmonError
from healthmon.model import Matcher, Target
from healthmon.publish.web.access.access import NotAllowed
from healthmon.publish.web.access.identity import asker
from healthmon.publish.web.answers import NotThere
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.live import Unreadable
from healthmon.publish.web.questions import BadQuestion
from healthmon.publish.web.report_question import without_dashes
from healthmon.publish.web.view import ScopedView
from healthmon.report.admin.silence_arguments import matcher_of
from healthmon.report.target_names import by_number
from healthmon.store.read.queries import Reader

log = logging.getLogger(__name__)

#: A reason is so long at most (characters).
LONGEST_REASON = 500
#: So many words say what is silenced, at most; each is so long at most (characters).
MOST_WORDS, LONGEST_WORD = 100, 300
#: The largest number that the database can have.
LARGEST = 2**63 - 1


class IsOver(HealthmonError):
    """What is to be changed is over."""


class SilenceOrder(Struct, frozen=True):
    """What is to be silenced, until when and why; as ``healthmon silence add`` takes it."""

    match: Sequence[str]
    #: How long: ``2h``; or until when: ``18:00``.
    lasting: str = ""
    until: str = ""
    reason: str = ""


class Orders:
    """Has orders carried out. Used by all threads that answer."""

    def __init__(self, view: ScopedView, commands: OwnCommands) -> None:
        self._view = view
        self._commands = commands

    def acknowledge(self, number: int, reason: str) -> dict[str, Any]:
        """Take note of an incident, and return it. Raises NotThere, IsOver, BadQuestion, Busy and Unreadable."""

        def refuse(reader: Reader) -> None:
            incident = reader.incident(min(number, LARGEST))
            if incident is None:
                raise NotThere(f"there is no incident {number}")
            if not incident.is_open:
                raise IsOver(f"incident {number} is over already")

        self._view.read(refuse)
        booked = self._run(
            "ack", "--json", f"--by={asker().name}", f"--reason={_sound(reason, LONGEST_REASON)}", str(number)
        )
        log.info("%s has acknowledged incident %d", asker().name, number)
        return self._seen(number, booked)

    def _seen(self, number: int, booked: dict[str, Any]) -> dict[str, Any]:
        """Leave out what whoever asks may not see of what was printed."""
        if self._view.scope.sees_everything:
            return booked
        incident = self._view.read(lambda reader: reader.incident(number))
        if incident is None:
            raise NotThere(f"there is no incident {number}")
        return {**booked, "explained_by": incident.explained_by, "muted_by": incident.muted_by}

    def silence(self, order: SilenceOrder) -> dict[str, Any]:
        """Add a silence, and return it. Raises BadQuestion, Busy and Unreadable."""
        words = [_sound(word, LONGEST_WORD) for word in order.match]
        if not any(words) or len(words) > MOST_WORDS:
            raise BadQuestion(f"say what is to be silenced, in 1 to {MOST_WORDS} words like 101, PJSIP/1* or site=…")
        if not self._view.scope.sees_everything:
            words = self._within_scope(words)
        arguments = [f"--by={asker().name}", f"--reason={_sound(order.reason, LONGEST_REASON)}"]
        for option, value in (("for", order.lasting), ("until", order.until)):
            if value:
                arguments.append(f"--{option}={_sound(value, LONGEST_WORD)}")
        booked = self._run("silence", "add", "--json", *arguments, "--", *words)
        log.info("%s has added silence %d", asker().name, booked["id"])
        return booked

    def _within_scope(self, words: Sequence[str]) -> list[str]:
        """Write what is to be silenced so that it means what is seen alone. Raises BadQuestion, NotAllowed."""
        scope, status = self._view.scope, self._view.present.status
        pbxs, names = {pbx.name for pbx in status.pbxs}, status.names

        def find(reader: Reader) -> tuple[Matcher, Sequence[Target]]:
            known = reader.known_targets()
            matcher = matcher_of(words, pbxs, lambda word: by_number(word, known, lambda: names))
            return matcher, [about.target for about in known]

        matcher, seen = self._view.read(find)
        if not scope.covers(matcher, seen):
            raise NotAllowed(
                "this may speak of what you do not see; name a PBX, a watch section or endpoints of yours, each with"
                " its PBX: office:PJSIP/101"
            )
        sorts = (
            ("pbx", matcher.pbxs),
            ("kind", matcher.kinds),
            ("watch", matcher.watches),
            ("endpoint", matcher.endpoints),
            ("site", matcher.sites),
        )
        return [f"{sort}={value}" for sort, values in sorts for value in values]

    def end_silence(self, number: int) -> dict[str, Any]:
        """End a silence, and return it. Raises NotThere, Busy and Unreadable."""

        def refuse(reader: Reader) -> None:
            if number not in {silence.id for silence in reader.silences(self._view.now())}:
                raise NotThere(f"no silence {number} is in force")

        self._view.read(refuse)
        booked = self._run("silence", "end", "--json", str(number))
        log.info("%s has ended silence %d", asker().name, number)
        return booked

    def _run(self, *command: str) -> dict[str, Any]:
        """Run a command, and return the JSON that it prints."""
        printed = self._commands.run(command)
        with printed.output as output:
            if printed.code == ExitCode.OK:
                booked: dict[str, Any] = json.load(output)
                return booked
        if printed.code == ExitCode.USAGE:
            raise BadQuestion(without_dashes(printed.why))
        raise Unreadable(printed.why)


def _sound(text: str, longest: int) -> str:
    """Return a text as a program can be given it. Raises BadQuestion."""
    text = text.strip()
    if "\0" in text:
        raise BadQuestion("no text has a character of the number 0 in it")
    if len(text) > longest:
        raise BadQuestion(f"that is too long: {longest} characters will do")
    return text
