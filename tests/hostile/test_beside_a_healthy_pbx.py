"""Hostile PBXs beside a healthy one: its outage is told in time, each of them is told as what it is, nothing breaks."""

from __future__ import annotations

import fnmatch
import os
from pathlib import Path

import pytest

from tests.hostile.catalogue import MISBEHAVIOURS
from tests.hostile.rest import ELSEWHERE
from tests.hostile.siege import Siege, is_seen, is_told_as, lay_siege, words_told

#: The hold of a second, what a message waits for others, and what two busy cores add (seconds).
TOLD_WITHIN = 6.0
MOST_MEMORY_MORE = 64


#: One or two of each kind, for a machine that has other tests to run; `make soak` has all of them at once.
SOME = (
    "drip-the-body",
    "continue-100-without-end",
    "header-of-10-mb",
    "chunk-size-negative",
    "gzip-bomb",
    "redirect-to-no-url",
    "broken-cookie",
    "levels-100-000",
    "key-twice",
    "masked-frame",
    "length-of-2-to-the-63",
    "empty-fragments",
    "event-with-a-number-of-400-digits",
    "silence",
    "close-1015",
    "empty-line-before-the-handshake",
)


@pytest.fixture(scope="module", params=["some", pytest.param("all", marks=pytest.mark.soak)])
def siege(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Siege:
    """Many misbehaviours at once, or those of which HEALTHMON_MISBEHAVIOURS is the pattern."""
    names = SOME if request.param == "some" else tuple(MISBEHAVIOURS)
    pattern = os.environ.get("HEALTHMON_MISBEHAVIOURS")
    return lay_siege(tmp_path_factory.mktemp("siege"), fnmatch.filter(MISBEHAVIOURS, pattern) if pattern else names)


def test_outage_of_the_healthy_pbx_is_told_in_time_whatever_the_others_do(siege: Siege) -> None:
    assert max(siege.delays) < TOLD_WITHIN, siege.delays


def test_each_hostile_pbx_is_seen_as_what_it_is(siege: Siege) -> None:
    assert {name: row["reason"] for name, row in siege.during.items() if not is_seen(name, row)} == {}


def test_each_hostile_pbx_is_told_as_what_it_is(siege: Siege) -> None:
    told = words_told(siege.messages)
    assert [name for name in siege.requests if not is_told_as(name, told)] == []


def test_each_hostile_pbx_is_up_when_it_behaves_again(siege: Siege) -> None:
    assert {name: row["reason"] for name, row in siege.after.items() if row["state"] != "up"} == {}


def test_each_hostile_pbx_was_asked_and_none_was_followed_elsewhere(siege: Siege) -> None:
    assert [name for name, calls in siege.requests.items() if not calls] == []
    assert [name for name, calls in siege.requests.items() if any(ELSEWHERE in call for call in calls)] == []


def test_daemon_lives_to_the_end_without_a_traceback(siege: Siege) -> None:
    assert siege.exit_code == 0
    assert "Traceback" not in siege.log


def test_memory_is_bounded(siege: Siege) -> None:
    assert siege.memory_after < siege.memory_before + MOST_MEMORY_MORE


def test_commands_work_while_they_misbehave(siege: Siege) -> None:
    assert {words: code for words, (code, _) in siege.commands.items() if code not in (0, 1)} == {}
    for words, (_, printed) in siege.commands.items():
        assert "Traceback" not in printed, words
        assert "healthy" in printed, words


@pytest.mark.soak
@pytest.mark.parametrize("name", MISBEHAVIOURS)
def test_soak_each_misbehaviour_by_itself(tmp_path: Path, name: str) -> None:
    siege = lay_siege(tmp_path, [name])

    assert is_seen(name, siege.during[name]), siege.during[name]
    assert is_told_as(name, words_told(siege.messages))
    assert siege.after[name]["state"] == "up"
    assert max(siege.delays) < TOLD_WITHIN
    assert siege.exit_code == 0
    assert "Traceback" not in siege.log
    assert siege.memory_after < siege.memory_before + MOST_MEMORY_MORE
