"""Sections that name places, and what is wrong with them."""

from __future__ import annotations

import pytest

from tests.config.files import Files, pbx

BASE = pbx() + "[watch phones]\nendpoints = PJSIP/*\n[receiver oncall]\nurls = json://127.0.0.1:9000/alerts\n"


def test_a_site_by_addresses_and_names(files: Files) -> None:
    config = files.load(
        "[healthmon]\nsite_share = 25%\nsite_window = 1m\n"
        + BASE
        + "[site warehouse]\naddresses = 203.0.113.7, 2001:DB8:7::/48\nendpoints = PJSIP/4*\npbx = off*\n"
    )

    (site,) = config.sites
    assert (config.site_share, config.site_window) == (0.25, 60.0)
    assert (site.name, site.addresses) == ("warehouse", ("203.0.113.7/32", "2001:db8:7::/48"))
    assert (site.endpoints, site.pbx) == (("PJSIP/4*",), ("off*",))


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[site here]\npbx = office\n", "[site here] addresses: is missing; give addresses or endpoints"),
        ("[site here]\naddresses = 203.0.113.7/24\n", "203.0.113.7/24: is no address and no network"),
        ("[site here]\naddresses = example.net\n", "example.net: is no address and no network"),
        ("[site here]\nendpoints = PJSIP/4*\npbx = ofice\n", "ofice: matches no [pbx …] section; did you mean office?"),
        ("[healthmon]\nsite_share = 0.3\n", "0.3: must be a percentage between 1% and 100%"),
        ("[healthmon]\nsite_share = 0%\n", "0%: must be a percentage between 1% and 100%"),
    ],
)
def test_what_is_wrong_with_a_site_is_said(files: Files, text: str, sentence: str) -> None:
    assert any(sentence in problem for problem in files.problems(BASE + text))


def test_a_maintenance_window_may_speak_of_a_site(files: Files) -> None:
    config = files.load(BASE + "[maintenance move]\ndays = daily\ntime = 01:00-02:00\nsite = warehouse\n")

    assert config.maintenance[0].matcher.sites == ("warehouse",)
