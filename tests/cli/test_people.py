"""``silence``, ``ack``, ``incidents`` and ``incident``, over real databases."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.model import Changes, Check, Ending, Health, Kind, Note, Notification, Place, PlaceChange, Reason, Target
from healthmon.report.tables import Screen
from healthmon.store.outbox.outbox import open_outbox
from healthmon.store.write.orders import open_commander
from healthmon.store.write.writer import open_writer
from tests.cli.conftest import Run
from tests.cli.test_json_document import check, example
from tests.report.builder import (
    HOUR,
    MINUTE,
    NOW,
    connection,
    endpoint,
    outage,
    phone,
    provider,
    running,
    steps,
    stopped,
)

TRUNK = provider("trunk", Health.DOWN, since=NOW - HOUR)
INCIDENT = outage(840, TRUNK, NOW - HOUR)


def silence(database: Path, command: str, *arguments: str) -> Result:
    """Run ``healthmon silence COMMAND``."""
    words = ["silence", command, "--database", str(database), *arguments]
    return CliRunner().invoke(cli, words, catch_exceptions=False)


@pytest.fixture(autouse=True)
def anna(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gives the orders, and when."""
    monkeypatch.setenv("SUDO_USER", "anna")
    monkeypatch.setenv("TZ", "Europe/Berlin")
    monkeypatch.setattr("time.time", lambda: NOW)


@pytest.fixture
def office(database: Path) -> Path:
    """A provider that is down, and two phones."""
    history = steps(TRUNK, (NOW - 2 * HOUR, Health.UP), (NOW - HOUR, Health.DOWN))
    stopped(database, [connection(), TRUNK, phone("101"), phone("102")], incidents=[INCIDENT], history=history)
    return database


@pytest.fixture
def without_endpoints(database: Path) -> Path:
    """Incidents of what is no endpoint: a site, and a URL of a receiver."""
    site = outage(841, TRUNK, NOW - HOUR, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE)
    mail = Target("", "receiver", "oncall/mailto:mail.example.org")
    receiver = outage(842, TRUNK, NOW - MINUTE, target=mail, kind=Kind.RECEIVER, check=Check.DELIVERY, watch="")
    stopped(database, [connection(), phone("101")], incidents=[site, receiver])
    return database


def test_a_silence_says_what_it_speaks_of_and_how_to_end_it(office: Path) -> None:
    result = silence(office, "add", "kind=phone", "PJSIP/1*", "--for", "2h", "--reason", "building works")

    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == (
        "silence 1 until Fri 2026-05-01 16:00 CEST: kind=phone endpoint=PJSIP/1*.\n"
        "It speaks of 2 things that are watched now.\n"
        "To end it early: healthmon silence end 1\n"
    )
    assert silence(office, "list").stdout == (
        "NO.  UNTIL                      WHAT                          BY    WHY\n"
        "  1  Fri 2026-05-01 16:00 CEST  kind=phone endpoint=PJSIP/1*  anna  building works\n"
    )


def test_a_registration_of_nobody_is_silenced_by_the_name_that_commands_show(database: Path) -> None:
    lone = replace(
        connection(),
        target=Target("office", "REGISTRATION", "reg-orphan"),
        check="registration",
        kind=Kind.REGISTRATION,
    )
    stopped(database, [connection(), phone("101"), lone])

    result = silence(database, "add", "REGISTRATION/reg-*", "--for", "1h")

    assert "It speaks of 1 thing that is watched now." in result.stdout


def test_a_silence_until_a_time_of_the_clock(office: Path) -> None:
    assert "until Fri 2026-05-01 18:00 CEST" in silence(office, "add", "all", "--until", "18:00").stdout
    assert "until Sat 2026-05-02 13:00 CEST" in silence(office, "add", "all", "--until", "13:00").stdout


