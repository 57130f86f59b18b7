"""What ``healthmon discover`` proposes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from healthmon.config.loading import checks
from healthmon.model import EndpointSettings, Target
from healthmon.report.admin.discovery import (
    discovered,
    effective_holds,
    escaped_pattern,
    matches_nothing,
    sections_to_paste,
    what_to_delete,
)
from tests.config.files import PBX, RECEIVER, WATCH, Files


def endpoint(name: str, *, is_trunk: bool = False) -> EndpointSettings:
    """A PJSIP endpoint that Asterisk checks."""
    target = Target("office", "PJSIP", name)
    return EndpointSettings(target, 0.0, known=True, qualify_frequency=60, max_contacts=1, has_static_contact=is_trunk)


def test_sections_are_of_kind_auto_and_commas_and_wildcards_in_names_match_themselves(tmp_path: Path) -> None:
    files = Files(tmp_path)
    config = files.load(PBX + WATCH + RECEIVER)
    names = ["a,b", "x*y?[z]", "${HOME}", "plain"]
    found = [discovered(endpoint(name, is_trunk=True), "online", config) for name in names]
    found.append(discovered(endpoint("101"), "online", config))

    pasted = sections_to_paste(found, ["oncall"])

    assert pasted.count("kind = auto\n") == 2
    # Proposed for providers alone, and not switched on.
    assert pasted.count("#probe = auto\n") == 1
    assert pasted.index("#probe = auto\n") < pasted.index("[watch phones]")
    again = files.load(PBX + RECEIVER + pasted)
    assert again.warnings == ()
    assert not again.has_probes
    assert {str(watch.name) for one in found if (watch := again.watch_for(one.target))} == {"providers", "phones"}
    assert all(again.watch_for(one.target) is again.watches[0] for one in found[:-1])
    assert escaped_pattern("PJSIP/a,b") == "PJSIP/a?b"
    assert escaped_pattern("PJSIP/a\ndown_after = 1d\x85b") == "PJSIP/a?down_after = 1d?b"


def test_a_section_for_what_is_still_to_come_is_no_slip(tmp_path: Path) -> None:
    watches = "[watch trunk]\nendpoints = PJSIP/trunk\n[watch rest]\nendpoints = PJSIP/*\n"
    config = Files(tmp_path).load(PBX + RECEIVER + watches)

    assert matches_nothing({"office": [Target("office", "PJSIP", "trunk")]}, config) == []
    assert matches_nothing({"office": [Target("office", "PJSIP", "101")]}, config) == [
        "[watch trunk] matches nothing that is there"
    ]


def test_it_says_which_sections_to_delete_when_its_own_are_pasted(tmp_path: Path) -> None:
    files = Files(tmp_path)
    others = "[watch sip]\nendpoints = SIP/*\n[watch desks]\nendpoints = PJSIP/1*\n[watch phones]\nendpoints = IAX2/*\n"
    config = files.load(PBX + RECEIVER + others)
    found = [discovered(endpoint("101"), "online", config)]

    assert what_to_delete(found, config) == "delete these sections of it first: watch desks, watch phones"
    assert what_to_delete([], files.load(PBX + RECEIVER + "[watch sip]\nendpoints = SIP/*\n")) == ""


def test_a_section_that_matches_nothing_is_named_once_every_pbx_has_answered(tmp_path: Path) -> None:
    config = Files(tmp_path).load(PBX + RECEIVER + "[watch sip]\nendpoints = SIP/*\n[watch all]\nendpoints = *\n")
    listed = [Target("office", "PJSIP", "101")]

    assert matches_nothing({"office": listed}, config) == ["[watch sip] matches nothing that is there"]
    assert matches_nothing({"office": [*listed, Target("office", "SIP", "1")]}, config) == []
    assert matches_nothing({}, config) == []


def test_a_name_of_an_endpoint_that_no_pbx_has_is_said(tmp_path: Path) -> None:
    names = ("PJSIP/101", "office:PJSIP/101", "office:PJSIP/998", "PJSIP/999", "REGISTRATION/old")
    lines = "".join(f"{name} = Reception\n" for name in names)
    config = Files(tmp_path).load(PBX + WATCH + RECEIVER + f"[names]\n{lines}")

    said = matches_nothing({"office": [Target("office", "PJSIP", "101")]}, config)

    # Of a registration of nobody no list of endpoints tells.
    assert said == [
        "[names] office:PJSIP/998: no PBX has such an endpoint",
        "[names] PJSIP/999: no PBX has such an endpoint",
    ]


@pytest.mark.parametrize("is_missing", [True, False])
def test_a_proposal_of_our_own_options_says_what_is_missing_here(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_missing: bool
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None if is_missing else object())
    config = Files(tmp_path).load(PBX + WATCH + RECEIVER)

    pasted = sections_to_paste([discovered(endpoint("trunk", is_trunk=True), "online", config)], ["oncall"])

    assert (f"# Needs sipmessage and dnspython: {sys.executable} -m pip install" in pasted) is is_missing
    assert "#probe = auto\n" in pasted


def test_a_site_and_a_maintenance_window_that_match_nothing_are_named_too(tmp_path: Path) -> None:
    watch = "[watch all]\nendpoints = PJSIP/*\n"
    site = "[site {name}]\nendpoints = {pattern}\n"
    window = "[maintenance {name}]\nendpoints = {pattern}\ndays = daily\ntime = 02:00-03:00\n"
    some = [part.format(name="there", pattern="PJSIP/1*") for part in (site, window)]
    none = [part.format(name="nowhere", pattern="PJSIP/9*") for part in (site, window)]
    by_address = "[site shop]\naddresses = 203.0.113.0/28\n"
    config = Files(tmp_path).load(PBX + RECEIVER + watch + "".join(some + none) + by_address)

    assert matches_nothing({"office": [Target("office", "PJSIP", "101")]}, config) == [
        "[site nowhere] matches nothing that is there",
        "[maintenance nowhere] matches nothing that is there",
    ]


def test_the_hold_of_a_site_is_shown_where_it_is_shorter_than_that_of_its_phones(tmp_path: Path) -> None:
    watches = "[watch trunks]\nendpoints = PJSIP/trunk*\ndown_after = 3m\n"
    watches += "[watch all]\nendpoints = PJSIP/*\ndown_after = {}\n"
    found = [endpoint("trunk", is_trunk=True), endpoint("101"), endpoint("102")]

    patient = effective_holds(found, Files(tmp_path).load(PBX + RECEIVER + watches.format("3m")))
    quick = effective_holds(found, Files(tmp_path).load(PBX + RECEIVER + watches.format("30s")))

    # Checked every 60 s.
    assert patient == [
        "watch trunks: 1 endpoint: down after 3m, up after 10s, degraded after 3m",
        "watch all: 2 endpoints: down after 3m, up after 10s, degraded after 3m; a site of them down after 62s",
    ]
    assert quick[1] == "watch all: 2 endpoints: down after 62s, up after 10s, degraded after 62s"
