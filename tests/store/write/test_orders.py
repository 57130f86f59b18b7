"""Orders of people: written by a command's connection, seen by the engine's, held to by the outbox."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.errors import DatabaseUnwritable, StoreError
from healthmon.model import Acknowledgement, Changes, Commands, Incident, Kind, Matcher, Note, Reason, Said
from healthmon.store.read.queries import open_reader
from healthmon.store.write.orders import OrderRefused, open_commander
from healthmon.store.write.pruning import Cuts
from tests.store.scene import BOSS, START, Store, closed, incident, notification

WHAT = Matcher(pbxs=("office",), kinds=(Kind.PHONE,), watches=("phones",), endpoints=("PJSIP/1*", "PJSIP/[23]"))


def test_a_url_that_accepts_a_test_message_counts_as_failing_no_longer(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    claim = store.outbox.claim(BOSS, START + 300)
    assert claim is not None
    store.outbox.failed(claim, START + 300, "refused")

    with open_commander(store.path) as commander:
        first, again = commander.accepted(BOSS, START + 400), commander.accepted(BOSS, START + 500)
        unknown = commander.accepted("nobody/knows", START + 500)

    assert (first, again, unknown) == (True, False, False)
    (url,) = store.writer.urls()
    assert (url.failing_since, url.last_delivered_at) == (None, START + 400)


def test_a_silence_reaches_the_engine_as_it_was_ordered(store: Store) -> None:
    store.writer.outside_changes()

    with open_commander(store.path) as commander:
        silence = commander.silence(WHAT, since=START, until=START + 7200, author="anna", reason="building works")

    assert store.writer.outside_changes()
    assert store.writer.commands(START + 1) == Commands((silence,))
    assert store.writer.commands(START + 7200) == Commands()


def test_a_silence_can_be_ended_once(store: Store) -> None:
    with open_commander(store.path) as commander:
        silence = commander.silence(WHAT, since=START, until=START + 7200, author="anna", reason="")
        commander.end_silence(silence.id, START + 60)

        with pytest.raises(OrderRefused, match=f"silence {silence.id} is over already"):
            commander.end_silence(silence.id, START + 61)
        with pytest.raises(OrderRefused, match="there is no silence 99"):
            commander.end_silence(99, START + 61)

    assert store.writer.commands(START + 61) == Commands()


def test_an_acknowledgement_is_of_an_open_incident(store: Store) -> None:
    store.book(incidents={1: closed(1, START + 60), 2: incident(2)})

    with open_commander(store.path) as commander:
        commander.acknowledge(2, at=START + 90, author="anna", reason="called them")

        with pytest.raises(OrderRefused, match="incident 1 is over already"):
            commander.acknowledge(1, at=START + 90, author="anna", reason="")
        with pytest.raises(OrderRefused, match="there is no incident 3"):
            commander.acknowledge(3, at=START + 90, author="anna", reason="")

    order = Acknowledgement(2, START + 90, "anna", "called them")
    assert store.writer.commands(START + 91).acknowledgements == (order,)


def test_who_may_only_read_is_told_so(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda _path, mode, **_options: mode != os.W_OK)

    with pytest.raises(DatabaseUnwritable, match="give this order as root, or as the user that the daemon runs as"):
        open_commander(store.path)


def test_an_order_makes_no_database(folder: Path) -> None:
    with pytest.raises(StoreError, match="there is no database here yet"):
        open_commander(folder / "nothing.db")

    assert list(folder.iterdir()) == []


def muted(one: Incident) -> dict[int, Incident]:
    """This incident, while somebody wants silence."""
    return {one.id: replace(one, muted_by="silence 12")}


def test_what_is_muted_is_not_claimed_until_it_is_muted_no_longer(store: Store) -> None:
    store.book(incidents=muted(incident(2)), notifications=[notification(number=2)])
    assert store.outbox.next_due(BOSS) is None
    assert store.outbox.claim(BOSS, START + 200) is None

    store.book(incidents={2: incident(2)})

    claim = store.outbox.claim(BOSS, START + 300)
    assert claim is not None
    assert [row.says for row in claim.rows] == [Said.DOWN]


def test_what_was_over_in_a_silence_is_never_told(store: Store) -> None:
    store.book(incidents=muted(incident(2)), notifications=[notification(number=2)])
    store.book(incidents=muted(closed(2, START + 60)))

    assert store.outbox.claim(BOSS, START + 300) is None

    assert store.writer.told()[2, BOSS].waiting == frozenset()


def test_the_recovery_is_told_in_a_silence_to_whoever_may_know_of_the_outage(store: Store) -> None:
    store.book(incidents={2: incident(2)}, notifications=[notification(number=2)])
    claim = store.outbox.claim(BOSS, START + 200)
    assert claim is not None
    store.outbox.in_doubt(claim, START + 201, "no answer")

    store.book(incidents=muted(closed(2, START + 260)), notifications=[notification(Reason.RESOLVED, number=2)])

    again = store.outbox.claim(BOSS, START + 400)
    assert again is not None
    assert [row.says for row in again.rows] == [Said.WAS_DOWN]


def test_old_orders_and_notes_are_pruned_with_their_incident(store: Store) -> None:
    store.book(incidents={1: incident(1)}, notes=[Note(1, START, "told nobody: silence 12")])
    with open_commander(store.path) as commander:
        commander.silence(WHAT, since=START, until=START + 10, author="anna", reason="")
        commander.acknowledge(1, at=START, author="anna", reason="")
    store.book(incidents={1: closed(1, START + 60)})
    store.writer.alive(START + 70, [])

    while store.writer.prune(Cuts.at(START + 1000)):
        pass

    with open_reader(store.path) as reader:
        assert (reader.notes(1), reader.silences(START), reader.incident(1)) == ([], [], None)


def test_the_story_keeps_its_order(store: Store) -> None:
    notes = [Note(2, START + 5, "silence 12: from now on nobody is told"), Note(2, START + 5, "silence 12 is over")]
    store.writer.commit(Changes(incidents={2: incident(2)}, notes=notes))

    with open_reader(store.path) as reader:
        assert reader.notes(2) == notes