def test_a_silence_of_nothing_is_remarked(office: Path) -> None:
    result = silence(office, "add", "watch=fones", "--for", "1h")

    assert result.exit_code == 0
    assert "Nothing that is watched now matches it" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["phone=103", "--for", "1h"], "perhaps 103, for the endpoint of this name, or kind=phone"),
        (["all", "101", "--for", "1h"], "all stands alone"),
        (["pxb=office", "--for", "1h"], "perhaps pbx=office"),
        (["kind=fone", "--for", "1h"], "must be one of pbx, network, providers, provider, registration, site"),
        (["endpoint=Phone/101", "--for", "1h"], "Phone"),
        (["pbx=", "--for", "1h"], "there is nothing after the ="),
        (["all"], "either --for 2h or --until"),
        (["all", "--for", "1h", "--until", "18:00"], "either --for 2h or --until"),
        (["all", "--for", "2"], "say which unit"),
        (["all", "--for", "400d"], "within 365 days"),
        (["all", "--until", "2026-04-01"], "ends in the future"),
        (["all", "--until", "soon"], "write a date like"),
        (["all", "--until", "25:00"], "write a time like 18:00"),
    ],
)
def test_a_silence_that_makes_no_sense_is_refused(office: Path, arguments: list[str], sentence: str) -> None:
    result = silence(office, "add", *arguments)

    assert result.exit_code == 2
    assert sentence in result.stderr
    assert silence(office, "list").stdout == "No silence is in force.\n"


def test_a_silence_is_ended(office: Path) -> None:
    silence(office, "add", "all", "--for", "1h")

    assert silence(office, "end", "1").stdout.startswith("silence 1 is over: everything.")
    assert silence(office, "list").stdout == "No silence is in force.\n"
    assert silence(office, "end", "1").exit_code == 2


def test_the_silences_have_the_fields_of_the_document(office: Path) -> None:
    silence(office, "add", "pbx=office", "watch=phones", "--for", "1h")

    check(json.loads(silence(office, "list", "--json").stdout), example(3))


def test_a_program_gives_orders_for_somebody_and_reads_what_was_booked(office: Path, run: Run) -> None:
    added = silence(office, "add", "--json", "--by", "victor", "--for", "1h", "--", "pbx=office")
    ended = silence(office, "end", "1", "--json")
    acknowledged = run("ack", "840", "--json", "--by=victor", "--reason=called them")
    listed = run("incidents", "--open", "--json")

    silenced = json.loads(added.stdout)
    # The PBX, its phone and what else is watched on it: of what is misspelt it would be 0.
    assert silenced.pop("matching") > 0
    check([silenced, json.loads(ended.stdout)], example(3))
    assert silenced["by"] == "victor"
    said = json.loads(acknowledged.stdout)
    assert (said["acknowledged_by"], said["acknowledgement"]) == ("victor", "called them")
    assert said.keys() == json.loads(listed.stdout)[0].keys()


def test_an_acknowledgement_is_for_the_daemon(office: Path, run: Run) -> None:
    result = run("ack", "840", "--reason", "called them")

    assert result.exit_code == 0
    assert result.stdout == "incident 840 (provider PJSIP/trunk on office) is acknowledged: no more reminders.\n"
    writer = open_writer(office, now=NOW)
    (order,) = writer.load().commands.acknowledgements
    writer.close()
    assert (order.incident_id, order.author, order.reason) == (840, "anna", "called them")
    assert run("ack", "841").exit_code == 2


def acknowledged(database: Path) -> None:
    """The daemon has told somebody, and then obeyed a silence and an acknowledgement."""
    writer, outbox = open_writer(database, now=NOW), open_outbox(database)
    opened = Notification(840, "oncall/boss", Reason.OPENED, 0, NOW - HOUR + 31, NOW - HOUR + 36)
    writer.commit(Changes(incidents={840: INCIDENT}, notifications=[opened]))
    claim = outbox.claim("oncall/boss", NOW - HOUR + 40)
    assert claim is not None
    outbox.delivered(claim, NOW - HOUR + 41, "DOWN provider trunk")
    obeyed = replace(INCIDENT, acked_at=NOW - MINUTE, acked_by="anna", ack_reason="called them", muted_by="silence 12")
    notes = [Note(840, NOW - 120, "silence 12: from now on nobody is told"), Note(840, NOW - MINUTE, "acknowledged")]
    writer.commit(Changes(incidents={840: obeyed}, notes=notes))
    outbox.close()
    writer.close()


