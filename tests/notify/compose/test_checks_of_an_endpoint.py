"""What a person reads of an endpoint that is down, and of its contacts: it is named once for one cause."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from healthmon.languages import language
from healthmon.model import Said
from healthmon.notify.compose.digest import compose
from healthmon.notify.compose.message import Message
from healthmon.notify.compose.voice import Voice
from healthmon.store.outbox.outbox import Claim, Outbox
from tests.core.belief.test_degraded import TELLING, TRUNK, A, B, Trunk
from tests.core.scene import DOWN, UP, trunk, trunk_settings

ZONE = ZoneInfo("Europe/Berlin")


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> list[Message]:
    """All that is sent, as it is written."""
    written: list[Message] = []
    claim_rows = Outbox.claim

    def claim(self: Outbox, url_id: str, now: float, **asked: object) -> Claim | None:
        claimed = claim_rows(self, url_id, now, **asked)  # type: ignore[arg-type]
        if claimed is not None:
            written.append(compose(claimed.rows, Voice(language("en"), ZONE, now)))
        return claimed

    monkeypatch.setattr(Outbox, "claim", claim)
    return written


def told(message: Message) -> list[tuple[str, str]]:
    """What a message says to a program: of which check, and what."""
    return [(incident["check"], incident["tells"]) for incident in message.facts["incidents"]]


def test_a_contact_that_is_lost_names_the_side_that_is_meant(messages: list[Message]) -> None:
    Trunk(TELLING).settle().lose_one()

    [message] = messages
    assert message.subject == "DEGRADED contacts of provider trunk-a (office) since 14:47"
    assert "cause: 1 of 2 contacts unreachable" in message.body


def test_an_endpoint_that_loses_all_its_contacts_is_told_once(messages: list[Message]) -> None:
    Trunk(TELLING).settle().lose_both()

    [message] = messages
    assert message.subject == "DOWN provider trunk-a (office) since 14:47"
    assert "explains" not in message.body
    assert message.body.count("trunk-a") == 3, message.body


@pytest.mark.parametrize("was_told", [False, True])
def test_back_with_a_contact_still_lost_is_one_line(messages: list[Message], was_told: bool) -> None:
    scene = Trunk(TELLING).settle()
    if was_told:
        scene.lose_one()
    scene.lose_both()
    messages.clear()

    scene.get_back(A)

    [message] = messages
    assert message.subject == "DEGRADED contacts of provider trunk-a (office) since 14:47"
    assert "cause: 1 of 2 contacts unreachable\nit can be reached again, and could not be from 14:" in message.body
    assert "\nUP " not in message.body
    assert told(message) == [("contacts", Said.DEGRADED), ("reachability", Said.UP)]


def test_the_end_of_both_is_one_line(messages: list[Message]) -> None:
    scene = Trunk(TELLING).settle().lose_one().lose_both()
    messages.clear()

    scene.get_back(A, 0).get_back(B)

    [message] = messages
    assert message.subject == "UP provider trunk-a (office) after 2 min"
    assert "contacts)" not in message.body
    assert told(message) == [("reachability", Said.UP), ("contacts", Said.UP)]


def test_what_is_watched_no_longer_is_one_line(messages: list[Message]) -> None:
    scene, other = Trunk(TELLING).settle(), trunk("b")
    scene.see(trunk_settings(other))
    scene.truth[other] = UP
    scene.lose_one().lose_both()
    scene.truth.pop(TRUNK)
    scene.removed(TRUNK)
    messages.clear()

    # It rides along with the next message.
    scene.event(other, DOWN)
    scene.device(other, DOWN)
    scene.truth[other] = DOWN
    scene.go_on(120)

    [message] = [each for each in messages if "No longer watched" in each.body]
    assert message.body.count("provider trunk-a") == 1
