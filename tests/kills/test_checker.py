"""The checker of the kills itself: it is content with what is right, finds each kind of lie, and borrows nothing."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

from tests.kills import checker
from tests.kills.checker import Incident, Outage, Played, Promise, Telling, complaints

PROMISE = Promise(looks=4, never_told=1.5, flap_window=60.0)
#: It looked every two seconds, and was killed while 101 was gone.
DAEMONS = (range(50, 115, 2), range(120, 1000, 2))
OVER = Outage("office", "PJSIP/101", 100.0, 130.0)
LASTS = Outage("office", "", 200.0, None)
OUTAGES = (OVER, LASTS)
PLAYED = Played(OUTAGES, DAEMONS)
INCIDENTS = (Incident(1, "office", "PJSIP/101", 100.2, 130.1), Incident(2, "office", "", 200.1, None))


def telling(number: int, tells: str, *, is_marked: bool = False) -> Telling:
    endpoint = {1: "PJSIP/101"}.get(number, "")
    return Telling(number, "office", endpoint, tells, is_marked)


TOLD = (telling(1, "down"), telling(1, "up"), telling(2, "down"))


def test_what_is_right_is_no_complaint() -> None:
    assert complaints(PLAYED, INCIDENTS, {"boss": TOLD}, PROMISE) == []
    told_late = (telling(1, "was down"), telling(2, "down"))
    assert complaints(PLAYED, INCIDENTS, {"boss": told_late}, PROMISE) == []


def test_what_is_told_twice_with_the_mark_is_no_complaint() -> None:
    told = (*TOLD, telling(2, "down", is_marked=True))

    assert complaints(PLAYED, INCIDENTS, {"boss": told}, PROMISE) == []


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (TOLD[:2], "never told"),
        (TOLD[1:], "told of its end only"),
        ((*TOLD, telling(2, "down")), "told twice without the mark"),
        ((TOLD[0], telling(1, "was down"), TOLD[2]), "told twice without the mark"),
        ((TOLD[0], TOLD[2]), "the last message about it is not the truth"),
        ((*TOLD, telling(2, "up")), "the last that was told of ('office', '') is not the truth"),
        ((*TOLD, telling(3, "down")), "incident 3 was told, and nobody booked it"),
    ],
)
def test_what_is_told_wrongly_is_a_complaint(told: tuple[Telling, ...], words: str) -> None:
    assert words in "\n".join(complaints(PLAYED, INCIDENTS, {"boss": told}, PROMISE))


@pytest.mark.parametrize(
    ("outages", "incidents", "words"),
    [
        (OUTAGES, INCIDENTS[:1], "has 0 incidents"),
        (OUTAGES, (*INCIDENTS, Incident(3, "office", "PJSIP/101", 110.0, 131.0)), "has 2 incidents"),
        (OUTAGES[:1], INCIDENTS, "is of no outage"),
        ((OVER._replace(back_at=101.0), LASTS), INCIDENTS, "is of no outage that is worth one"),
        ((OVER._replace(back_at=None), LASTS), INCIDENTS, "does not end as"),
    ],
)
def test_what_is_booked_wrongly_is_a_complaint(
    outages: tuple[Outage, ...], incidents: tuple[Incident, ...], words: str
) -> None:
    assert words in "\n".join(complaints(Played(outages, DAEMONS), incidents, {"boss": TOLD}, PROMISE))


AGAIN = Outage("office", "PJSIP/101", 240.0, 260.0)


def test_outages_that_a_flap_window_divides_have_an_incident_each() -> None:
    merged = Incident(1, "office", "PJSIP/101", 100.2, 260.1)

    told = "\n".join(complaints(Played((OVER, AGAIN), DAEMONS), (merged,), {"boss": TOLD[:2]}, PROMISE))

    assert f"{AGAIN} has 0 incidents" in told


def test_an_incident_is_of_the_outage_in_which_it_was_opened() -> None:
    late = Incident(3, "office", "PJSIP/101", 241.0, 261.0)
    told = (*TOLD, *(telling(3, tells)._replace(endpoint="PJSIP/101") for tells in ("down", "up")))
    closed_late = INCIDENTS[0]._replace(closed_at=238.0)

    assert (
        complaints(Played((*OUTAGES, AGAIN), DAEMONS), (closed_late, late, INCIDENTS[1]), {"boss": told}, PROMISE) == []
    )


def test_an_answer_that_was_asked_for_before_the_outage_may_tell_of_it() -> None:
    asked_before = INCIDENTS[0]._replace(opened_at=OVER.gone_at - 0.001)

    assert complaints(Played(OUTAGES, DAEMONS), (asked_before, INCIDENTS[1]), {"boss": TOLD}, PROMISE) == []


def test_an_outage_within_the_flap_window_of_the_last_may_be_missed() -> None:
    soon = AGAIN._replace(gone_at=180.0)

    assert complaints(Played((*OUTAGES, soon), DAEMONS), INCIDENTS, {"boss": TOLD}, PROMISE) == []


def test_an_outage_that_no_daemon_looked_at_often_enough_may_be_missed() -> None:
    missed = Outage("office", "PJSIP/102", 112.0, 124.0)

    assert complaints(Played((*OUTAGES, missed), DAEMONS), INCIDENTS, {"boss": TOLD}, PROMISE) == []


def test_the_checker_shares_no_code_with_healthmon() -> None:
    tree = ast.parse(Path(checker.__file__).read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}

    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
