"""What people call an endpoint, and which of two names goes before."""

from __future__ import annotations

import pytest

from healthmon.model import NO_NAMES, DisplayNames, Target

DESK = Target("office", "PJSIP", "103")

NAMES = DisplayNames(
    {"PJSIP/103": "Reception", "branch:PJSIP/103": "Porter", "PJSIP/104": "104"},
    {DESK: "Anna", Target("office", "PJSIP", "104"): "Bob", Target("office", "PJSIP", "105"): "Carla"},
)


@pytest.mark.parametrize(
    ("target", "called"),
    [
        (DESK, "Reception"),
        (DESK._replace(pbx="branch"), "Porter"),
        (DESK._replace(resource="105"), "Carla"),
        (DESK._replace(technology="SIP"), ""),
        (DESK._replace(resource="104"), ""),
        (Target("office"), ""),
        (Target("office", "site", "203.0.113.7"), ""),
    ],
)
def test_a_line_of_the_configuration_goes_before_the_caller_id_and_one_for_a_pbx_before_both(
    target: Target, called: str
) -> None:
    assert NAMES.of(target) == called


def test_nothing_has_a_name_where_nobody_gave_one() -> None:
    assert (NO_NAMES.of(DESK), bool(NO_NAMES), bool(NAMES)) == ("", False, True)