def test_the_story_of_an_incident(office: Path, run: Run) -> None:
    acknowledged(office)

    assert run("incident", "840").stdout == (
        "incident 840: provider PJSIP/trunk on office, reachability: down (critical)\n"
        "since Fri 2026-05-01 13:00 CEST, for 1 h (3 s of it not seen); it lasts\n"
        "acknowledged by anna: called them\n"
        "nothing more is told: silence 12\n"
        "\n"
        "TIME      WHAT        HOW\n"
        "13:00:00  transition  down: test\n"
        "13:00:41  message     told oncall/boss (opened): DOWN provider trunk\n"
        "13:58:00  decision    silence 12: from now on nobody is told\n"
        "13:59:00  decision    acknowledged\n"
    )
    check(json.loads(run("incident", "840", "--json").stdout), example(2))
    assert run("incident", "841").exit_code == 2


def test_the_story_of_an_incident_of_last_year_tells_the_day_of_each_event(office: Path, run: Run) -> None:
    writer = open_writer(office, now=NOW)
    began = NOW - 365 * 24 * HOUR
    notes = [Note(841, began + 1, "silence 12: from now on nobody is told"), Note(841, began + 13 * HOUR, "it is over")]
    writer.commit(Changes(incidents={841: outage(841, phone("101"), began, began + 14 * HOUR)}, notes=notes))
    writer.close()

    assert run("incident", "841").stdout.endswith(
        "TIME                 WHAT      HOW\n"
        "2025-05-01 14:00:01  decision  silence 12: from now on nobody is told\n"
        "2025-05-02 03:00:00  decision  it is over\n"
    )


def test_incidents_lists_what_lasts_and_what_was(office: Path, run: Run) -> None:
    acknowledged(office)
    writer = open_writer(office, now=NOW)
    over = outage(841, phone("101"), NOW - 30 * MINUTE, NOW - 20 * MINUTE)
    writer.commit(Changes(incidents={841: over}))
    writer.close()

    assert [one["id"] for one in json.loads(run("incidents", "--json").stdout)] == [841, 840]
    assert [one["id"] for one in json.loads(run("incidents", "--open", "--json").stdout)] == [840]
    assert [one["id"] for one in json.loads(run("incidents", "--since", "10m", "--json").stdout)] == [840]
    assert "silence 12; acknowledged by anna: called them" in run("incidents", "--open").stdout


def test_status_and_report_show_who_took_note(office: Path, run: Run) -> None:
    acknowledged(office)

    assert "acknowledged by anna: called them; silence 12" in run("status").stdout
    (target,) = json.loads(run("status", "--down", "--json").stdout)["targets"]
    assert (target["incident"], target["acknowledged"]) == (840, "acknowledged by anna: called them")
    assert target["muted_by"] == "silence 12"
    assert "acknowledged by anna: called them" in run("report", "--incidents", "--with-notes").stdout


# ---------------------------------------------------------------- what is no endpoint


def test_incidents_of_what_is_no_endpoint_are_named_in_full(without_endpoints: Path, run: Run) -> None:
    table, as_json = run("incidents").stdout, json.loads(run("incidents", "--json").stdout)
    reported = run("report", "--since", "1d", "--incidents").stdout

    for words in ("receiver oncall/mailto:mail.example.org", "site 203.0.113.7 on office"):
        assert words in table
        assert words in reported
    assert [(one["target"], one["pbx"], one["endpoint"]) for one in as_json] == [
        ("receiver oncall/mailto:mail.example.org", "", ""),
        ("site 203.0.113.7 on office", "office", ""),
    ]


def test_the_story_of_a_receivers_incident_begins_with_its_name(without_endpoints: Path, run: Run) -> None:
    result = run("incident", "842")

    line = "incident 842: receiver oncall/mailto:mail.example.org, delivery: down (critical)"
    assert result.stdout.splitlines()[0] == line


def test_a_receivers_incident_can_be_acknowledged(without_endpoints: Path, run: Run) -> None:
    result = run("ack", "842")

    assert "incident 842 (receiver oncall/mailto:mail.example.org) is acknowledged" in result.stdout


