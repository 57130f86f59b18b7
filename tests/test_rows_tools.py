"""What the rows on a real Asterisk are judged by must not hide anything."""

from pathlib import Path

import pytest

from tests.scenarios.rows import ROWS
from tests.sinks import Arrived
from tests.system.kills import Plan
from tests.system.soak_rows import row_of, runs, table
from tests.system.test_rows import PLAYED
from tests.system.told import wrong_messages

PROMISED = ("DOWN provider ", "UP provider ")


def arrived(*subjects: str) -> list[Arrived]:
    """Messages; one that begins with an asterisk is marked."""
    return [
        Arrived(one.lstrip("*"), "possibly repeated: …" if one.startswith("*") else "…", at)
        for at, one in enumerate(subjects)
    ]


@pytest.mark.parametrize(
    "subjects",
    [
        ("DOWN provider a", "UP provider a"),
        ("DOWN provider a", "*DOWN provider a", "UP provider a"),
        ("*DOWN provider a", "UP provider a"),
        ("DOWN provider a", "UP provider a", "*UP provider a"),
    ],
)
def test_a_killed_healthmon_may_repeat_one_message_that_is_marked(subjects: tuple[str, ...]) -> None:
    assert not wrong_messages(arrived(*subjects), PROMISED, was_killed=True)


@pytest.mark.parametrize(
    ("subjects", "why"),
    [
        ((), "never told"),
        (("DOWN provider a",), "never told"),
        (("UP provider a", "DOWN provider a"), "was not to be told"),
        (("DOWN provider a", "DOWN provider a", "UP provider a"), "was not to be told"),
        (("DOWN provider a", "DOWN phone 101", "UP provider a"), "was not to be told"),
        (("DOWN provider a", "*DOWN provider a", "*DOWN provider a", "UP provider a"), "more than one"),
    ],
)
def test_whatever_else_is_told_or_not_is_wrong(subjects: tuple[str, ...], why: str) -> None:
    assert why in wrong_messages(arrived(*subjects), PROMISED, was_killed=True)


def test_nothing_may_be_repeated_where_nobody_killed_healthmon() -> None:
    messages = arrived("DOWN provider a", "*DOWN provider a", "UP provider a")

    assert "was not to be told" in wrong_messages(messages, PROMISED, was_killed=False)


def test_kills_are_those_of_the_seed_and_within_the_row() -> None:
    plans = [Plan.drawn(seed, lasts=90, messages=2) for seed in range(100)]

    assert plans == [Plan.drawn(seed, lasts=90, messages=2) for seed in range(100)]
    assert {plan.kills for plan in plans} == {2}
    assert all(0 <= at <= 90 for plan in plans for at in plan.at)
    assert {plan.message for plan in plans} == {0, 1, 2}
    assert not any(Plan.drawn(seed, lasts=90, messages=0).message for seed in range(100))


def test_the_figures_of_a_soak_count_what_failed(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    figures = '<properties><property name="kills" value="2"/><property name="messages" value="{}"/></properties>'
    report.write_text(
        "<testsuites><testsuite>"
        f'<testcase name="test_a_provider_dies[x]">{figures.format(2)}</testcase>'
        f'<testcase name="test_a_provider_dies[y]">{figures.format(3)}<failure/></testcase>'
        '<testcase name="test_a_provider_dies[z]"><error/></testcase>'
        "</testsuite></testsuites>"
    )

    assert list(table(runs(report)))[2:] == ["| a provider dies | 3 | 1 | 4 | 0 to 3 | 0 |  |"]


def test_each_row_that_no_real_asterisk_plays_says_why_in_a_word() -> None:
    words = {row.only_simulated for row in ROWS if row.only_simulated}

    assert words == {"elsewhere", "size", "length", "channel", "loss", "manager"}


def test_each_row_that_a_real_asterisk_plays_says_what_is_told() -> None:
    for row in PLAYED:
        least, most = row.messages
        assert len(row.told) == least or least < most, row.what


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("test_a_row[a_provider_dies_later_returns-asterisk22]", "a provider dies later returns"),
        ("test_a_row[a_provider_dies_later_returns-soak-asterisk22-killed-7]", "a provider dies later returns"),
        ("test_qualify_is_switched_off[asterisk16]", "qualify is switched off"),
    ],
)
def test_a_run_belongs_to_its_row(name: str, row: str) -> None:
    assert row_of(name) == row
