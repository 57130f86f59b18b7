"""``healthmon incident ID --for-provider``: a text to paste into the provider's ticket."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from healthmon.model import Check, Health, Target
from healthmon.report.timeline.for_provider import outage_of, provider_text
from healthmon.store.read.meters import Meters, Watched
from healthmon.store.read.queries import Reader, open_reader
from tests.cli.conftest import Run
from tests.report.builder import DAY, HOUR, MINUTE, NOW, connection, outage, phone, provider, running, steps

UP, DOWN = Health.UP, Health.DOWN
FELL, ROSE = NOW - 2 * HOUR, NOW - HOUR


@pytest.fixture
def told(database: Path) -> Path:
    """A trunk that was down for an hour, by two of its checks, another that worked, and a third that did not."""
    trunk, other, third = provider("telekom"), provider("sipgate"), provider("third")
    registration = replace(trunk, check=Check.REGISTRATION)
    cause = "not registered at sip.telekom.example (10.1.2.3, 192.0.2.1 seen from [fd00::7]:5060)"
    incidents = [
        outage(1, trunk, FELL, ROSE, cause=cause),
        outage(2, phone("101"), FELL),
        outage(3, trunk, NOW - 9 * DAY, NOW - 9 * DAY + 5 * MINUTE),
    ]
    history = [
        *steps(trunk, (NOW - 20 * DAY, UP), (NOW - 9 * DAY, DOWN), (NOW - 9 * DAY + 300, UP), (FELL, DOWN), (ROSE, UP)),
        *steps(registration, (NOW - 20 * DAY, UP), (FELL + 30, DOWN), (ROSE, UP)),
        *steps(other, (NOW - 20 * DAY, UP)),
        *steps(third, (NOW - 20 * DAY, UP), (FELL, DOWN), (FELL + 600, UP)),
    ]
    states = [connection(), trunk, registration, other, third, phone("101")]
    with running(database, states, history=history, incidents=incidents):
        pass
    return database


def test_the_text_has_times_in_utc_and_local_the_course_the_others_and_the_month(told: Path, run: Run) -> None:
    result = run("incident", "1", "--for-provider")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == "Outage of our SIP trunk PJSIP/telekom: reachability"
    assert lines[2:5] == [
        "From:      2026-05-01 10:00:00 UTC (2026-05-01 12:00:00 CEST)",
        "To:        2026-05-01 11:00:00 UTC (2026-05-01 13:00:00 CEST)",
        "Duration:  1 h",
    ]
    assert "  2026-05-01 10:00:00  reachability down: test" in lines
    assert "  2026-05-01 10:00:30  registration down: test" in lines
    assert "  2026-05-01 11:00:00  reachability up: test" in lines
    assert "  PJSIP/sipgate: worked" in lines
    assert "  PJSIP/third: down for 10 min of it" in lines
    assert any(
        line.startswith("  2 outages (with this one), 1 h 5 min in all; it was available for 99.") for line in lines
    )


def test_where_the_time_is_utc_it_is_said_once(told: Path) -> None:
    with open_reader(told) as reader:
        incident = reader.incident(1)
        assert incident is not None
        outage_told = outage_of(reader, incident, NOW, reader.names({}))
    text = provider_text(outage_told, ZoneInfo("UTC"), NOW, with_addresses=False)

    assert "\nFrom:      2026-05-01 10:00:00 UTC\nTo:        2026-05-01 11:00:00 UTC\n" in text


def test_addresses_of_our_own_network_are_left_out_unless_they_are_wanted(told: Path, run: Run) -> None:
    without, with_them = (
        run("incident", "1", "--for-provider"),
        run("incident", "1", "--for-provider", "--with-addresses"),
    )

    assert "10.1.2.3" not in without.stdout
    assert "fd00::7" not in without.stdout
    assert "sip.telekom.example ((internal address), 192.0.2.1 seen from (internal address):5060)" in without.stdout
    assert "10.1.2.3" in with_them.stdout
    assert "[fd00::7]:5060" in with_them.stdout


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        ("answers 503", "answers 503"),
        # Which addresses another provider has is nobody's business but ours.
        (
            "2 of 3 addresses of sip.sipgate.example answer (no answer from UDP 192.0.2.9:5060); answers 503",
            "2 of 3 addresses of sip.sipgate.example answer; answers 503",
        ),
    ],
)
def test_another_that_was_degraded_meanwhile_did_not_simply_work(
    cause: str, said: str, database: Path, run: Run
) -> None:
    trunk, other, earlier = provider("telekom"), provider("sipgate"), provider("earlier")
    history = [
        *steps(trunk, (NOW - DAY, UP), (FELL, DOWN), (ROSE, UP)),
        *steps(other, (NOW - DAY, UP)),
        *steps(earlier, (NOW - DAY, UP)),
        # It was that before the outage, and stays it; the other one was well again before.
        replace(steps(replace(other, check=Check.OPTIONS), (FELL - 60, Health.DEGRADED))[0], cause=cause),
        *steps(replace(earlier, check=Check.OPTIONS), (FELL - 90, Health.DEGRADED), (FELL - 60, UP)),
    ]
    states = [connection(), trunk, other, earlier]
    states += [replace(state, check=Check.OPTIONS) for state in (other, earlier)]
    with running(database, states, history=history, incidents=[outage(1, trunk, FELL, ROSE)]):
        result = run("incident", "1", "--for-provider")

    assert f"  PJSIP/sipgate: degraded: {said}" in result.stdout.splitlines()
    assert "  PJSIP/earlier: worked" in result.stdout.splitlines()


@pytest.mark.parametrize(
    ("address", "is_ours"),
    [
        ("127.0.0.1", True),
        ("[::1]", True),
        ("10.1.2.3", True),
        ("172.20.0.1", True),
        ("192.168.7.7", True),
        ("169.254.9.9", True),
        ("[fe80::7]", True),
        ("[fd00::7]", True),
        ("100.64.0.9", True),
        ("[::ffff:10.1.2.3]", True),
        ("192.0.2.1", False),
        ("[2001:db8::7]", False),
        ("100.128.0.9", False),
    ],
)
def test_each_kind_of_address_of_our_own_is_left_out(address: str, is_ours: bool, database: Path, run: Run) -> None:
    trunk = provider("telekom", DOWN)
    incident = outage(1, trunk, NOW - HOUR, cause=f"not registered at {address}:5060")
    with running(database, [connection(), trunk], incidents=[incident]):
        result = run("incident", "1", "--for-provider")

    shown = address
    if is_ours:
        shown = "(internal address)"
    assert f"not registered at {shown}:5060" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("2", "--for-provider"), "incident 2 is of phone PJSIP/101 on office, and not of a provider"),
        (("1", "--for-provider", "--json"), "--json is not for it"),
        (("1", "--with-addresses"), "--with-addresses goes with --for-provider"),
        (("9", "--for-provider"), "there is no incident 9"),
    ],
)
def test_what_is_no_outage_of_a_provider_is_refused(
    arguments: tuple[str, ...], said: str, told: Path, run: Run
) -> None:
    result = run("incident", *arguments)

    assert result.exit_code == 2
    assert said in result.stderr


def test_what_lasts_says_so_and_a_name_of_a_stranger_does_no_harm(database: Path, run: Run) -> None:
    odd = provider("a\x1b[2J\nb", DOWN)
    with running(database, [connection(), odd], incidents=[outage(1, odd, NOW - HOUR)]):
        result = run("incident", "1", "--for-provider")

    assert "To:        it lasts (written 2026-05-01 12:00:00 UTC" in result.stdout
    assert "\x1b" not in result.stdout
    assert "there is no other" in result.stdout


def test_of_thousands_of_phones_none_is_looked_at_for_it(told: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    looked_at: list[Target] = []
    of_target = Meters.of_target

    def noted(meters: Meters, target: Target) -> Watched | None:
        looked_at.append(target)
        return of_target(meters, target)

    def of_everything(*_: object) -> None:
        raise AssertionError("everything that is watched is asked for")

    monkeypatch.setattr(Meters, "of_target", noted)
    monkeypatch.setattr(Meters, "watched", of_everything)
    monkeypatch.setattr(Reader, "last_places", of_everything)
    with open_reader(told) as reader:
        incident = reader.incident(1)
        assert incident is not None
        outage_of(reader, incident, NOW, reader.names({}))

    assert {target.resource for target in looked_at} == {"telekom", "sipgate", "third"}