def test_what_a_listed_incident_explains_is_left_out_and_named_in_its_story(database: Path, run: Run) -> None:
    site = endpoint(Target("office", "site", "203.0.113.7"), Kind.SITE, Health.DOWN)
    phones = [phone(str(number), Health.DOWN, since=NOW - HOUR) for number in range(101, 106)]
    cause = outage(7, site, NOW - HOUR, down=5, of=6, site="203.0.113.7", cause="")
    smaller = [outage(10 + number, one, NOW - HOUR, explained_by=7) for number, one in enumerate(phones)]
    with running(database, [connection(), *phones], incidents=[cause, *smaller]):
        folded, everything = run("incidents").stdout, run("incidents", "--all").stdout
        story, document = run("incident", "7").stdout, json.loads(run("incident", "7", "--json").stdout)

    assert "site 203.0.113.7 on office  down   5 of 6 unreachable; still open" in folded
    assert "PJSIP/101" not in folded
    assert "5 more are explained by these; --all lists them, too." in folded
    assert everything.count("explained by 7") == 5
    assert "explains 5 incidents: 101, 102, 103, 104, 105" in story
    assert document["explains"] == [10, 11, 12, 13, 14]
    assert (document["incident"]["down"], document["incident"]["of"]) == (5, 6)


def test_what_outlives_the_incident_that_explained_it_is_listed_again(database: Path, run: Run) -> None:
    trunk = provider("trunk-telekom")
    registration = replace(trunk, check=Check.REGISTRATION, belief=Health.DOWN, since=NOW - HOUR)
    over = outage(7, trunk, NOW - HOUR, NOW - HOUR / 2)
    lasts = outage(8, registration, NOW - HOUR, explained_by=7, cause="rejected")
    soon = replace(lasts, id=9, closed_at=NOW - HOUR / 2 + 20)
    long_after = replace(lasts, id=10, closed_at=NOW - HOUR / 4)
    with running(database, [connection(), trunk, registration], incidents=[over, lasts, soon, long_after]):
        listed, story = run("incidents").stdout, run("incident", "8").stdout
        everything = run("incidents", "--all").stdout
        report = run("report", "--since", "2h", "--format", "markdown", "--incidents").stdout

    assert [line.split()[0] for line in listed.splitlines() if "trunk-telekom" in line] == ["10", "8", "7"]
    assert "1 more are explained by these; --all lists them, too." in listed
    assert everything.count("explained by 7") == 3
    assert "explained by incident 7, until that was over" in story
    assert [number for number in (7, 8, 9, 10) if f"| {number} |" in report] == [7, 8, 10]


def test_the_story_of_a_site_tells_who_went_down_and_who_came_back_when(database: Path, run: Run) -> None:
    site = endpoint(Target("office", "site", "203.0.113.7"), Kind.SITE, Health.DOWN)
    phones = [phone(str(number), Health.UP, since=NOW - HOUR) for number in range(101, 106)]
    began, last = NOW - 2 * HOUR, NOW - HOUR
    cause = outage(7, site, began, last, down=5, of=6, site="203.0.113.7", cause="", believed_at=began + 30)
    smaller = [
        outage(10 + number, one, began + (number > 2) * 60 + number, last, explained_by=7, muted_by=muted)
        for number, (one, muted) in enumerate(zip(phones, ["", "", "silence 3", "", ""], strict=True))
    ]
    with running(database, [connection(), *phones], incidents=[cause, *smaller]):
        events = json.loads(run("incident", "7", "--json").stdout)["story"]
        muted_one = run("incident", "12").stdout

    assert [(one["what"], one["words"]) for one in events] == [
        ("transition", "3 down: 101, 102, 103"),
        ("decision", "opened: one outage of all these"),
        ("transition", "2 down: 104, 105"),
        ("transition", "5 recovered: 101, 102, 103, 104, 105"),
        ("decision", "closed: recovered"),
    ]
    assert "nobody is told of its end: silence 3\nexplained by incident 7\n" in muted_one


def test_what_is_neither_number_nor_name_of_an_incident_is_refused_in_one_sentence(office: Path, run: Run) -> None:
    for words, says in (("x", "x: nothing of this name was ever watched"), ("-", "-: nothing of this name")):
        result = run("ack", words)

        assert (result.exit_code, result.stdout) == (2, "")
        assert says in result.stderr
        assert result.stderr.count("\n") == 1


def test_a_silence_says_how_many_things_are_at_a_site(office: Path) -> None:
    writer = open_writer(office, now=NOW)
    here = Place("203.0.113.7", "")
    writer.commit(Changes(places=[PlaceChange(phone(n).target, here, NOW, is_left=False) for n in ("101", "102")]))
    writer.close()

    said = silence(office, "add", "site=203.0.113.7", "--for", "1h").stdout

    assert "It speaks of 2 things that are watched now." in said


