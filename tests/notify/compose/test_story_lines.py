"""The lines of stories and of lives, as pages say them in Russian: whatever a story may say is known there."""

from __future__ import annotations

import re

import pytest

from healthmon.core.alerting.alerting import TOLD_NOBODY, TOLD_WITH
from healthmon.core.orders.muting import (
    LOGS_OUT,
    MAINTENANCE_MODE,
    NOT_SINGLY,
    OUTSIDE_HOURS,
    its_begin,
    its_end,
)
from healthmon.languages import language
from healthmon.model import Check, Ending, Health, Place, PlacePeriod, Reason, Target, Transition
from healthmon.report.timeline import life, story

RUSSIAN = language("ru")

MUTES = ("silence 12", "maintenance night", OUTSIDE_HOURS, MAINTENANCE_MODE, *NOT_SINGLY.values(), *LOGS_OUT.values())


def test_what_is_believed_is_said_with_its_check_its_reason_and_how_long_it_was_otherwise() -> None:
    said = RUSSIAN.retold(
        "registration: down after 3 days 4 h (2 min of it not seen) up: does not answer OPTIONS; believed 31 s later"
    )

    assert said == (
        "регистрация: нет связи, до этого 3 дня 4 ч (из них 2 мин наблюдения не было) в порядке: "
        "не отвечает на OPTIONS; признано через 31 с"
    )


@pytest.mark.parametrize("state", [*map(str, Health), "no longer watched"])
def test_every_state_is_known_alone_and_with_what_was_before(state: str) -> None:
    for saying in (f"{state} after 41 s up", f"{state}: contact reachable", f"reachability: {state} after 2 min down"):
        assert not re.search("[a-z]{3}", RUSSIAN.retold(saying)), saying


@pytest.mark.parametrize("muted_by", MUTES)
def test_why_nobody_is_told_is_known(muted_by: str) -> None:
    for saying in (
        its_begin(muted_by),
        its_end(muted_by),
        f"{TOLD_NOBODY}{muted_by}",
        f"its end: {TOLD_WITH}{muted_by}",
        f"its end: {TOLD_NOBODY}{muted_by}",
    ):
        assert re.search("[а-я]", RUSSIAN.retold(saying)), saying
        words = re.sub("Asterisk|night|ATA", "", RUSSIAN.retold(saying))
        assert not re.search("[a-z]{3}", words), words


@pytest.mark.parametrize("reason", list(Reason))
def test_whom_it_was_told_and_why_is_known(reason: Reason) -> None:
    for saying in (
        f"told boss ({reason}): DOWN",
        f"told boss ({reason}, 2 attempts): DOWN",
        f"not told to boss ({reason}), given up: does not answer OPTIONS",
        f"to be told to boss ({reason}), waiting: for the end of its quiet time",
        f"to be told to address 2 in to= of boss ({reason}), 1 attempt, sending",
    ):
        words = re.sub("boss|address 2 in to= of|DOWN|OPTIONS", "", RUSSIAN.retold(saying))
        assert not re.search("[a-z]{3}", words), words


@pytest.mark.parametrize(
    "saying",
    [
        "its PBX cannot be seen: changes too often",
        "what is behind it can be seen again, after 2 min",
        "registration: cannot be seen: changes too often",
        "registration: can be seen again, after 2 min",
        "cannot be seen: changes too often, for 5 min",
        "begins",
        *(f"is over after 5 min: {ending}" for ending in Ending),
        *(f"closed: {ending}" for ending in Ending),
        "opened: one outage of all these",
        "3 down: 101, 102, 103",
        "3 recovered: 101, 102, 103",
        "known by now: changes too often",
        "acknowledged by 4711",
        "acknowledged with incident 7 by 4711",
        "explained by incident 7",
        "at 192.0.2.1",
        "no longer at 192.0.2.1",
        "moved to 192.0.2.1 from 192.0.2.2",
        "at 192.0.2.1 (in its own network 10.0.0.1)",
    ],
)
def test_all_else_that_happens_is_known(saying: str) -> None:
    said = RUSSIAN.retold(saying)

    assert re.search("[а-я]", said)
    assert not re.search("[a-z]{3}", re.sub("qualify|healthmon|Asterisk|OPTIONS|URL|AMI", "", said)), said
    assert set(re.findall("[0-9.]*[0-9]", saying)) == set(re.findall("[0-9.]*[0-9]", said))


def test_the_lines_themselves_are_made_of_these_words() -> None:
    moved = PlacePeriod(Target("office", "PJSIP", "101"), Place("192.0.2.1", ""), 1.0, 2.0)
    change = Transition(Target("office", "PJSIP", "101"), Check.REACHABILITY, Health.DOWN, Health.UP, 1.0, 32.0, "")

    lines = [event.words for event in life._contacts([moved])]
    assert lines
    assert [words for words in lines if RUSSIAN.retold(words) == words] == []
    assert RUSSIAN.retold(f"down{story.cause_and_delay(change)}") == "нет связи; признано через 31 с"
