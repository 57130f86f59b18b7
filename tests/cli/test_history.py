"""``healthmon history``, over real databases."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec.structs import replace

from healthmon.model import (
    Changes,
    Check,
    Health,
    Measurement,
    Note,
    Notification,
    Place,
    PlaceChange,
    PlaceDetails,
    Reason,
    Target,
)
from healthmon.report.tables import Screen
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.cli.test_json_document import check, example
from tests.report.builder import (
    DAY,
    HOUR,
    MINUTE,
    NOW,
    begin_to_tell,
    blind,
    connection,
    fail_to_tell,
    outage,
    phone,
    provider,
    running,
    steps,
    stopped,
    unknown,
)

UP, DOWN = Health.UP, Health.DOWN
TRUNK = provider("trunk", DOWN, since=NOW - HOUR)
EARLIER = outage(839, TRUNK, NOW - 2 * DAY, NOW - 2 * DAY + 12 * MINUTE, closed_words="contact Reachable")
LASTING = outage(840, TRUNK, NOW - HOUR)


@pytest.fixture
def office(database: Path) -> Path:
    """A provider that was down two days ago, is down now, and could not be seen for an hour in between."""
    fail_to_tell(database, LASTING, "oncall/boss", NOW - HOUR + 40)
    history = steps(
        TRUNK, (NOW - 20 * DAY, UP), (NOW - 2 * DAY, DOWN), (NOW - 2 * DAY + 12 * MINUTE, UP), (NOW - HOUR, DOWN)
    )
    stopped(
        database,
        [connection(), TRUNK, phone("101")],
        history=history,
        unknown_periods=[
            unknown(Target("office"), NOW - 3 * HOUR, NOW - 2 * HOUR),
            unknown(TRUNK.target, NOW - DAY, NOW - DAY + 60),
        ],
        incidents=[EARLIER, LASTING],
    )
    writer = open_writer(database, now=NOW)
    note = Note(840, NOW - MINUTE, "silence 12: from now on nobody is told")
    writer.commit(Changes(notes=[note], incidents={840: replace(LASTING, muted_by="silence 12")}))
    writer.close()
    return database


LINES = """\
2026-04-11 14:00:00 CEST  transition  up: test
2026-04-29 14:00:00 CEST  transition  down after 18 days up: test
2026-04-29 14:00:00 CEST  incident    839 begins
2026-04-29 14:12:00 CEST  transition  up after 12 min down: test
2026-04-29 14:12:00 CEST  incident    839 is over after 12 min: recovered, contact Reachable
2026-04-30 14:00:00 CEST  veil        cannot be seen: connection refused
2026-04-30 14:01:00 CEST  veil        can be seen again, after 1 min
2026-05-01 11:00:00 CEST  veil        its PBX cannot be seen: connection refused
2026-05-01 12:00:00 CEST  veil        its PBX can be seen again, after 1 h
2026-05-01 13:00:00 CEST  transition  down after 1 day 22 h up: test
2026-05-01 13:00:00 CEST  incident    840 begins
2026-05-01 13:00:39 CEST  message     840: to be told to oncall/boss (opened), waiting: no answer from mail.example.org
2026-05-01 13:59:00 CEST  decision    840: silence 12: from now on nobody is told
"""


def test_the_life_of_a_provider(office: Path, run: Run) -> None:
    result = run("history", "trunk")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "provider office:PJSIP/trunk, watch providers, watched since Wed 2026-04-01 14:00 CEST\n"
        "down since Fri 2026-05-01 13:00 CEST, for 1 h (incident 840): peer status Unreachable; silence 12\n"
        "no daemon watches since Fri 2026-05-01 13:59 CEST: this is how it was then\n"
        "from Fri 2026-04-24 14:00 CEST to Fri 2026-05-01 14:00 CEST (Europe/Berlin)\n" + LINES
    )


def test_round_trips_of_the_time_that_is_told_of_stand_in_the_head_and_in_json(office: Path, run: Run) -> None:
    times = [(NOW - 3 * HOUR + second, 18.0) for second in range(18)]
    times += [(NOW - 2 * HOUR, 60.0), (NOW - 2 * HOUR + 1, 300.0), (NOW - 10 * DAY, 5000.0)]
    writer = open_writer(office, now=NOW)
    writer.commit(
        Changes(measurements=[Measurement(TRUNK.target, Check.REACHABILITY, "rtt_ms", ms, at) for at, ms in times])
    )
    while writer.fold_measurements():
        pass
    writer.close()

    head = run("history", "trunk").stdout.splitlines()[:5]
    assert head[4] == "round trips: P50 18 ms, P95 59 ms"
    measured = json.loads(run("history", "trunk", "--json").stdout)["measured"]
    assert list(measured) == ["reachability"]
    assert (measured["reachability"]["rtt_min_ms"], measured["reachability"]["rtt_max_ms"]) == (18.0, 300.0)
    assert "round trips" not in run("history", "101").stdout
    assert "measured" not in json.loads(run("history", "101", "--json").stdout)


def test_in_a_terminal_each_day_has_its_heading_and_no_line_is_too_long(
    office: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("healthmon.cli.history.screen", lambda: Screen(80))

    text = run("history", "trunk", "--since", "2d").stdout

    assert text[text.index("\nSat") :] == (
        "\nSat 2026-04-11 CEST\n"
        "14:00:00  transition  up: test\n"
        "\nWed 2026-04-29 CEST\n"
        "14:00:00  transition  down after 18 days up: test\n"
        "14:00:00  incident    839 begins\n"
        "14:12:00  transition  up after 12 min down: test\n"
        "14:12:00  incident    839 is over after 12 min: recovered, contact Reachable\n"
        "\nThu 2026-04-30 CEST\n"
        "14:00:00  veil        cannot be seen: connection refused\n"
        "14:01:00  veil        can be seen again, after 1 min\n"
        "\nFri 2026-05-01 CEST\n"
        "11:00:00  veil        its PBX cannot be seen: connection refused\n"
        "12:00:00  veil        its PBX can be seen again, after 1 h\n"
        "13:00:00  transition  down after 1 day 22 h up: test\n"
        "13:00:00  incident    840 begins\n"
        "13:00:39  message     840: to be told to oncall/boss (opened), waiting: no\n"
        "                      answer from mail.example.org\n"
        "13:59:00  decision    840: silence 12: from now on nobody is told\n"
    )
    assert max(map(len, text.splitlines())) <= 80


def test_a_window_begins_with_what_was_then(office: Path, run: Run) -> None:
    shown = run("history", "trunk", "--since", "2026-04-30", "--until", "2026-04-30").stdout.splitlines()

    assert shown[3:] == [
        "from Thu 2026-04-30 00:00 CEST to Fri 2026-05-01 00:00 CEST (Europe/Berlin)",
        # What held when the window began.
        "2026-04-29 14:12:00 CEST  transition  up: test",
        *LINES.splitlines()[5:7],
    ]


def test_an_incident_of_long_ago_begins_and_its_old_messages_are_left_out(database: Path, run: Run) -> None:
    flapping = outage(7, TRUNK, NOW - 20 * DAY)
    begin_to_tell(database, flapping, "oncall/boss", NOW - 19 * DAY)
    stopped(database, [TRUNK], history=steps(TRUNK, (NOW - 10 * DAY, UP)))

    assert run("history", "trunk").stdout.splitlines()[4:] == [
        "2026-04-11 14:00:00 CEST  incident    7 begins",
        "2026-04-21 14:00:00 CEST  transition  up: test",
    ]


def test_the_life_of_a_pbx_names_its_checks_and_what_is_behind_it(database: Path, run: Run) -> None:
    inventory = connection("office", DOWN, check="inventory")
    history = [*steps(connection(), (NOW - DAY, UP)), *steps(inventory, (NOW - HOUR, DOWN))]
    states = [connection(), inventory, phone("101")]
    gone = unknown(Target("office"), NOW - 5 * MINUTE, None)
    with running(database, states, history=history, unknown_periods=[gone], pbx_states=[blind()]):
        text = run("history", "office").stdout

    assert text.splitlines() == [
        "pbx office, watched since Wed 2026-04-01 14:00 CEST",
        "degraded since Thu 2026-04-30 14:00 CEST, for 1 day: connection refused",
        "from Fri 2026-04-24 14:00 CEST to Fri 2026-05-01 14:00 CEST (Europe/Berlin)",
        "2026-04-30 14:00:00 CEST  transition  connection: up: test",
        "2026-05-01 13:00:00 CEST  transition  inventory: down: test",
        "2026-05-01 13:55:00 CEST  veil        what is behind it cannot be seen: connection refused",
    ]


def test_what_a_blind_pbx_hides_says_what_was_believed(database: Path, run: Run) -> None:
    with running(database, [connection(), phone("101", DOWN)], pbx_states=[blind()]):
        text = run("history", "101").stdout

    assert "unknown since Fri 2026-05-01 13:55 CEST, for 5 min: connection refused; down before" in text
    assert text.endswith("(Europe/Berlin): nothing happened\n")


def test_what_is_no_longer_watched_still_has_a_history(database: Path, run: Run) -> None:
    with running(database, [phone("101")], history=steps(phone("101"), (NOW - DAY, UP))):
        pass
    writer = open_writer(database, now=NOW)
    gone = replace(steps(phone("101"), (NOW - HOUR, None))[0], before=UP)
    writer.commit(Changes(forgotten=[phone("101").target], transitions=[gone]))
    writer.close()

    text = run("history", "office:101").stdout

    assert "no longer watched since Fri 2026-05-01 13:00 CEST\n" in text
    assert text.endswith("13:00:00 CEST  transition  no longer watched after 23 h up: test\n")


def test_the_hour_that_comes_twice_is_told_apart(database: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    first = 1_792_888_200.0  # 2026-10-25 02:30 CEST
    monkeypatch.setattr("time.time", lambda: first + DAY)
    stopped(database, [phone("101")], history=steps(phone("101"), (first, DOWN), (first + HOUR, UP)))
    arguments = ("history", "101", "--since", "2026-10-25", "--until", "2026-10-25")

    assert [line[:24] for line in run(*arguments).stdout.splitlines()[-2:]] == [
        "2026-10-25 02:30:00 CEST",
        "2026-10-25 02:30:00 CET ",
    ]
    monkeypatch.setattr("healthmon.cli.history.screen", lambda: Screen(80))
    assert (
        "\nSun 2026-10-25 CEST\n02:30:00  transition  down: test\n\nSun 2026-10-25 CET\n02:30:00"
        in run(*arguments).stdout
    )


def test_names_of_strangers_do_nothing_to_the_terminal(database: Path, run: Run) -> None:
    evil = phone("\x1b[2J=cmd|x")
    stopped(database, [evil], history=[replace(one, cause="\x1b]0;x\x07") for one in steps(evil, (NOW - HOUR, UP))])

    text = run("history", evil.target.resource).stdout

    assert "\x1b" not in text
    assert "\\x1b]0;x\\x07" in text


def test_the_json_has_the_fields_of_the_document(office: Path, run: Run) -> None:
    document = json.loads(run("history", "trunk", "--json").stdout)

    check(document, example(4))
    assert [event["incident"] for event in document["events"]] == [
        None,
        None,
        839,
        None,
        839,
        *[None] * 5,
        840,
        840,
        840,
    ]
    assert (document["target"]["name"], document["state"]) == ("office:PJSIP/trunk", "down")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["trnk"], "did you mean office:PJSIP/trunk?"),
        (["trunk", "--since", "soon"], "--since soon: a duration is one number and its unit"),
        (["trunk", "--since", "2026-13-01"], "--since 2026-13-01: write a date like"),
        (["trunk", "--since", "2027-01-01"], "--since 2027-01-01: nothing has happened yet"),
        (["trunk", "--since", "2026-04-30", "--until", "2026-04-29"], "--since 2026-04-30 is not before --until 2026"),
        (["trunk", "--until", "x"], "--until x: write a date like"),
        (["trunk", "--follow", "--until", "2026-04-29"], "--follow goes on; there is no --until then"),
    ],
)
def test_what_makes_no_sense_is_refused(office: Path, run: Run, arguments: list[str], sentence: str) -> None:
    result = run("history", *arguments)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


def test_a_message_that_was_explained_away_says_so(database: Path, run: Run) -> None:
    desk = phone("101", DOWN)
    big, small = outage(1, connection(), NOW - HOUR), outage(2, desk, NOW - HOUR)
    stopped(database, [connection(), desk], incidents=[big, small])
    writer = open_writer(database, now=NOW)
    due = Notification(2, "oncall/boss", Reason.OPENED, 0, NOW - HOUR, NOW)
    writer.commit(Changes(notifications=[due], incidents={2: replace(small, explained_by=1)}))
    writer.commit(Changes(explained={2: 1}))
    writer.close()

    assert "2: not told to oncall/boss (opened), explained: explained by incident 1\n" in run("history", "101").stdout


def test_contacts_that_move_and_programs_that_are_updated(database: Path, run: Run) -> None:
    desk = phone("101")
    stopped(database, [desk], history=steps(desk, (NOW - DAY, UP)))
    old, new, away = Place("10.0.0.7", "Yealink 66.85"), Place("10.0.0.7", "Yealink 66.86"), Place("203.0.113.9")
    seen = [(old, DAY, False), (old, HOUR, True), (new, HOUR, False), (away, 120, False), (new, 60, True)]
    writer = open_writer(database, now=NOW)
    writer.commit(Changes(places=[PlaceChange(desk.target, place, NOW - ago, left) for place, ago, left in seen]))
    writer.close()

    assert [line for line in run("history", "101").stdout.splitlines() if "  contact  " in line] == [
        "2026-04-30 14:00:00 CEST  contact     at 10.0.0.7: Yealink 66.85",
        "2026-05-01 13:00:00 CEST  contact     at 10.0.0.7: Yealink 66.86, before Yealink 66.85",
        "2026-05-01 13:58:00 CEST  contact     at 203.0.113.9",
        "2026-05-01 13:59:00 CEST  contact     no longer at 10.0.0.7",
    ]


def test_a_contact_that_is_elsewhere_from_one_moment_to_the_next_has_moved(database: Path, run: Run) -> None:
    desk = phone("101")
    stopped(database, [desk], history=steps(desk, (NOW - DAY, UP)))
    office, home, mobile = Place("10.0.0.7", "Yealink 66.85"), Place("203.0.113.9", "Yealink 66.85"), Place("10.9.9.9")
    seen = [(office, DAY, False), (office, HOUR, True), (home, HOUR, False)]
    # Which of two took the place of one nobody can tell.
    seen += [(home, 60, True), (office, 60, False), (mobile, 60, False)]
    writer = open_writer(database, now=NOW)
    writer.commit(Changes(places=[PlaceChange(desk.target, place, NOW - ago, left) for place, ago, left in seen]))
    writer.close()

    assert [line for line in run("history", "101").stdout.splitlines() if "  contact  " in line] == [
        "2026-04-30 14:00:00 CEST  contact     at 10.0.0.7: Yealink 66.85",
        "2026-05-01 13:00:00 CEST  contact     moved to 203.0.113.9 from 10.0.0.7: Yealink 66.85",
        "2026-05-01 13:59:00 CEST  contact     no longer at 203.0.113.9",
        "2026-05-01 13:59:00 CEST  contact     at 10.0.0.7: Yealink 66.85",
        "2026-05-01 13:59:00 CEST  contact     at 10.9.9.9",
    ]


def test_until_when_a_contact_is_registered_and_its_address_behind_nat_are_shown(database: Path, run: Run) -> None:
    desk, home = phone("101"), Place("203.0.113.9", "Yealink 66.85")
    stopped(database, [desk], history=steps(desk, (NOW - DAY, UP)))
    writer = open_writer(database, now=NOW)
    details = PlaceDetails(desk.target, home, "10.0.0.7", NOW + HOUR)
    writer.commit(Changes(places=[PlaceChange(desk.target, home, NOW - HOUR, False)], place_details=[details]))
    writer.close()

    shown = run("history", "101").stdout
    assert "contact     at 203.0.113.9: Yealink 66.85 (in its own network 10.0.0.7)\n" in shown
    assert "registered from 203.0.113.9 (in its own network 10.0.0.7) until Fri 2026-05-01 15:00 CEST" in shown
    assert json.loads(run("history", "101", "--json").stdout)["contacts"] == [
        {
            "address": "203.0.113.9",
            "own_address": "10.0.0.7",
            "user_agent": "Yealink 66.85",
            "since": "2026-05-01T11:00:00.000Z",
            "registered_until": "2026-05-01T13:00:00.000Z",
        }
    ]


def test_a_new_reason_not_to_see_is_no_new_sight(database: Path, run: Run) -> None:
    desk = phone("101")
    unknown_periods = [
        replace(unknown(desk.target, NOW - 300, NOW - 200), why="not listed"),
        unknown(desk.target, NOW - 200, NOW - 60),
    ]
    stopped(database, [desk], unknown_periods=unknown_periods)

    assert [line.partition("  veil        ")[2] for line in run("history", "101").stdout.splitlines()[-3:]] == [
        "cannot be seen: not listed",
        "cannot be seen: connection refused",
        "can be seen again, after 4 min",
    ]


def test_what_cannot_be_seen_of_one_of_several_checks_names_it(database: Path, run: Run) -> None:
    trunk = phone("101")
    registration = replace(trunk, check=Check.REGISTRATION)
    away = replace(unknown(trunk.target, NOW - 300, NOW - 60), check=Check.REGISTRATION, why="the manager is away")
    unlisted = replace(unknown(trunk.target, NOW - 200, NOW - 100), why="not listed")
    stopped(database, [trunk, registration], unknown_periods=[away, unlisted])

    assert [line.partition("  veil        ")[2] for line in run("history", "101").stdout.splitlines()[-4:]] == [
        "registration: cannot be seen: the manager is away",
        "reachability: cannot be seen: not listed",
        "reachability: can be seen again, after 1 min 40 s",
        "registration: can be seen again, after 4 min",
    ]
