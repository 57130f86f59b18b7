"""What any store must do, said with the store's functions alone: a PostgreSQL one would have to pass this too."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from healthmon.model import (
    Changes,
    Check,
    ClockJump,
    Ending,
    EndpointSettings,
    Freshness,
    Health,
    Kind,
    PbxState,
    Reading,
    Reason,
    Remembered,
    Said,
    Target,
    Told,
    Workload,
)
from tests.store.scene import (
    BOSS,
    DESK,
    OFFICE,
    OTHER_PHONE,
    PHONE,
    START,
    Store,
    by_key,
    closed,
    incident,
    notification,
    state,
    transition,
    unknown,
    unknown_by_key,
)

HOUR = 3600.0


def test_a_new_store_remembers_nothing(store: Store) -> None:
    assert store.writer.load() == Remembered()


def test_everything_that_was_booked_is_remembered_as_it_was(store: Store) -> None:
    full = state(
        belief=Health.DOWN,
        since=START + 10.25,
        believed_at=START + 40.123456,
        reason='"quotes", <markup> & Umläute 😀',
        remark="not qualified",
        pending=Health.UP,
        pending_since=START + 50,
        not_up_since=START + 10,
        down_since=START + 11,
        unknown_because="not listed",
        unknown_since=START + 60,
        ever_up=True,
        is_flapping=True,
        down_after=34.5,
        flap_changes=(START + 5.125, START + 10.25),
        cohort="found down at first look",
    )
    never_known = state(OTHER_PHONE, None, since=0.0, believed_at=0.0, reason="")
    pbx_check = state(OFFICE, check=Check.CONNECTION, kind=Kind.PBX, watch="")
    office = PbxState("office", "2026-05-14T12:00:00.123+0000", "", "22.3.0", "refused", START + 5, was_seen=True)
    settings = EndpointSettings(PHONE, START + 3, True, 60.0, 3.0, True, True, True, True, 2, 3)
    opened = incident(7, cohort="found down at first look", explained_by=3, flapping=2, flap_episodes=4)

    store.book(
        states=by_key(full, never_known, pbx_check),
        pbx_states={"office": office},
        settings={PHONE: settings},
        incidents={7: opened},
        notifications=[notification(number=7)],
    )
    store.writer.alive(START + 70, [])
    store.restart(START + 200)

    remembered = store.writer.load()
    assert set(remembered.states) == {full, never_known, pbx_check}
    assert remembered.pbx_states == (office,)
    assert remembered.settings == (settings,)
    assert remembered.incidents == (opened,)
    assert remembered.told == {(7, BOSS): _waiting(Reason.OPENED)}
    assert next(remembered.incident_numbers) == 8
    assert remembered.alive_at == START + 70


def test_the_last_state_counts(store: Store) -> None:
    store.book(states=by_key(state(belief=Health.UP)))

    store.book(states=by_key(state(belief=Health.DOWN, kind=Kind.PROVIDER, watch="trunks")))

    assert store.writer.load().states == (state(belief=Health.DOWN, kind=Kind.PROVIDER, watch="trunks"),)


def test_the_same_endpoint_on_two_pbxs_and_in_two_technologies_are_three_targets(store: Store) -> None:
    three = [
        state(Target("office", "PJSIP", "x")),
        state(Target("shop", "PJSIP", "x")),
        state(Target("shop", "IAX2", "x")),
    ]

    store.book(states=by_key(*three))

    assert set(store.writer.load().states) == set(three)


def test_nothing_to_book_is_no_transaction(store: Store) -> None:
    store.outbox.next_due(BOSS)
    with store.reading():
        store.writer.commit(Changes(log=["phone 101: seen"]))

    assert not store.writer.outside_changes()


def test_what_others_write_is_noticed_once_and_our_own_is_not(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    assert not store.writer.outside_changes()

    store.outbox.claim(BOSS, START + 200)

    assert store.writer.outside_changes()
    assert not store.writer.outside_changes()


def test_a_deliverer_that_finds_nothing_due_wakes_nobody(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(wait=5)])

    assert store.outbox.claim(BOSS, START + 131) is None

    assert not store.writer.outside_changes()


def test_a_forgotten_target_loses_its_state_and_keeps_its_history(store: Store) -> None:
    up, gone = transition(START + 1, Health.UP), transition(START + 500, None, Health.UP, cause="removed")
    store.book(
        states=by_key(state(), state(OTHER_PHONE)),
        transitions=[up],
        unknown_periods=unknown_by_key(unknown(START + 400)),
    )

    store.book(forgotten=[PHONE], transitions=[gone])

    assert [each.target for each in store.writer.load().states] == [OTHER_PHONE]
    with store.reading() as reader:
        history = next(reader.history(START, START + 1000, endpoint="PJSIP/101"))
    assert history.transitions == (up, gone)
    assert history.forgotten_at == START + 500
    assert history.unknown_periods == (unknown(START + 400, START + 500),)


def test_a_target_that_is_watched_again_goes_on_with_its_history(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + 1, Health.UP)])
    store.book(forgotten=[PHONE], transitions=[transition(START + 500, None, Health.UP)])

    again = state(watched_since=START + 900, since=START + 901)
    store.book(states=by_key(again), transitions=[transition(START + 901, Health.UP)])

    assert store.writer.load().states == (again,)
    with store.reading() as reader:
        (history,) = reader.history(START, START + 1000)
    assert [each.after for each in history.transitions] == [Health.UP, None, Health.UP]
    assert (history.watched_since, history.forgotten_at) == (START, None)


def test_forgetting_a_target_and_watching_it_anew_in_one_batch_leaves_it_watched(store: Store) -> None:
    store.book(states=by_key(state()))

    store.book(forgotten=[PHONE], states=by_key(state(watch="others")))

    assert store.writer.load().states == (state(watch="others"),)


def test_a_pbx_that_is_no_longer_configured_leaves_nothing_but_history(store: Store) -> None:
    store.book(
        states=by_key(state(OFFICE, check=Check.CONNECTION, kind=Kind.PBX)),
        pbx_states={"office": PbxState("office", blind_why="refused", blind_since=START)},
        unknown_periods=unknown_by_key(unknown(START, target=OFFICE, why="refused")),
    )
    store.writer.alive(START + 10, [Freshness("office", alive_at=START)])

    store.book(forgotten=[OFFICE])

    assert store.writer.load().pbx_states == ()
    with store.reading() as reader:
        assert reader.freshness() == []
        assert reader.unknown_of_pbxs(START, START + 99) == {"office": (unknown(START, START + 10, OFFICE, "refused"),)}


def test_freshness_and_the_sign_of_life_are_what_was_said_last(store: Store) -> None:
    store.writer.alive(START + 10, [Freshness("office"), Freshness("shop", START + 1, START + 2, START + 3)])
    counted = Freshness("shop", START + 1, START + 2, START + 3, events=4711, streams=3, dropped=2)
    fresh = [Freshness("office", START + 11, None, START + 11), counted]
    workload = Workload(5, 17, 12, 0.75, {0.001: 3, 0.1: 11})

    store.writer.alive(START + 20, fresh, workload)

    with store.reading() as reader:
        assert reader.freshness() == fresh
        assert reader.daemon().alive_at == START + 20
        assert reader.daemon().workload == workload


def test_told_speaks_of_open_incidents_and_of_closed_ones_until_their_end_is_told(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(number=1), notification(number=1, url_id=DESK), notification(number=2)],
    )
    _deliver(store, BOSS, START + 200)

    told = store.writer.told()

    assert told[1, BOSS] == Told(Said.DOWN, START + 201, frozenset({(Reason.OPENED, 0)}), frozenset(), START + 130)
    assert told[1, DESK] == _waiting(Reason.OPENED)
    assert set(told) == {(1, BOSS), (1, DESK), (2, BOSS)}

    store.book(incidents={2: closed(2, target=OTHER_PHONE)}, notifications=[notification(Reason.RESOLVED, 2)])
    store.writer.alive(START + 310, [])
    assert (2, BOSS) in store.writer.told()

    _deliver(store, BOSS, START + 320)
    store.writer.alive(START + 330, [])
    assert set(store.writer.told()) == {(1, BOSS), (1, DESK)}
    assert [each.id for each in store.writer.load().incidents] == [1]


def test_somebody_who_was_told_down_stays_in_told_until_the_end_is_booked(store: Store) -> None:
    # The claim came in between what the core saw ("still waiting") and its commit of the end.
    store.book(incidents={1: incident()}, notifications=[notification()])
    claim = store.outbox.claim(BOSS, START + 200)
    assert claim
    store.book(incidents={1: closed()})
    store.outbox.delivered(claim, START + 301)

    store.writer.alive(START + 310, [])

    assert store.writer.told()[1, BOSS].said is Said.DOWN


def test_after_a_day_nobody_waits_to_be_told_an_end_that_nobody_booked(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    _deliver(store, BOSS, START + 200)
    store.book(incidents={1: closed()})

    store.writer.alive(START + 300 + 86401, [])

    assert store.writer.told() == {}


def test_incidents_are_found_by_the_window_that_they_overlap(store: Store) -> None:
    past, present = closed(1, START + 300), incident(2, OTHER_PHONE, opened_at=START + 1000)
    store.book(incidents={1: past, 2: present})

    with store.reading() as reader:
        assert reader.incidents(START, START + 50) == []
        assert reader.incidents(START, START + 200) == [past]
        assert reader.incidents(START + 200, START + 5000) == [past, present]
        assert reader.incidents(START + 301, START + 5000) == [present]
        assert reader.open_incidents() == [present]


def test_a_reader_sees_one_moment(store: Store) -> None:
    store.book(states=by_key(state(belief=Health.UP)), incidents={1: incident()})

    with store.reading() as reader:
        assert reader.states() == [state(belief=Health.UP)]
        store.book(states=by_key(state(belief=Health.DOWN)), incidents={1: closed()})

        assert reader.states() == [state(belief=Health.UP)]
        assert reader.open_incidents() == [incident()]


def test_a_clock_jump_moves_nothing_that_is_open(store: Store) -> None:
    changed_at = (START + 20.0, START + 50.0)
    pending = state(pending=Health.DOWN, pending_since=START + 50, not_up_since=START + 50, flap_changes=changed_at)
    # What is waiting to be told of a PBX that nobody can see is due at no time.
    branch = PbxState("branch", blind_why="refused", blind_since=START + 5)
    store.book(
        states=by_key(pending),
        pbx_states={"branch": branch},
        incidents={1: incident()},
        notifications=[notification(wait=5)],
    )
    store.writer.alive(START + 200, [Freshness("office", START + 1)])

    store.book(clock_jumps=[ClockJump(START + 200, by=3600.0)])

    remembered = store.writer.load()
    assert remembered.states == (pending,)
    assert remembered.pbx_states == (branch,)
    assert remembered.incidents == (incident(),)
    assert (remembered.alive_at, remembered.ahead) == (START + 200, 3600.0)
    assert store.outbox.next_due(BOSS) == START + 135
    with store.reading() as reader:
        assert reader.freshness() == [Freshness("office", START + 1)]


def test_an_outage_that_began_after_the_last_sign_of_life_does_not_end_at_its_beginning(store: Store) -> None:
    """The clock is set back by an hour; a sign of life is booked every ten seconds only."""
    store.writer.alive(START, [])
    opened = incident(opened_at=START + 6, believed_at=START + 8)
    down = replace(transition(START + 6, Health.DOWN), believed_at=START + 8)
    store.book(transitions=[down], incidents={1: opened})

    store.restart(START + 9 - 3600)

    assert store.writer.set_by == pytest.approx(9 - 3600 - 8)
    [remembered] = store.writer.load().incidents
    # What is seen from now on was after its beginning.
    assert remembered.opened_at < store.now - store.writer.ahead


def test_a_clock_that_was_set_back_while_nobody_ran_leaves_no_history_in_the_future(store: Store) -> None:
    # A dead battery: the machine comes up years early, and is put right a minute later.
    years = 6 * 365 * 86400.0
    before = [transition(START + 10, Health.UP), transition(START + 20, Health.DOWN, Health.UP)]
    store.book(states=by_key(state()), transitions=before)
    store.writer.alive(START + 100, [])

    store.restart(START - years)
    assert store.writer.set_by == pytest.approx(-years - 100)
    assert store.writer.load().alive_at == START + 100
    store.book(transitions=[transition(START + 130, Health.UP, Health.DOWN)])
    with store.reading() as reader:
        (early,) = reader.history(START - years - 1000, START - years + 1000)
    assert [each.at - START + years + 100 for each in early.transitions] == pytest.approx([10, 20, 130], abs=1e-4)
    store.book(clock_jumps=[ClockJump(START + 160, by=-store.writer.set_by)])

    with store.reading() as reader:
        (history,) = reader.history(START, START + 1000)
    assert history.transitions == (*before, transition(START + 130, Health.UP, Health.DOWN))


def test_readings_that_counted_a_pause_that_was_none_are_taken_anew(store: Store) -> None:
    store.book(states=by_key(state()))
    store.writer.alive(START + 100, [])
    store.restart(START + 100 + 8 * HOUR)
    [check] = [each.id for each in store.writer.meters().checks_after(0, 10) if each.target == PHONE]
    before, in_the_pause = Reading(START + 50, up_s=50), Reading(START + HOUR, up_s=100, unknown_s=HOUR - 100)
    store.writer.book_readings({check: [before, in_the_pause]})

    store.book(clock_jumps=[ClockJump(START + 200 + 8 * HOUR, by=-8 * HOUR)])

    assert store.writer.meters().last_reading(check) == before


def test_readings_that_left_out_what_a_wrong_clock_had_left_out_are_taken_anew(store: Store) -> None:
    store.book(states=by_key(state()))
    store.writer.alive(START + 100, [])
    [check] = [each.id for each in store.writer.meters().checks_after(0, 10) if each.target == PHONE]
    store.book(clock_jumps=[ClockJump(START + 100, by=8 * HOUR)])
    before, with_wrong_clock = (
        Reading(START + 50, up_s=50),
        Reading(START + 200 + 8 * HOUR, up_s=200, unknown_s=8 * HOUR),
    )
    store.writer.book_readings({check: [before, with_wrong_clock]})

    store.book(clock_jumps=[ClockJump(START + 300, by=-8 * HOUR)])

    assert store.writer.meters().last_reading(check) == before


def test_a_pause_is_told_from_a_clock_that_was_set_also_if_the_start_came_to_nothing(store: Store) -> None:
    store.book(states=by_key(state()), transitions=[transition(START + 10, Health.UP)])
    store.writer.alive(START + 100, [])

    # With a clock that is ahead it starts, and is killed before it has booked anything; then the clock is right.
    store.restart(START + 8 * HOUR)
    store.restart(START + 160)

    with store.reading() as reader:
        (history,) = reader.history(START, START + 1000)
    assert history.transitions == (transition(START + 10, Health.UP),)
    assert store.writer.ahead == pytest.approx(160 - 8 * HOUR)


def test_ended_without_a_recovery_rides_along_and_causes_no_message(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    _deliver(store, BOSS, START + 200)
    store.book(incidents={1: closed(ending=Ending.REMOVED)}, notifications=[notification(Reason.ENDED)])

    assert store.outbox.next_due(BOSS) is None
    assert store.outbox.claim(BOSS, START + 400) is None

    store.book(incidents={2: incident(2, OTHER_PHONE)}, notifications=[notification(number=2)])
    claim = store.outbox.claim(BOSS, START + 500)
    assert claim
    assert [(row.incident.id, row.reason, row.says) for row in claim.rows] == [
        (2, Reason.OPENED, Said.DOWN),
        (1, Reason.ENDED, Said.UP),
    ]


@pytest.mark.parametrize("is_told_before", [False, True])
def test_no_longer_watched_is_not_said_beside_down_of_the_same_trunk(store: Store, *, is_told_before: bool) -> None:
    """A watch section was renamed: the trunk left one, and is down in the other."""
    store.book(incidents={1: incident()}, notifications=[notification()])
    _deliver(store, BOSS, START + 200)
    store.book(incidents={1: closed(ending=Ending.NOT_WATCHED)}, notifications=[notification(Reason.ENDED)])
    store.book(incidents={2: incident(2)}, notifications=[notification(number=2)])
    expected = [(2, Reason.OPENED)]
    if is_told_before:
        _deliver(store, BOSS, START + 400)
        store.book(incidents={3: incident(3, OTHER_PHONE)}, notifications=[notification(number=3)])
        expected = [(3, Reason.OPENED)]

    claim = store.outbox.claim(BOSS, START + 500)

    assert claim
    assert [(row.incident.id, row.reason) for row in claim.rows] == expected


def test_no_longer_watched_is_said_of_what_nobody_was_told_again(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    _deliver(store, BOSS, START + 200)
    store.book(incidents={1: closed(ending=Ending.NOT_WATCHED)}, notifications=[notification(Reason.ENDED)])
    store.book(incidents={2: incident(2), 3: incident(3, OTHER_PHONE)}, notifications=[notification(number=3)])

    claim = store.outbox.claim(BOSS, START + 500)

    assert claim
    assert [(row.incident.id, row.reason) for row in claim.rows] == [(3, Reason.OPENED), (1, Reason.ENDED)]


def _waiting(reason: Reason) -> Told:
    opened_at = START + 130 if reason is Reason.OPENED else 0.0
    return Told(None, 0.0, frozenset({(reason, 0)}), frozenset({(reason, 0)}), opened_at)


def _deliver(store: Store, url_id: str, at: float) -> None:
    claim = store.outbox.claim(url_id, at)
    assert claim
    store.outbox.delivered(claim, at + 1)
