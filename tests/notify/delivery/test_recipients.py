"""Several addresses in one URL: each has a result of its own, in the database too, and nobody gets an alert again."""

from __future__ import annotations

import gzip
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from healthmon.config.sections.receiver import ReceiverConfig
from healthmon.errors import DeliveredInPart, DeliveryError, DeliveryUnsure, Missed
from healthmon.model import Incident, Kind, Notification, Reason
from healthmon.notify.compose.message import Message
from tests.notify.post import Channel, Post
from tests.store.make_fixture import FIXTURES
from tests.store.scene import BOSS, Store

LATER, GONE, UNSURE = "451 later", "550 no such user", "no answer"
HOUR = 3600.0


@dataclass
class Mailboxes(Channel):
    """A mail URL with addresses, each of which answers what ``says`` says ("": it takes the mail)."""

    says: dict[str, str] = field(default_factory=lambda: {"anna": "", "bob": ""})
    inbox: list[tuple[str, str]] = field(default_factory=list)

    def send(self, message: Message) -> None:
        """Take a message for each address that it is for."""
        self.attempts.append(message)
        wanted = [name for name in self.says if message.only is None or name in message.only]
        chosen = [name for name in wanted if name not in message.without] or wanted
        for name in chosen:
            if self.says[name] in ("", UNSURE):
                self.inbox.append((name, message.subject))
        accepted = [name for name in chosen if not self.says[name]]
        missed = tuple(self._missed(name, name in chosen) for name in wanted if name not in accepted)
        if not accepted and message.only is None:
            unsure = any(self.says[name] == UNSURE for name in chosen)
            raise DeliveryUnsure(BOSS, UNSURE) if unsure else DeliveryError(BOSS, "all refused")
        if missed:
            raise DeliveredInPart(BOSS, missed)

    def _missed(self, name: str, was_tried: bool) -> Missed:
        says = self.says[name]
        final, unsure = was_tried and says == GONE, was_tried and says == UNSURE
        return Missed(name, f"address {name}", says, is_final=final, in_doubt=unsure, was_tried=was_tried)

    def of(self, name: str) -> list[str]:
        """The subjects that one address has."""
        return [subject for reader, subject in self.inbox if reader == name]


@pytest.fixture
def boxes() -> Mailboxes:
    """Two addresses, Anna's and Bob's."""
    return Mailboxes()


@pytest.fixture
def post(store: Store, boxes: Mailboxes) -> Iterator[Post]:
    """A deliverer of a URL with two addresses."""
    scene = Post(store, ReceiverConfig("oncall", (), longest_pause=20.0), boxes)
    yield scene
    scene.outbox.close()


def failing(post: Post) -> list[tuple[str, str]]:
    """The addresses that do not take messages at present, and why."""
    with post.store.reading() as reader:
        return [(one.place, one.why) for url in reader.urls() for one in url.recipients]


def ends(post: Post, about: Incident) -> None:
    """An outage ends, and that is told."""
    post.closes(about)
    post.store.book(notifications=[Notification(about.id, BOSS, Reason.RESOLVED, 0, post.time, post.time)])


def opens_and_misses_bob(post: Post, boxes: Mailboxes) -> Incident:
    """An outage begins, while Bob's address is not known; then it is known again."""
    boxes.says["bob"] = GONE
    about = post.opens(1)
    post.run(10)
    boxes.says["bob"] = ""
    return about


