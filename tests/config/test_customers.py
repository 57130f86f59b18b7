"""Whose PBXs and watch sections are, and what somebody sees who is limited to a part."""

from __future__ import annotations

import pytest

from healthmon.config.customers import Customers, OwnedWatch
from healthmon.config.reload import difference
from healthmon.config.sections.user import NO_LIMITS, GuestLimits
from healthmon.errors import ConfigError
from healthmon.model import EVERYTHING, Matcher, Scope, Target
from tests.config.files import PBX, RECEIVER, WATCH, Files
from tests.publish.guests import PASSWORD, cheap_hash

#: acme has a PBX of its own, and phones on that of zeta, and on one that is nobody's.
BOTH = Customers(
    {"own": "acme", "theirs": "zeta", "hub": ""},
    {
        "guests": OwnedWatch("acme", ("theirs",)),
        "hers": OwnedWatch("acme", ("hub",)),
        "his": OwnedWatch("zeta", ("hub",)),
        "rest": OwnedWatch(),
    },
)
HASH = f"password_hash = {cheap_hash(PASSWORD)}\n"


def test_whoever_has_no_limits_sees_everything() -> None:
    assert BOTH.scope(NO_LIMITS) == EVERYTHING


def test_a_customer_sees_his_pbx_whole_and_of_others_the_endpoints_that_are_his() -> None:
    scope = BOTH.scope(GuestLimits(customers=("acme",)))

    assert scope.pbxs == {"own"}
    assert scope.parts == {("theirs", "guests"), ("hub", "hers")}
    assert scope.watches == {"guests", "hers"}


def test_a_pbx_on_which_another_has_a_section_is_not_seen_whole_by_its_owner() -> None:
    scope = BOTH.scope(GuestLimits(customers=("zeta",)))

    assert scope.pbxs == set()
    assert scope.parts == {("theirs", "rest"), ("hub", "his")}


def test_limits_add_up_and_who_is_limited_to_what_there_is_not_sees_nothing() -> None:
    both = BOTH.scope(GuestLimits(customers=("acme", "zeta"), pbxs=("hub",)))

    assert both.pbxs == {"own", "theirs", "hub"}
    assert BOTH.scope(GuestLimits(watches=("rest",))).parts == {(pbx, "rest") for pbx in BOTH.pbxs}
    assert BOTH.scope(GuestLimits(customers=("nobody",))) == Scope()


@pytest.mark.parametrize(
    ("pbx", "watch", "customer"),
    [("theirs", "guests", "acme"), ("theirs", "rest", "zeta"), ("theirs", "", "zeta"), ("hub", "rest", "")],
)
def test_a_section_says_whose_its_endpoints_are_and_else_their_pbx_does(pbx: str, watch: str, customer: str) -> None:
    assert BOTH.owner(pbx, watch) == customer


@pytest.mark.parametrize(
    ("target", "watch", "is_seen"),
    [
        (Target("own"), "", True),
        (Target("own", "site", "203.0.113.7"), "", True),
        (Target("own", "PJSIP", "1"), "a section of before", True),
        (Target("hub", "PJSIP", "1"), "hers", True),
        (Target("hub", "PJSIP", "1"), "his", False),
        (Target("hub", "PJSIP", "1"), "a section of before", False),
        (Target("hub"), "", False),
        (Target("hub", "site", "203.0.113.7"), "hers", False),
        (Target("theirs"), "", False),
        (Target("", "receiver", "oncall/boss"), "", False),
    ],
)
def test_a_scope_sees_what_it_names_and_nothing_else(target: Target, watch: str, is_seen: bool) -> None:
    assert BOTH.scope(GuestLimits(customers=("acme",))).sees(target, watch) is is_seen
    assert EVERYTHING.sees(target, watch)
    assert not Scope().sees(target, watch)


@pytest.mark.parametrize(
    ("matcher", "is_covered"),
    [
        (Matcher(pbxs=("own",)), True),
        (Matcher(watches=("hers", "guests")), True),
        (Matcher(endpoints=("own:PJSIP/*", "hub:PJSIP/1")), True),
        (Matcher(pbxs=("own", "hub")), False),
        (Matcher(pbxs=("o*",)), False),
        (Matcher(watches=("hers", "his")), False),
        (Matcher(watches=("rest",)), False),
        (Matcher(endpoints=("PJSIP/1",)), False),
        (Matcher(endpoints=("hub:PJSIP/*",)), False),
        (Matcher(endpoints=("hub:PJSIP/2",)), False),
        (Matcher(sites=("203.0.113.7",)), False),
        (Matcher(), False),
    ],
)
def test_a_silence_is_covered_where_it_can_mean_nothing_else(matcher: Matcher, is_covered: bool) -> None:
    scope = BOTH.scope(GuestLimits(customers=("acme",)))

    assert scope.covers(matcher, [Target("hub", "PJSIP", "1"), Target("own", "PJSIP", "7")]) is is_covered
    assert EVERYTHING.covers(matcher, ())


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("customer = acne", "there is no .* with customer = acne"),
        ("pbx = offics", r"there is no \[pbx offics\]"),
        ("watch = phone", r"there is no \[watch phone\]"),
        ("customer = ,", "names nothing"),
    ],
)
def test_a_limit_that_names_what_is_not_there_is_refused(line: str, why: str, files: Files) -> None:
    owned = PBX.rstrip() + "\ncustomer = acme\n"
    with pytest.raises(ConfigError, match=why):
        files.load(f"{owned}{WATCH}{RECEIVER}[user bob]\n{HASH}{line}\n")


def test_where_somebody_sees_something_else_the_web_process_begins_anew(files: Files) -> None:
    owned, bob = PBX.rstrip() + "\ncustomer = acme\n", f"[user bob]\n{HASH}customer = acme\n"
    before = files.load(f"{owned}{WATCH}{RECEIVER}{bob}")
    guests = files.load(f"{owned}{WATCH}[watch guests]\nendpoints = SIP/*\ncustomer = zeta\n{RECEIVER}{bob}")

    assert difference(before, guests).web_changed
    assert "others may see what is seen over HTTP" in difference(before, guests).consequences


def test_whose_what_is_does_not_matter_where_nobody_is_limited(files: Files) -> None:
    owned = PBX.rstrip() + "\ncustomer = acme\n"

    assert not difference(files.load(PBX + WATCH + RECEIVER), files.load(owned + WATCH + RECEIVER)).web_changed
