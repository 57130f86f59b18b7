"""Texts by templates of the user's; what breaks falls back to our own words, never to silence."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import replace

from healthmon.config.sections.receiver import ReceiverConfig, TemplateFile
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import MOST_CHARACTERS, Message
from healthmon.notify.compose.message_lines import lines_of
from healthmon.notify.compose.voice import Voice
from healthmon.notify.templates.context import context_of
from healthmon.notify.templates.rendering import BrokenTemplate, Rendering
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.store.outbox.outbox import ClaimedRow

log = logging.getLogger(__name__)

#: A subject may be longer than ours, but not endless.
MOST_OF_A_SUBJECT = 200


class Templates:
    """The templates of one receiver. Owned by one thread."""

    def __init__(self, receiver: ReceiverConfig, rendering: Rendering) -> None:
        self._receiver = receiver.name
        self._rendering = rendering
        #: Where something broke, and that was said.
        self._complained: set[str] = set()
        self._subject = receiver.subject_template
        self._body = receiver.body_template

    def __bool__(self) -> bool:
        """Whether there is any."""
        return self._subject is not None or self._body is not None

    def compose(
        self,
        rows: Sequence[ClaimedRow],
        voice: Voice,
        *,
        failing: Sequence[FailingChannel] = (),
        most_characters: int = MOST_CHARACTERS,
    ) -> Message:
        """Write the message that tells these rows, in the user's words where there is a template.

        What breaks stays as it was, and is logged once.
        """
        message = compose(rows, voice, failing=failing, most_characters=most_characters)
        if not self:
            return message
        known = {**context_of(message, lines_of(rows, voice.names), voice), "receiver": self._receiver}
        subject = self._written(self._subject, known, MOST_OF_A_SUBJECT)
        body = self._written(self._body, known, min(most_characters, MOST_CHARACTERS))
        return replace(message, subject=" ".join(subject.split()) or message.subject, body=body or message.body)

    def _written(self, file: TemplateFile | None, facts: Mapping[str, Any], most: int) -> str:
        if file is None:
            return ""
        try:
            [text] = self._rendering.write(file, [facts], most)
        except BrokenTemplate as broken:
            if broken.place not in self._complained:
                self._complained.add(broken.place)
                log.error("%s; healthmon's own words are sent instead", broken)
            return ""
        return text
