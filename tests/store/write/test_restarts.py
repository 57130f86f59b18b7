"""The restarts of Asterisk are rows of their own: kept for as long as the history, and under their PBX's name."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.model import Check, Ending, Health, Kind, Restart
from healthmon.store.read.queries import Wanted
from healthmon.store.write.maintenance import open_for_maintenance
from healthmon.store.write.pruning import Cuts
from tests.store.scene import OFFICE, START, Store, incident

FIRST = Restart("office", START + 100, "2026-05-14T12:01:38.000+0000")
SECOND = Restart("office", START + 900, "2026-05-14T12:14:58.000+0000")
OTHER = Restart("branch", START + 200, "2026-05-14T12:03:18.000+0000")


def test_the_restarts_of_a_window_are_read_of_one_pbx_or_of_all(store: Store) -> None:
    store.book(restarts=[FIRST, OTHER])
    store.book(restarts=[SECOND])

    with store.reading() as reader:
        assert reader.restarts(START, START + 1000) == [FIRST, OTHER, SECOND]
        assert reader.restarts(START, START + 1000, "office") == [FIRST, SECOND]
        assert reader.restarts(START + 100, START + 900) == [FIRST, OTHER]
        assert reader.restarts(START + 901, START + 1000) == []


def test_a_restart_that_is_told_is_in_no_list_of_incidents(store: Store) -> None:
    event = incident(
        1,
        OFFICE,
        check=Check.RESTART,
        kind=Kind.PBX,
        health=Health.UP,
        opened_at=START + 100,
        closed_at=START + 100,
        ending=Ending.MOMENT,
    )
    store.book(incidents={1: event}, restarts=[FIRST])

    with store.reading() as reader:
        assert reader.incidents(START, START + 1000) == []
        assert reader.newest_incidents(Wanted(START, START + 1000)) == []
        assert reader.count_incidents(Wanted(START, START + 1000)) == 0
        assert reader.count_causes(Wanted(START, START + 1000)) == 0
        # Asked for by its number it tells who was told.
        assert reader.incident(1) == event


def test_restarts_go_with_the_history_and_take_the_new_name_of_their_pbx(store: Store) -> None:
    store.book(restarts=[FIRST, SECOND, OTHER])

    while store.writer.prune(Cuts.at(START + 500), 100):
        pass
    store.stop()
    with open_for_maintenance(store.path, START + 2000) as owner:
        owner.rename_pbx("office", "headquarters")
    store.start()

    with store.reading() as reader:
        assert reader.restarts(START, START + 1000) == [replace(SECOND, pbx="headquarters")]
