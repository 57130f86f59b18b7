"""What a person means by a name."""

from __future__ import annotations

import pytest

from healthmon.model import Kind, Target
from healthmon.report.target_names import BadTarget, find_target, short_name
from healthmon.store.read.known_targets import KnownTarget
from tests.report.builder import NOW


def known(*targets: Target) -> list[KnownTarget]:
    return [KnownTarget(target, Kind.PBX if target.is_pbx else Kind.PHONE, watched_since=NOW) for target in targets]


OFFICE, BRANCH = Target("office"), Target("branch")
DESK, SAME_NAME, TRUNK = (
    Target("office", "PJSIP", "101"),
    Target("branch", "PJSIP", "101"),
    Target("office", "SIP", "tk"),
)
SITE = Target("office", "site", "203.0.113.7")
URL = Target("", "receiver", "oncall/boss")
ALL = known(OFFICE, BRANCH, DESK, SAME_NAME, TRUNK, SITE, URL)


@pytest.mark.parametrize(
    ("words", "target"),
    [
        ("office", OFFICE),
        ("pbx office", OFFICE),
        ("office:PJSIP/101", DESK),
        ("branch:101", SAME_NAME),
        ("PJSIP/101 on branch", SAME_NAME),
        ("SIP/tk", TRUNK),
        ("sip/TK", TRUNK),
        ("tk", TRUNK),
        ("203.0.113.7", SITE),
        ("site 203.0.113.7", SITE),
        ("office:site 203.0.113.7", SITE),
        ("oncall/boss", URL),
        ("receiver oncall/boss", URL),
    ],
)
def test_a_target_is_found_by_what_people_call_it(words: str, target: Target) -> None:
    assert find_target(words, ALL).target == target


@pytest.mark.parametrize("target", [one.target for one in ALL])
def test_the_short_name_means_nothing_else(target: Target) -> None:
    assert find_target(short_name(target), ALL).target == target


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("101", "101 names 2 targets: office:PJSIP/101, branch:PJSIP/101; write which one you mean"),
        ("10", "this is a part of 2 targets: office:PJSIP/101, branch:PJSIP/101"),
        ("SIP/tkk", "did you mean office:SIP/tk?"),
        ("offize", "did you mean office?"),
        ("xyzzy", "healthmon status --all shows the names"),
        ("", "healthmon status --all shows the names"),
        ("a\x1b[2Jb", "a�[2Jb: nothing of this name"),
    ],
)
def test_what_is_not_clear_is_refused_with_what_may_be_meant(words: str, sentence: str) -> None:
    with pytest.raises(BadTarget) as refused:
        find_target(words, ALL)

    assert sentence in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_hundred_that_match_are_not_all_listed() -> None:
    with pytest.raises(BadTarget, match=r"names 100 targets: pbx0:PJSIP/101, .*pbx7:PJSIP/101 and 92 more"):
        find_target("101", known(*(Target(f"pbx{number}", "PJSIP", "101") for number in range(100))))


def test_what_is_watched_goes_before_what_was() -> None:
    gone = KnownTarget(Target("old-office", "PJSIP", "101"), Kind.PHONE, watched_since=1.0, forgotten_at=NOW)

    assert find_target("101", [gone, *known(DESK)]).target == DESK
    assert find_target("101", [gone]) == gone


def test_the_spelling_that_fits_exactly_goes_before_another_case() -> None:
    lower, upper = Target("office", "PJSIP", "anna"), Target("office", "PJSIP", "Anna")

    assert find_target("Anna", known(lower, upper)).target == upper
