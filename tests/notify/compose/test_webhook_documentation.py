"""``docs/webhooks.md`` shows what is really sent. ``HEALTHMON_REWRITE_GOLDEN=1`` rewrites its example."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from healthmon.config.sections.shared import Secret
from healthmon.model import Incident, Kind, Reason, Said, Severity, Target
from healthmon.notify.channels.webhook import WebhookSender
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message_lines import State
from tests.notify.rows import ENGLISH, SINCE, incident, phone, row
from tests.sinks import WebhookSink

DOCUMENT = Path(__file__).parents[3] / "docs" / "webhooks.md"
EXAMPLE = re.compile(r"```json\n(\{.*?\n\})\n```", re.S)


def site() -> Incident:
    """A site of which two phones are down."""
    target = Target("office", "site", "203.0.113.7")
    how_much: dict[str, Any] = {"down": 2, "of": 4, "severity": Severity.WARNING}
    return incident(target, 900, Kind.SITE, cause="", watch="", site="203.0.113.7", **how_much)


def sent() -> dict[str, Any]:
    """What a webhook gets of the example."""
    known: dict[str, Any] = {"explained_by": 900, "site": "203.0.113.7", "cause": "contact Unreachable"}
    phones = tuple(incident(phone(name), int(name), opened_at=SINCE - 3, **known) for name in ("118", "131"))
    message = compose([row(site(), explained=phones)], ENGLISH)
    with WebhookSink() as sink:
        WebhookSender("oncall/boss", Secret(sink.url)).send(message)
        return dict(sink.messages[0].sent)


def field_names(value: object) -> Iterator[str]:
    """Every name of a field, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from field_names(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from field_names(inner)


def test_the_example_is_what_is_sent() -> None:
    written, document = json.dumps(sent(), indent=2, ensure_ascii=False), DOCUMENT.read_text()
    if os.environ.get("HEALTHMON_REWRITE_GOLDEN"):
        document = EXAMPLE.sub(lambda _match: f"```json\n{written}\n```", document, count=1)
        DOCUMENT.write_text(document)

    [example] = EXAMPLE.findall(document)

    assert json.loads(example) == json.loads(written)


def test_every_field_and_every_word_of_a_field_is_explained() -> None:
    document = DOCUMENT.read_text()
    explained = set(re.findall(r"`([^`\n]+)`", document))

    assert {name for name in field_names(sent()) if name not in explained} == set()
    assert {str(word) for word in (*Reason, *Said, *Kind, *Severity, *State) if word not in explained} == set()
