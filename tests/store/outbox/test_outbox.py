"""The outbox, row by row: what is claimed, what it says, and what becomes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.errors import StoreError
from healthmon.model import Check, ClockJump, Delay, Ending, Health, Kind, Reason, Release, Said, Target
from healthmon.store.outbox import claiming, outbox
from healthmon.store.outbox.failing_channels import FailingChannel
from healthmon.store.outbox.outbox import Claim, open_outbox
from healthmon.store.read import remembered
from healthmon.store.read.queries import NotificationRecord
from healthmon.store.sqlite.connect import open_connection
from tests.store.scene import BOSS, DESK, OTHER_PHONE, START, Store, by_key, closed, incident, notification, state

DUE = START + 200


def claimed(store: Store, at: float = DUE, url_id: str = BOSS) -> Claim:
    claim = store.outbox.claim(url_id, at)
    assert claim is not None
    return claim


def said(claim: Claim) -> list[tuple[int, Reason, Said]]:
    return [(row.incident.id, row.reason, row.says) for row in claim.rows]


def fates(store: Store, number: int = 1) -> list[tuple[Reason, str, str]]:
    with store.reading() as reader:
        return [(each.reason, each.state, each.why) for each in reader.tellings(number)]


def test_nothing_is_claimed_before_it_is_due(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(wait=5)])

    assert store.outbox.next_due(BOSS) == START + 135
    assert store.outbox.claim(BOSS, START + 134.9) is None

    assert said(claimed(store, START + 135)) == [(1, Reason.OPENED, Said.DOWN)]
    assert store.outbox.next_due(BOSS) is None


@pytest.mark.parametrize("by", [-3600.0, 3600.0])
def test_who_asked_the_time_before_the_clock_was_set_claims_what_is_due_and_tells_it_by_the_new_clock(
    store: Store, by: float
) -> None:
    asked = DUE - 0.25
    store.book(
        incidents={1: incident(), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(), notification(number=2, wait=1800)],
    )
    store.book(clock_jumps=[ClockJump(DUE, by)])

    claim = claimed(store, asked)

    assert said(claim) == [(1, Reason.OPENED, Said.DOWN)]
    [row] = claim.rows
    assert row.incident.lasted(asked + claim.ahead) == pytest.approx(asked - incident().opened_at, abs=1)


def test_what_falls_due_soon_joins_what_is_due_and_makes_nothing_due(store: Store) -> None:
    store.book(
        incidents={1: incident(), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(wait=5), notification(number=2, wait=9)],
    )

    assert store.outbox.claim(BOSS, START + 134, joining=5) is None

    claim = store.outbox.claim(BOSS, START + 135, joining=5)

    assert claim is not None
    assert said(claim) == [(1, Reason.OPENED, Said.DOWN), (2, Reason.OPENED, Said.DOWN)]


def test_what_is_being_sent_is_not_claimed_a_second_time(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])

    claimed(store)

    assert store.outbox.claim(BOSS, DUE + 1000) is None


def test_each_url_has_its_own_rows(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(), notification(url_id=DESK)])

    store.outbox.delivered(claimed(store), DUE)

    assert said(claimed(store, url_id=DESK)) == [(1, Reason.OPENED, Said.DOWN)]


def test_what_is_due_together_is_one_claim_in_the_order_of_the_incidents(store: Store) -> None:
    store.book(
        incidents={1: incident(1), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(number=2), notification(number=1)],
    )

    assert [row.incident.id for row in claimed(store).rows] == [1, 2]


def test_a_claim_takes_no_more_than_its_limit(store: Store) -> None:
    numbers = range(1, 8)
    store.book(
        incidents={number: incident(number) for number in numbers},
        notifications=[notification(number=number) for number in numbers],
    )

    first, second = store.outbox.claim(BOSS, DUE, limit=5), store.outbox.claim(BOSS, DUE, limit=5)

    assert first and second
    assert [row.incident.id for row in first.rows + second.rows] == list(numbers)


def test_a_row_waits_for_an_earlier_one_of_its_incident(store: Store) -> None:
    # The outage is over before the time to gather others for its first message has passed.
    store.book(incidents={1: incident()}, notifications=[notification(wait=30)])
    store.book(
        incidents={1: closed(at=START + 140)}, notifications=[notification(Reason.RESOLVED, booked_at=START + 140)]
    )

    assert store.outbox.next_due(BOSS) == START + 160
    assert store.outbox.claim(BOSS, START + 150) is None

    assert said(claimed(store, START + 160)) == [(1, Reason.OPENED, Said.WAS_DOWN)]
    assert fates(store)[1] == (Reason.RESOLVED, "cancelled", "its end has been told already")


def test_a_reminder_of_what_is_over_is_not_sent(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE)
    store.book(notifications=[notification(Reason.REMINDER, serial=1)])
    store.book(incidents={1: closed()}, notifications=[notification(Reason.RESOLVED)])

    assert said(claimed(store, DUE + 200)) == [(1, Reason.RESOLVED, Said.UP)]

    assert fates(store)[1] == (Reason.REMINDER, "cancelled", "over meanwhile")


def test_one_message_has_one_line_for_an_incident(store: Store) -> None:
    flapping = incident(flapping=1, flap_episodes=1, health=Health.DEGRADED)
    store.book(
        incidents={1: flapping},
        notifications=[notification(Reason.REMINDER, serial=1), notification(Reason.FLAPPING, serial=1)],
    )

    assert said(claimed(store)) == [(1, Reason.FLAPPING, Said.DOWN)]

    assert fates(store)[0] == (Reason.REMINDER, "cancelled", "told together with: flapping")


@pytest.fixture
def watched_again(store: Store) -> Store:
    """Of one outage was told; the phone was watched no longer, and is down once more since it is watched again."""
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE)
    again = notification(number=2)
    store.book(
        incidents={1: closed(ending=Ending.NOT_WATCHED), 2: incident(2)},
        notifications=[notification(reason=Reason.ENDED), again],
    )
    return store


def end_of_first(store: Store) -> tuple[Reason, str, str]:
    (end,) = (fate for fate in fates(store) if fate[0] is Reason.ENDED)
    return end


def test_that_what_lasts_again_had_ended_is_told_with_it_and_without_a_line(watched_again: Store) -> None:
    claim = claimed(watched_again)
    watched_again.outbox.delivered(claim, DUE)

    assert said(claim) == [(2, Reason.OPENED, Said.DOWN)]
    assert end_of_first(watched_again)[1] == "delivered"


@pytest.mark.parametrize("result", ["failed", "in_doubt", "undeliverable"])
def test_that_the_first_of_two_outages_ended_is_told_also_if_the_second_never_is(
    watched_again: Store, result: str
) -> None:
    claim = claimed(watched_again)
    if result == "undeliverable":
        watched_again.outbox.undeliverable(claim, claim.rows, DUE, "refused")
    else:
        getattr(watched_again.outbox, result)(claim, DUE, "refused")
    assert end_of_first(watched_again)[1] == "waiting"

    # It is over in a silence before anybody was told, and another phone goes down.
    over = closed(2, muted_by="silence 1")
    watched_again.book(incidents={2: over, 3: incident(3, OTHER_PHONE)}, notifications=[notification(number=3)])
    watched_again.outbox.delivered(claimed(watched_again), DUE)

    assert end_of_first(watched_again)[1] == "delivered"


def test_a_line_knows_what_else_is_down_and_what_it_explains(store: Store) -> None:
    store.book(
        incidents={
            1: incident(1),
            2: incident(2, OTHER_PHONE, explained_by=1),
            3: incident(3, OTHER_PHONE),
            4: closed(4),
            5: incident(5, OTHER_PHONE, explained_by=4),
        },
        notifications=[notification()],
    )

    (row,) = claimed(store).rows

    assert [each.id for each in row.explained] == [2]
    assert row.others_down == 2, "3, and 5, whose bigger one is over"


def test_a_line_names_the_worst_of_what_else_is_down_and_nothing_that_is_muted(store: Store) -> None:
    trunk = Target("office", "PJSIP", "trunk-a")
    store.book(
        incidents={
            1: incident(1),
            2: incident(2, OTHER_PHONE, muted_by="silence 12"),
            **{number: incident(number, Target("office", "PJSIP", str(number))) for number in range(3, 8)},
            8: incident(8, trunk, kind=Kind.PROVIDER),
        },
        notifications=[notification()],
    )

    (row,) = claimed(store).rows

    assert [other.id for other in row.others] == [8, 3, 4]
    assert row.others_down == 6
    assert row.others_unnamed == (Kind.PHONE,) * 3


@pytest.mark.parametrize(("others", "named"), [(3, 3), (4, 4), (5, 3)])
def test_the_last_of_what_else_is_down_is_named_where_it_alone_were_left(store: Store, others: int, named: int) -> None:
    more = {number: incident(number, Target("office", "PJSIP", str(number))) for number in range(2, 2 + others)}
    store.book(incidents={1: incident(1), **more}, notifications=[notification()])

    (row,) = claimed(store).rows

    assert [other.id for other in row.others] == [*range(2, 2 + named)]
    assert row.others_unnamed == (Kind.PHONE,) * (others - named)


def test_what_works_in_part_is_named_after_what_is_down_and_a_lost_manager_interface_is_not_named(store: Store) -> None:
    office, branch = Target("office"), Target("branch")
    store.book(
        incidents={
            1: incident(1),
            2: incident(2, office, kind=Kind.PBX, check=Check.INVENTORY),
            3: incident(3, office, kind=Kind.PBX, check=Check.MANAGER, health=Health.DEGRADED),
            4: incident(4, branch, kind=Kind.PBX, check=Check.CONNECTION),
        },
        notifications=[notification()],
    )

    (row,) = claimed(store).rows

    assert [other.id for other in row.others] == [4, 2]
    assert row.others_down == 2


@pytest.mark.parametrize("health", [Health.DOWN, Health.UNKNOWN])
def test_what_is_behind_a_pbx_that_cannot_be_seen_is_not_called_down(store: Store, health: Health) -> None:
    office, there = Target("office"), Target("branch", "PJSIP", "101")
    store.book(
        incidents={
            1: incident(1, office, kind=Kind.PBX, check=Check.CONNECTION, health=health),
            2: incident(2, OTHER_PHONE),
            3: incident(3, OTHER_PHONE._replace(pbx="south")),
            4: incident(4, there),
        },
        states=by_key(state(OTHER_PHONE._replace(pbx="south"), Health.DOWN, unknown_because="not listed")),
        notifications=[notification()],
    )

    (row,) = claimed(store).rows

    assert ([other.id for other in row.others], row.others_down) == ([4], 1)


def test_a_line_knows_what_is_explained_by_what_it_explains_even_in_a_circle(store: Store) -> None:
    store.book(
        incidents={
            1: incident(1, explained_by=3),
            2: incident(2, OTHER_PHONE, explained_by=1),
            3: incident(3, OTHER_PHONE, explained_by=2),
        },
        notifications=[notification()],
    )

    (row,) = claimed(store).rows

    assert [each.id for each in row.explained] == [2, 3]


def test_what_a_bigger_incident_explains_is_not_sent(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(wait=5)])

    store.book(incidents={2: incident(2)}, notifications=[notification(number=2)], explained={1: 2})

    assert [row.incident.id for row in claimed(store).rows] == [2]
    assert fates(store) == [(Reason.OPENED, "explained", "explained by incident 2")]
    told = store.writer.told()[1, BOSS]
    assert (told.said, told.waiting) == (None, frozenset())
    assert store.writer.load().incidents[0].explained_by == 2


def test_what_is_in_doubt_is_not_explained_away(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.in_doubt(claimed(store), DUE, "timed out")

    store.book(incidents={2: incident(2)}, explained={1: 2})

    assert said(claimed(store, DUE + 60)) == [(1, Reason.OPENED, Said.DOWN)]


def test_a_part_of_a_claim_can_have_its_own_result(store: Store) -> None:
    numbers = range(1, 5)
    store.book(
        incidents={number: incident(number) for number in numbers},
        notifications=[notification(number=number) for number in numbers],
    )
    claim = claimed(store)

    store.outbox.delivered(claim, DUE + 1, "DOWN 2 phones", rows=claim.rows[:2])
    store.outbox.undeliverable(claim, claim.rows[2:3], DUE + 2, "text refused")
    store.outbox.failed(claim, DUE + 3, "refused", rows=claim.rows[3:])

    assert [fates(store, number)[0][1:] for number in numbers] == [
        ("delivered", ""),
        ("delivered", ""),
        ("undeliverable", "text refused"),
        ("waiting", "refused"),
    ]


def test_a_result_that_comes_too_late_changes_nothing(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    late = claimed(store)
    store.outbox.recover([BOSS], DUE + 10)
    claimed(store, DUE + 20)

    store.outbox.failed(late, DUE + 30, "timed out")

    assert fates(store)[0][1] == "sending"


def test_people_can_see_when_and_with_which_words_somebody_was_told(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification()])
    store.outbox.failed(claimed(store), DUE, "connection refused")

    store.outbox.delivered(claimed(store, DUE + 60), DUE + 61, "DOWN phone 101 (office) since 14:02")

    with store.reading() as reader:
        assert reader.tellings(1) == [
            NotificationRecord(
                incident_id=1,
                url_id=BOSS,
                reason=Reason.OPENED,
                state="delivered",
                booked_at=START + 130,
                at=DUE + 61,
                attempts=2,
                why="",
                subject="DOWN phone 101 (office) since 14:02",
            )
        ]


def test_only_a_critical_outage_that_is_due_is_urgent(store: Store) -> None:
    store.book(
        incidents={1: incident(), 2: incident(2, kind=Kind.PROVIDER)},
        notifications=[notification(), notification(number=2, booked_at=START + 500, wait=5)],
    )

    assert not store.outbox.has_urgent(BOSS, since=START, now=START + 504)
    assert store.outbox.has_urgent(BOSS, since=START + 500, now=START + 505)
    assert not store.outbox.has_urgent(BOSS, since=START + 501, now=START + 505)


def test_what_waits_for_a_url_that_is_no_longer_configured_is_cancelled(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(), notification(url_id=DESK)])
    store.outbox.failed(claimed(store), DUE, "refused")

    assert store.outbox.retire_others([DESK], DUE + 1) == 1

    assert (Reason.OPENED, "cancelled", "its URL is no longer configured") in fates(store)
    assert store.outbox.next_due(DESK) is not None
    with store.reading() as reader:
        assert reader.urls() == []


def test_rows_are_found_by_index_however_many_wait(store: Store) -> None:
    claims = (claiming._DUE, claiming._RIDING_ALONG, claiming._NEWEST_SAID)
    statements = (*claims, outbox._NEXT_DUE, outbox._URGENT, remembered.TOLD)
    parameters = {
        "url_id": BOSS,
        "now": START,
        "moment": START,
        "since": START,
        "limit": 1,
        "incident_id": 1,
        "as_tickets": False,
    }
    connection = open_connection(store.path, "mode=ro")

    plans = [
        row["detail"]
        for statement in statements
        for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
    ]
    connection.close()

    assert "SEARCH earlier USING INDEX notifications_in_order (incident_id=? AND url_id=? AND rowid<?)" in plans
    assert [line for line in plans if line.startswith("SCAN")] == ["SCAN i USING INDEX incidents_telling"]


def test_an_outbox_makes_no_database(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no such file"):
        open_outbox(tmp_path / "healthmon.db")

    assert list(tmp_path.iterdir()) == []


def test_a_claim_knows_which_other_channels_of_its_incidents_fail(store: Store) -> None:
    for url_id, number in (("oncall/mail", 1), ("oncall/sms", 2), ("night/sms", 1), ("oncall/web", 1)):
        store.book(incidents={number: incident(number)}, notifications=[notification(number=number, url_id=url_id)])
    store.outbox.failed(claimed(store, url_id="oncall/mail"), DUE + 30, "connection refused")
    store.outbox.failed(claimed(store, url_id="oncall/sms"), DUE + 30, "of another incident")
    store.outbox.delivered(claimed(store, url_id="oncall/web"), DUE + 1)
    claimed(store, url_id="night/sms")
    store.book(notifications=[notification()])

    claim = claimed(store, DUE + 121)

    assert claim.failing == (FailingChannel("night/sms", DUE), FailingChannel("oncall/mail", DUE + 30))


def test_a_claim_says_what_of_that_which_is_left_its_url_knows(store: Store) -> None:
    site = incident(3, Target("office", "site", "203.0.113.7"), kind=Kind.SITE)
    small = {1: incident(1, explained_by=3), 2: incident(2, OTHER_PHONE, explained_by=3)}
    store.book(incidents={**small, 3: site}, notifications=[notification(number=3)])
    first = store.outbox.claim(BOSS, START + 200)
    assert first is not None
    store.outbox.delivered(first, START + 201)
    over = replace(site, closed_at=START + 300, ending=Ending.RECOVERED)
    # Of the second one nobody is told: it is muted.
    store.book(incidents={3: over}, notifications=[notification(Reason.RESOLVED, 3), notification(number=1, serial=3)])

    claim = store.outbox.claim(BOSS, START + 400)

    assert claim is not None
    (end,) = [row for row in claim.rows if row.incident.id == 3]
    assert end.told == {1}
    assert end.others_down == 1


def test_a_claim_says_of_what_its_url_was_told_before_a_bigger_cause_explained_it(store: Store) -> None:
    store.book(incidents={1: incident(1)}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE)
    pbx = incident(3, Target("office"), kind=Kind.PBX)
    small = {1: incident(1, explained_by=3), 2: incident(2, OTHER_PHONE, explained_by=3)}
    store.book(incidents={**small, 3: pbx}, notifications=[notification(number=3), notification(number=3, url_id=DESK)])

    assert [row.told for row in claimed(store).rows] == [{1}]
    assert [row.told for row in claimed(store, url_id=DESK).rows] == [set()]


def test_that_a_site_is_worse_is_told_only_where_it_is_twice_what_this_reader_was_told(store: Store) -> None:
    site = incident(1, Target("office", "site", "203.0.113.7"), kind=Kind.SITE, down=10, of=40)
    store.book(incidents={1: site}, notifications=[notification()])
    store.outbox.delivered(claimed(store), DUE)
    assert store.writer.told()[1, BOSS].size == 10

    # It was twice as many when this was booked; some are back.
    worse = notification(reason=Reason.WIDENED, serial=1)
    store.book(incidents={1: replace(site, down=19)}, notifications=[worse])
    assert store.outbox.claim(BOSS, DUE + 10) is None
    assert fates(store)[-1] == (Reason.WIDENED, "cancelled", "no longer so")

    store.book(incidents={1: replace(site, down=20)}, notifications=[replace(worse, serial=2)])
    claim = claimed(store, DUE + 20)
    store.outbox.in_doubt(claim, DUE + 21, "timed out")
    assert store.writer.told()[1, BOSS].size == 20

    # In doubt, it is sent again with the facts of now.
    assert said(claimed(store, DUE + 30)) == [(1, Reason.WIDENED, Said.DOWN)]


def test_what_waits_for_nothing_any_more_is_due_at_once(store: Store) -> None:
    store.book(
        incidents={1: incident(), 2: incident(2, OTHER_PHONE)},
        notifications=[notification(wait=5), notification(number=2, wait=5)],
    )

    due_at = store.outbox.next_due(BOSS)
    assert due_at is not None

    store.book(releases=[Release(1, due_at - 4)])

    assert said(claimed(store, due_at - 4)) == [(1, Reason.OPENED, Said.DOWN)]
    assert store.outbox.next_due(BOSS) == due_at


def test_only_first_messages_that_were_not_due_yet_are_delayed(store: Store) -> None:
    store.book(
        incidents={1: incident(), 2: incident(2, OTHER_PHONE)},
        notifications=[
            notification(wait=5),
            notification(wait=50, url_id=DESK),
            notification(number=2, wait=50),
            notification(Reason.REMINDER, number=2, url_id=DESK, serial=1, wait=50),
        ],
    )
    died_at = START + 140

    store.book(delays=[Delay(1, died_at, START + 300), Delay(2, died_at, START + 170)])

    # The boss: one was due before, the other is due later anyway. The desk: a reminder is no first message.
    assert store.outbox.next_due(BOSS) == START + 135
    assert said(claimed(store, START + 180)) == [(1, Reason.OPENED, Said.DOWN), (2, Reason.OPENED, Said.DOWN)]
    assert said(claimed(store, START + 180, DESK)) == [(2, Reason.REMINDER, Said.DOWN)]
    assert store.outbox.claim(DESK, START + 299) is None
    assert said(claimed(store, START + 300, DESK)) == [(1, Reason.OPENED, Said.DOWN)]


def test_a_defect_of_a_deliverer_fails_its_url_and_puts_what_it_was_sending_in_doubt(store: Store) -> None:
    store.book(incidents={1: incident()}, notifications=[notification(), notification(url_id=DESK)])
    claimed(store)
    claimed(store, url_id=DESK)

    store.outbox.note_defect(BOSS, DUE + 1, "a defect of healthmon (KeyError): its log says where")

    [row] = claimed(store, DUE + 2).rows
    assert row.possibly_repeated
    assert store.outbox.claim(DESK, DUE + 2) is None
    with store.reading() as reader:
        [url] = [state for state in reader.urls() if state.failing_since is not None]
    assert (url.url_id, url.failing_since) == (BOSS, DUE + 1)
    assert url.last_error == "a defect of healthmon (KeyError): its log says where"
    assert url.defects_at == (DUE + 1,)


def test_of_the_defects_of_a_deliverer_the_last_three_are_kept(store: Store) -> None:
    for minute in range(5):
        store.outbox.note_defect(BOSS, DUE + 60 * minute, "a defect of healthmon (KeyError): its log says where")

    [url] = store.writer.urls()
    assert url.defects_at == (DUE + 120, DUE + 180, DUE + 240)