def test_one_refused_recipient_and_the_others_get_the_alert_once(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = GONE
    post.opens(1)

    post.run(2 * HOUR)

    assert boxes.of("anna") == ["DOWN phone 101 (office) since 14:02"]
    assert len(boxes.attempts) == 1
    assert failing(post) == [("address bob", GONE)]
    with post.store.reading() as reader:
        [url] = reader.urls()
    assert url.failing_since is None


def test_an_address_that_was_put_off_is_tried_again_alone(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    post.opens(1)
    post.run(60)
    assert failing(post) == [("address bob", LATER)]

    boxes.says["bob"] = ""
    post.run(30)

    assert boxes.of("anna") == boxes.of("bob") == ["DOWN phone 101 (office) since 14:02"]
    assert all("possibly repeated" not in message.body for message in boxes.attempts)
    assert failing(post) == []


def test_an_address_that_was_put_off_holds_up_nobody(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    post.opens(1)
    post.run(600)

    post.opens(2, Kind.PROVIDER)
    post.run(1)

    assert [subject.partition(" since")[0] for subject in boxes.of("anna")] == [
        "DOWN phone 101 (office)",
        "DOWN provider 102 (office)",
    ]


def test_whoever_was_put_off_hears_of_all_that_came_since_in_one_message(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    post.opens(1)
    post.run(10)
    post.opens(2)
    post.run(10)

    boxes.says["bob"] = ""
    post.run(60)

    assert boxes.of("bob") == ["DOWN 2 phones (office): 101, 102"]


def test_whoever_was_put_off_gets_no_lone_up(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    about = post.opens(1)
    post.run(10)
    ends(post, about)
    boxes.says["bob"] = ""
    post.run(60)

    assert [subject.partition(" phone")[0] for subject in boxes.of("anna")] == ["DOWN", "UP"]
    assert [subject.partition(" phone")[0] for subject in boxes.of("bob")] == ["WAS DOWN"]


def test_a_crash_in_between_costs_nobody_a_message_and_repeats_none(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    post.opens(1)
    post.run(1)

    post.outbox.recover([BOSS], post.clock.now())
    post.start()
    boxes.says["bob"] = ""
    post.run(1)

    assert boxes.of("anna") == boxes.of("bob") == ["DOWN phone 101 (office) since 14:02"]


def test_what_was_being_sent_to_one_address_in_a_crash_is_sent_again_to_that_address_marked(
    post: Post, boxes: Mailboxes
) -> None:
    boxes.says["bob"] = LATER
    post.opens(1)
    post.run(1)
    now = post.clock.now()
    assert post.outbox.missed.claim(BOSS, "bob", now, give_up_before=0.0) is not None

    assert post.outbox.recover([BOSS], post.clock.now()) == 1
    post.start()
    boxes.says["bob"] = ""
    post.run(1)

    assert boxes.of("anna") == boxes.of("bob") == ["DOWN phone 101 (office) since 14:02"]
    assert "possibly repeated" in boxes.attempts[-1].body


def test_what_one_address_may_have_is_repeated_to_that_address_alone_rarely_and_marked(
    post: Post, boxes: Mailboxes
) -> None:
    boxes.says["bob"] = UNSURE
    post.opens(1)

    post.run(300)

    assert len(boxes.of("anna")) == 1
    assert 2 <= len(boxes.of("bob")) <= 4
    assert "possibly repeated" in boxes.attempts[-1].body


def test_an_address_that_is_known_again_is_no_longer_shown(post: Post, boxes: Mailboxes) -> None:
    opens_and_misses_bob(post, boxes)
    post.opens(2)

    post.run(10)

    assert failing(post) == []
    assert len(boxes.of("bob")) == 1


def test_an_address_that_was_refused_for_good_and_is_known_again_gets_no_lone_up(post: Post, boxes: Mailboxes) -> None:
    about = opens_and_misses_bob(post, boxes)

    ends(post, about)
    post.run(60)

    assert [subject.partition(" phone")[0] for subject in boxes.of("anna")] == ["DOWN", "UP"]
    assert boxes.of("bob") == []


def test_an_address_that_is_known_again_gets_what_else_is_told_with_an_end_and_ends_that_it_knows_of(
    post: Post, boxes: Mailboxes
) -> None:
    about = opens_and_misses_bob(post, boxes)

    ends(post, about)
    other = post.opens(2)
    post.run(60)
    assert boxes.of("bob") == ["DOWN phone 102 (office) since 14:03"]
    ends(post, other)
    post.run(60)

    assert [subject.partition(" phone")[0] for subject in boxes.of("bob")] == ["DOWN", "UP"]


def test_an_address_that_was_reminded_since_it_is_known_again_hears_of_the_end(post: Post, boxes: Mailboxes) -> None:
    about = opens_and_misses_bob(post, boxes)
    post.store.book(notifications=[Notification(1, BOSS, Reason.REMINDER, 1, post.time, post.time)])
    post.run(10)

    ends(post, about)
    post.run(60)

    assert [subject.partition(" phone")[0] for subject in boxes.of("bob")] == ["STILL DOWN", "UP"]


def test_what_is_long_over_is_given_up_for_an_address_too(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    about = post.opens(1)
    post.run(10)
    post.closes(about)

    post.run(post.receiver.give_up_after + HOUR)
    attempts = len(boxes.attempts)
    post.run(HOUR)

    assert len(boxes.attempts) == attempts


def test_where_nobody_has_it_all_are_tried_again(post: Post, boxes: Mailboxes) -> None:
    boxes.says = {"anna": LATER, "bob": GONE}
    post.opens(1)
    post.run(30)

    boxes.says = {"anna": "", "bob": ""}
    post.run(30)

    assert len(boxes.of("anna")) == len(boxes.of("bob")) == 1


def test_an_order_past_the_outbox_is_not_repeated_to_those_who_have_it(post: Post, boxes: Mailboxes) -> None:
    boxes.says["bob"] = LATER
    post.deliverer.say(lambda _voice: Message("the disk is full", "…"))

    post.run(60)

    assert boxes.of("anna") == ["the disk is full"]


def test_the_story_of_an_incident_says_who_missed_what(post: Post, boxes: Mailboxes) -> None:
    boxes.says = {"anna": "", "bob": GONE, "cleo": LATER}
    post.opens(1)
    post.run(10)

    with post.store.reading() as reader:
        missed = {(one.place, one.state, one.why) for one in reader.missed(1)}

    assert missed == {("address bob", "refused", GONE), ("address cleo", "waiting", LATER)}


def test_an_upgrade_tells_nobody_anything_again_and_loses_nothing(folder: Path, boxes: Mailboxes) -> None:
    path = folder / "healthmon.db"
    path.write_bytes(gzip.decompress((FIXTURES / "schema14.db.gz").read_bytes()))
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        # The older healthmon had told two incidents; of one of them the message still waits.
        connection.execute("UPDATE notifications SET state = 'waiting', says = NULL, finished_at = NULL WHERE id = 1")
    post = Post(Store(path), channel=boxes)
    post.outbox.recover([BOSS], post.time)

    post.run(2 * HOUR)

    # The report waited, too.
    what_waited = ["DOWN phone 101 (office) since 13:57", "REPORT monthly 2026-05-01"]
    assert boxes.of("anna") == boxes.of("bob") == what_waited
    assert post.outbox.missed.addresses(BOSS) == frozenset()
    post.outbox.close()
