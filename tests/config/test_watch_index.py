"""Which section decides: what is looked up says the same as trying each pattern in turn."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.config.watch_index import WatchIndex
from healthmon.model import Target

HOLD = Hold(30, 10, 30)

#: Short texts of few letters, so that patterns and names often meet.
PATTERNS = st.text("PS/*?[]!12-", min_size=1, max_size=6)
NAMES = st.text("12-[", min_size=1, max_size=4)
PBXS = ("office", "shop")


@st.composite
def watches(draw: st.DrawFn) -> WatchConfig:
    """Draw a section of any patterns."""
    some = st.lists(PATTERNS, min_size=1, max_size=4).map(tuple)
    pbx = draw(st.sampled_from((("*",), ("office",), ("s*", "[x]"))))
    exclude = draw(st.one_of(st.just(()), some))
    return WatchConfig("any", endpoints=draw(some), hold=HOLD, receivers=(), exclude=exclude, pbx=pbx)


def plainly(sections: Sequence[WatchConfig], target: Target) -> WatchConfig | None:
    """Try each pattern of each section in turn."""

    def fits(name: str, patterns: Sequence[str]) -> bool:
        return any(fnmatchcase(name, pattern) for pattern in patterns)

    for section in sections:
        takes = fits(target.endpoint, section.endpoints) and not fits(target.endpoint, section.exclude)
        if takes and fits(target.pbx, section.pbx):
            return section
    return None


@given(
    st.lists(watches(), max_size=5),
    st.lists(st.builds(Target, st.sampled_from(PBXS), st.sampled_from(("P", "S")), NAMES), min_size=1, max_size=8),
)
def test_the_first_section_that_matches_decides(sections: list[WatchConfig], targets: list[Target]) -> None:
    index = WatchIndex(sections)

    for target in targets:
        assert index.watch_for(target) is plainly(sections, target)


@pytest.mark.parametrize(
    "target", [Target("office"), Target("office", "site", "203.0.113.7"), Target("", "receiver", "x")]
)
def test_what_is_no_endpoint_is_watched_by_no_section(target: Target) -> None:
    everything = WatchConfig("all", endpoints=("*",), hold=HOLD, receivers=())

    assert WatchIndex([everything]).watch_for(target) is None
