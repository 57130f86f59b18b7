"""``healthmon check``: what a monitoring system gets from it."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from healthmon.cli.main import cli
from healthmon.model import Check, Freshness, Health, Kind
from tests.cli.conftest import Run
from tests.report.builder import HOUR, NOW, blind, connection, outage, phone, provider, running, stopped

UP, DEGRADED, DOWN = Health.UP, Health.DEGRADED, Health.DOWN

#: A label, a value with its unit, and four more fields: Monitoring Plugins Development Guidelines, "Performance data".
FIGURE = re.compile(r"[a-z]+=\d+(\.\d+)?s?;[\d.@:~]*;[\d.@:~]*;\d*(;\d*)?")


def test_all_up_is_ok_and_says_of_how_many(database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk"), phone("101")]):
        result = run("check")

    assert result.exit_code == 0
    text, _, figures = result.stdout.rstrip("\n").partition(" | ")
    assert text == "HEALTHMON OK: 0 of 3 down"
    assert all(FIGURE.fullmatch(figure) for figure in figures.split(" "))
    assert "down=0;;0;0;3" in figures
    assert "alive=3.0s" in figures


def test_what_is_down_is_critical_and_each_thing_has_its_line(database: Path, run: Run) -> None:
    states = [connection(), provider("trunk", DOWN, since=NOW - 2 * HOUR), phone("101", DEGRADED), phone("102")]
    with running(database, states):
        result = run("check")

    first, *lines = result.stdout.splitlines()
    assert result.exit_code == 2
    assert first.startswith("HEALTHMON CRITICAL: 1 of 4 down, 1 degraded | problems=2;0;;0;4 down=1;;0;0;4 ")
    assert lines == [
        "provider PJSIP/trunk on office down since 12:00:00: peer status Unreachable",
        "phone PJSIP/101 on office degraded since 30 Apr 14:00: one contact lost",
    ]


def test_what_is_degraded_is_a_warning(database: Path, run: Run) -> None:
    with running(database, [connection(), phone("101", DEGRADED), phone("102")]):
        assert run("check").exit_code == 1
        assert run("check", "--warning", "1").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "exit_code"),
    [
        (["--warning", "3", "--critical", "5"], 0),
        (["--warning", "2", "--critical", "5"], 1),
        (["--warning", "1", "--critical", "2"], 2),
        (["-w", "@3:4", "-c", "3"], 1),
    ],
)
def test_thresholds_are_numbers_of_what_is_down(arguments: list[str], exit_code: int, database: Path, run: Run) -> None:
    with running(database, [connection(), *(phone(str(number), DOWN) for number in (101, 102, 103)), phone("104")]):
        assert run("check", *arguments).exit_code == exit_code


def test_a_single_thing_is_described_in_the_first_line(database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk", DOWN, since=NOW - HOUR), provider("other")]):
        result = run("check", "--endpoint", "PJSIP/trunk")
        other = run("check", "--endpoint", "other")

    assert result.exit_code == 2
    assert result.stdout.startswith(
        "HEALTHMON CRITICAL: provider PJSIP/trunk on office down since 13:00:00: peer status Unreachable | "
    )
    assert len(result.stdout.splitlines()) == 1
    assert other.exit_code == 0


def test_names_are_patterns_and_several_may_be_given(database: Path, run: Run) -> None:
    states = [connection(), connection("branch"), provider("trunk"), phone("101", DOWN), phone("201", pbx="branch")]
    with running(database, states):
        assert run("check", "--pbx", "branch").exit_code == 0
        assert run("check", "--watch", "providers").exit_code == 0
        assert run("check", "--watch", "prov*", "--watch", "phones").exit_code == 2
        assert run("check", "--endpoint", "10*").exit_code == 2


def test_a_check_of_an_endpoint_is_asked_by_itself(database: Path, run: Run) -> None:
    reachable = provider("trunk")
    rejected = replace(reachable, check=Check.REGISTRATION, belief=DOWN, reason="Rejected")
    with running(database, [connection(), reachable, rejected]):
        assert run("check", "--check", "reachability").exit_code == 0
        result = run("check", "--check", "registration")
        assert run("check", "--watch", "providers").exit_code == 2

    assert result.exit_code == 2
    assert "provider PJSIP/trunk on office down since 30 Apr 14:00: Rejected" in result.stdout


def test_what_is_silenced_does_not_count_and_is_said(database: Path, run: Run) -> None:
    trunk = provider("trunk", DOWN)
    muted = outage(1, trunk, NOW - HOUR, muted_by="silence 3")
    with running(database, [connection(), trunk, phone("101")], incidents=[muted]):
        result = run("check")

    assert result.exit_code == 0
    assert "0 of 3 down, 1 not told of (silenced or in maintenance) | " in result.stdout


def test_phones_that_were_never_seen_are_left_out_and_softphones_may_log_out(database: Path, run: Run) -> None:
    away = replace(phone("103", DOWN), kind=Kind.SOFTPHONE, reason="logged out")
    with running(database, [connection(), phone("101"), phone("102", DOWN, ever_up=False), away]):
        result = run("check")

    assert result.exit_code == 0
    assert "up=2;;;0;3 away=1;;;0;3" in result.stdout


def test_a_pbx_that_cannot_be_seen_is_unknown_and_what_is_known_to_be_down_is_worse(database: Path, run: Run) -> None:
    unseen = connection(belief=Health.UNKNOWN, reason="ARI password refused")
    with running(database, [unseen, provider("trunk")], pbx_states=[blind()]):
        result = run("check")
        behind = run("check", "--endpoint", "trunk")
    assert (result.exit_code, behind.exit_code) == (3, 3)
    assert "provider PJSIP/trunk on office unknown since 13:55:00: connection refused" in behind.stdout


def test_a_pbx_of_which_all_is_old_is_unknown(database: Path, run: Run) -> None:
    old = Freshness("office", NOW - HOUR, NOW - HOUR, NOW - HOUR)
    with running(database, [connection(), provider("trunk")], fresh=[old]):
        result = run("check")

    assert result.exit_code == 3
    assert result.stdout.startswith("HEALTHMON UNKNOWN: 0 of 2 down, PBX office: ")


def test_without_a_daemon_nothing_is_known(database: Path, run: Run) -> None:
    stopped(database, [connection(), provider("trunk", DOWN)])

    result = run("check")

    assert result.exit_code == 3
    assert result.stdout.startswith("HEALTHMON UNKNOWN: no daemon is running, known as of ")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--nonsense"], "No such option"),
        (["--critical", "many"], "'many' is no range"),
        (["--check", "mood"], "'mood' is not one of"),
        (["--endpoint", "trumk"], "--endpoint trumk matches nothing that was ever watched; did you mean trunk?"),
    ],
)
def test_wrong_arguments_are_unknown_in_one_line(arguments: list[str], said: str, database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk")]):
        result = run("check", *arguments)

    assert result.exit_code == 3
    assert said in result.stdout
    assert result.stdout.startswith("HEALTHMON UNKNOWN: ")
    assert len(result.stdout.splitlines()) == 1


def test_a_database_or_configuration_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    for arguments in (["check", "--database", str(tmp_path / "none.db")], ["-c", str(tmp_path / "none.ini"), "check"]):
        result = CliRunner().invoke(cli, arguments, catch_exceptions=False)

        assert result.exit_code == 3
        assert re.fullmatch(r"HEALTHMON UNKNOWN: .+\n", result.stdout)


def test_names_of_strangers_neither_end_the_line_nor_begin_the_figures(database: Path, run: Run) -> None:
    odd = provider("a | down=0\nOK \x1b[2J", DOWN, reason="50 | x=1\n")
    with running(database, [connection(), odd]):
        result = run("check", "--watch", "providers")

    assert result.stdout.count("|") == 1
    assert len(result.stdout.splitlines()) == 1
    assert "\x1b" not in result.stdout


def test_of_many_that_are_down_some_are_listed(database: Path, run: Run) -> None:
    with running(database, [connection(), *(phone(str(1000 + number), DOWN) for number in range(300))]):
        result = run("check")

    assert result.stdout.startswith("HEALTHMON CRITICAL: 300 of 301 down | ")
    assert result.stdout.splitlines()[-1] == "and 280 more"
    assert len(result.stdout.splitlines()) == 22


def test_a_wrong_option_before_the_command_is_unknown_too_and_a_usage_error_for_others() -> None:
    plugin = CliRunner().invoke(cli, ["--nope", "check"], catch_exceptions=False)
    other = CliRunner().invoke(cli, ["--nope", "status"], catch_exceptions=False)

    assert (plugin.exit_code, other.exit_code) == (3, 2)
    assert re.fullmatch(r"HEALTHMON UNKNOWN: No such option.*\n", plugin.stdout)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE freshness SET alive_at = 'garbage'",
        "UPDATE checks SET kind = 'mood'",
    ],
)
def test_whatever_goes_wrong_is_unknown(damage: str, database: Path, run: Run) -> None:
    with running(database, [connection(), provider("trunk")]):
        with closing(sqlite3.connect(database)) as opened, opened:
            opened.execute(damage)
        result = run("check")

    assert result.exit_code == 3
    assert re.fullmatch(rf"HEALTHMON UNKNOWN: {re.escape(str(database))}: the file is damaged.*\n", result.stdout)


def test_registrations_that_were_never_known_since_their_manager_refuses_are_unknown(database: Path, run: Run) -> None:
    why = "manager interface: login refused; ami_password is wrong; registrations are unknown"
    refused = connection("branch", belief=DEGRADED, check=Check.MANAGER, reason=why)
    there = [connection("branch"), refused, provider("trunk", pbx="branch")]
    registered = replace(provider("trunk"), check=Check.REGISTRATION)
    with running(database, there):
        alone = run("check", "--check", "registration")
        assert run("check", "--check", "reachability").exit_code == 0
    with running(database, [connection(), provider("trunk"), registered, *there]):
        both = run("check", "--check", "registration")
        assert run("check", "--check", "registration", "--pbx", "office").exit_code == 0

    assert alone.exit_code == 3
    assert alone.stdout.startswith("HEALTHMON UNKNOWN: pbx branch degraded")
    assert why in alone.stdout
    assert both.exit_code == 3
    assert why in both.stdout


def test_registrations_of_who_was_never_let_in_are_unknown_from_the_first_minute_whatever_is_chosen(
    database: Path, run: Run
) -> None:
    why = "manager interface: login refused; ami_password is wrong; registrations are unknown"
    pending: dict[str, Any] = {"pending": DEGRADED, "pending_since": NOW - 2}
    refused = connection("branch", belief=None, check=Check.MANAGER, remark=why, **pending)
    registered = replace(provider("trunk"), check=Check.REGISTRATION)
    there = [connection("branch"), refused, provider("far", pbx="branch"), phone("101", pbx="branch")]
    with running(database, [connection(), provider("trunk"), registered, *there]):
        for chosen in ([], ["--pbx", "branch"], ["--endpoint", "PJSIP/far"], ["--watch", "providers"]):
            done = run("check", "--check", "registration", *chosen)
            assert (done.exit_code, why in done.stdout) == (3, True), (chosen, done.stdout)
        assert run("check", "--check", "registration", "--endpoint", "office:PJSIP/trunk").exit_code == 0
        plain = run("check", "--pbx", "branch")

    assert plain.exit_code == 0


@pytest.mark.parametrize("chosen", [[], ["--endpoint", "PJSIP/trunk"]])
def test_registrations_are_known_while_ari_is_refused_and_an_unknown_says_why(
    chosen: list[str], database: Path, run: Run
) -> None:
    why = "ARI password refused; the user name or password is wrong: 401"
    unseen = connection(belief=Health.UNKNOWN, since=NOW - HOUR, reason=why)
    registered = replace(provider("trunk"), check=Check.REGISTRATION)
    lost = replace(provider("trunk", DOWN), check=Check.REGISTRATION, reason="not registered")
    with running(database, [unseen, provider("trunk"), registered], pbx_states=[blind(why=why)]):
        well = run("check", "--check", "registration", *chosen)
        hidden = run("check", *chosen)
    with running(database, [unseen, provider("trunk"), lost], pbx_states=[blind(why=why)]):
        down = run("check", "--check", "registration", *chosen)

    assert (well.exit_code, well.stdout.partition(" | ")[0]) == (0, "HEALTHMON OK: 0 of 1 down")
    assert (down.exit_code, "not registered" in down.stdout) == (2, True)
    assert (hidden.exit_code, why in hidden.stdout.splitlines()[1]) == (3, True)


def test_who_answers_nobody_is_the_reason_before_the_registration_that_it_takes_away(database: Path, run: Run) -> None:
    silent = "does not answer our OPTIONS (UDP 192.0.2.11:5060); Asterisk: not known (the PBX cannot be seen)"
    options = replace(provider("trunk", DOWN), check=Check.OPTIONS, reason=silent)
    lost = replace(provider("trunk", DOWN), check=Check.REGISTRATION, reason="not registered")
    unseen = connection(belief=Health.UNKNOWN, since=NOW - HOUR, reason="ARI password refused")
    with running(database, [unseen, provider("trunk"), lost, options], pbx_states=[blind(why="ARI password refused")]):
        checked = run("check", "--endpoint", "PJSIP/trunk")
        shown = run("status")

    assert f"options: {silent}" in checked.stdout
    assert f"options: {silent}" in shown.stdout
    assert "not registered" not in checked.stdout