def test_a_number_that_no_database_can_hold_is_refused(office: Path, run: Run) -> None:
    huge = "9" * 20

    for result in (run("incident", huge), run("ack", huge), silence(office, "end", huge)):
        assert result.exit_code == 2
        assert "is not in the range" in result.stderr


def test_incident_does_not_say_both_that_nobody_is_told_and_who_was(office: Path, run: Run) -> None:
    """Somebody was told before the silence; who was told DOWN hears of the end also within one."""
    acknowledged(office)
    lasts = run("incident", "840").stdout
    outbox = open_outbox(office)
    writer = open_writer(office, now=NOW)
    closed = replace(INCIDENT, muted_by="silence 12", closed_at=NOW - 1, ending=Ending.RECOVERED)
    writer.commit(
        Changes(
            incidents={840: closed},
            notifications=[Notification(840, "oncall/boss", Reason.RESOLVED, 0, NOW - 1, NOW - 1)],
        )
    )
    before = run("incident", "840").stdout
    claim = outbox.claim("oncall/boss", NOW)
    assert claim is not None
    outbox.delivered(claim, NOW, "UP provider trunk")
    outbox.close()
    writer.close()

    assert "nothing more is told: silence 12" in lasts
    assert "nobody is told of its end: silence 12" in before
    after = run("incident", "840").stdout
    assert "told oncall/boss (resolved): UP provider trunk" in after
    assert "nobody" not in after.partition("TIME")[0]


def test_ack_without_a_reason_keeps_the_reason_that_was_given(office: Path, run: Run) -> None:
    run("ack", "840", "--reason", "called Telekom")
    run("ack", "840")

    with open_commander(office) as commander:
        commander.acknowledge(840, at=NOW, author="bob", reason="")
    connection = sqlite3.connect(office)
    assert connection.execute("SELECT author, reason FROM acknowledgements").fetchall() == [("bob", "called Telekom")]
    connection.close()


@pytest.mark.parametrize(
    ("name", "speaks_of"),
    [
        ("101", 1),
        ("PJSIP/101", 1),
        ("office:PJSIP/101", 1),
        ("office:101", 1),
        ("?01", 1),
        ("office:PJSIP/*1", 1),
        ("*:PJSIP/101", 1),
        ("branch:PJSIP/101", 0),
        ("endpoint=101", 1),
        ("office", 4),
    ],
)
def test_silence_report_and_history_take_the_same_names(office: Path, run: Run, name: str, speaks_of: int) -> None:
    silenced = silence(office, "add", name, "--for", "1h")
    plain = name.removeprefix("endpoint=")
    told = run("history", plain)
    listed = json.loads(run("report", "--format", "json", "--endpoint", plain).stdout)["targets"]

    assert silenced.exit_code == 0
    things = "1 thing that is" if speaks_of == 1 else f"{speaks_of} things that are"
    said = f"It speaks of {things} watched now." if speaks_of else "Nothing that is watched now matches it"
    assert said in silenced.output
    assert told.exit_code == (0 if speaks_of else 2)
    if name != "office":
        assert [one["endpoint"] for one in listed] == ["PJSIP/101"] * speaks_of


def test_incidents_fits_80_columns_one_line_each(office: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    writer = open_writer(office, now=NOW)
    long = phone("a-very-long-name-of-a-phone-in-the-warehouse-" + "x" * 60)
    facts = {"cause": "peer status Unreachable, and much more to say" * 4, "acked_at": NOW, "acked_by": "anna"}
    over = outage(841, long, NOW - 30 * MINUTE, NOW - 20 * MINUTE, **facts)
    writer.commit(Changes(incidents={841: over, 840: replace(INCIDENT, **facts)}))
    writer.close()
    monkeypatch.setattr("healthmon.cli.incidents.screen", lambda: Screen(80))
    narrow = run("incidents").stdout.splitlines()
    monkeypatch.setattr("healthmon.cli.incidents.screen", lambda: Screen(None))
    whole = run("incidents").stdout

    assert [line.split()[0] for line in narrow] == ["NO.", "841", "840", "No"]
    assert max(map(len, narrow)) <= 80
    assert "…  was down" in narrow[1]
    assert narrow[2].endswith("down")
    # A pipe gets everything.
    assert "…" not in whole
    assert "acknowledged by anna" in whole
