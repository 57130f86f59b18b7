"""The screen of ``healthmon watch``, without a terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from rich.cells import cell_len

from healthmon.model import CheckState, Health
from healthmon.publish.terminal.events import StateChange, changes_between
from healthmon.publish.terminal.frame import FILTERS, ScreenLine, View, frame, rows_of
from healthmon.publish.terminal.keys import after_key, keys_in
from healthmon.report.status.query import read_status
from healthmon.report.status.rows import Status
from healthmon.store.read.queries import open_reader
from tests.report.builder import HOUR, NOW, connection, outage, phone, provider, running

UTC = ZoneInfo("UTC")
DOWN = Health.DOWN

Read = Callable[..., Status]


@pytest.fixture
def status_of(tmp_path: Path) -> Read:
    """How everything stands in a database with these in it."""

    def read(states: Iterable[CheckState], **facts: Any) -> Status:
        path = tmp_path / "h.db"
        path.unlink(missing_ok=True)
        with running(path, states, **facts), open_reader(path) as reader:
            return read_status(reader, NOW, {})

    return read


def text_of(lines: Iterable[ScreenLine]) -> list[str]:
    """What is to be read."""
    return ["".join(piece.text for piece in line).rstrip() for line in lines]


def test_the_worst_comes_first_and_the_last_line_says_what_the_keys_do(status_of: Read) -> None:
    status = status_of([connection(), phone("101"), phone("102", DOWN), provider("trunk", DOWN, since=NOW - HOUR)])
    event = StateChange(NOW, "PJSIP/102 on office", Health.UP, DOWN, "contact removed")

    lines = text_of(frame(status, [event], View(), UTC, (100, 12)))

    assert len(lines) == 12
    assert lines[0] == "healthmon Fri 12:00:00  1 PBX, 3 endpoints: 1 up, 2 down"
    assert lines[1].split() == ["STATE", "SINCE", "KIND", "ENDPOINT"]
    assert lines[2].startswith("down      11:00:00      provider     PJSIP/trunk")
    assert lines[4].startswith("up ")
    assert lines[-3:-1] == ["changes", "12:00:00 down     PJSIP/102 on office  contact removed"]
    assert lines[-1].endswith("1-3 of 3")


@pytest.mark.parametrize("width", [80, 120])
def test_of_a_long_name_with_a_long_why_the_end_stays_and_a_gap_after_it(width: int, status_of: Read) -> None:
    names = [f"trunk-of-a-very-long-name-at-telekom-in-berlin-{number:02}" for number in (0, 8)]
    trunks = [provider(name, DOWN, reason="no answer from 192.0.2.1:5060 " * 4) for name in names]
    status = status_of([connection(), *trunks])

    rows = text_of(frame(status, [], View(), UTC, (width, 12)))[2:4]

    for row, end in zip(rows, ("-00  no answer", "-08  no answer"), strict=True):
        assert end in row
        assert row.endswith("…")
        assert len(row) <= width
    assert all("…" in row[:-1] for row in rows) == (width == 80)


def test_which_part_is_shown_stays_whole_beside_a_search(status_of: Read) -> None:
    status = status_of([connection(), *(phone(f"{number}") for number in range(1000, 1100))])

    lines = text_of(frame(status, [], View(search="PJSIP/10"), UTC, (80, 12)))

    assert lines[-1].endswith("1-9 of 100 'PJSIP/10'")


def test_what_makes_the_rest_untrue_stands_above_it(status_of: Read) -> None:
    with_site = outage(7, connection("branch", DOWN), NOW - 60)
    status = status_of([connection(), connection("branch", DOWN), phone("101")], incidents=[with_site])
    old = replace(status, now=NOW + 600)

    lines = text_of(frame(old, [], View(), UTC, (100, 20), trouble="the disk is gone"))

    assert lines[1] == "OLD: the disk is gone"
    assert lines[2].startswith("STALE: the daemon hangs, or cannot write its database. Known as of 11:59:57.")
    assert lines[3].startswith("down      PBX branch: connection refused")


def test_keys_choose_what_is_seen_and_a_search_finds_by_name_or_reason(status_of: Read) -> None:
    states = [connection(), phone("101"), phone("102", DOWN, reason="contact removed"), provider("trunk")]
    status = status_of(states)

    def seen(view: View) -> list[str]:
        return [row.target.resource for row in rows_of(status, view)]

    assert seen(View("d")) == seen(View("n")) == ["102"]
    assert seen(View("p")) == ["trunk"]
    assert seen(View("f")) == ["102", "101"]
    assert seen(View(search="REMOVED")) == ["102"]
    assert seen(View("p", search="101")) == []


def test_a_search_is_typed_letter_by_letter_also_those_that_are_keys_otherwise() -> None:
    view = View("d", above=3)
    for key in keys_in("/qd\x7f1\r"):
        view = after_key(view, key, 10, 100)

    assert view == View("d", search="q1")
    assert after_key(view, "\x1b", 10, 100).search == ""


@pytest.mark.parametrize(
    ("typed", "above"),
    [
        ("\x1b[B\x1b[B\x1b[A", 1),
        ("\x1b[6~", 10),
        ("\x1b[6~\x1b[5~", 0),
        ("G", 90),
        ("\x1b[F\x1b[B", 90),
        ("Gg", 0),
        ("x", 0),
    ],
)
def test_arrows_and_pages_move_within_what_there_is(typed: str, above: int) -> None:
    view = View()
    for key in keys_in(typed):
        view = after_key(view, key, 10, 100)

    assert view.above == above


def test_what_changed_between_two_looks_is_an_event_and_what_is_new_is_none(status_of: Read) -> None:
    before = status_of([connection(), phone("101"), phone("102")])
    after = status_of([connection(), phone("101", DOWN), phone("102"), phone("103", DOWN)])

    [event] = changes_between(before, after)

    assert (event.name, event.before, event.after) == ("PJSIP/101 on office", Health.UP, DOWN)


@pytest.fixture
def base(status_of: Read) -> Status:
    """A phone that is up."""
    return status_of([connection(), phone("101")])


NAMES = st.text(max_size=40) | st.sampled_from(["Büro <b>", "電話", "a\x1b[2Jb", "\u202e"])


@given(
    st.lists(st.tuples(NAMES, st.sampled_from(Health), NAMES), max_size=12),
    st.sampled_from(list(FILTERS)),
    st.integers(0, 200),
    st.tuples(st.integers(40, 200), st.integers(8, 60)),
)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_each_frame_fits_the_screen_and_holds_nothing_that_a_terminal_obeys(
    base: Status, rows: list[tuple[str, Health, str]], chosen: str, above: int, size: tuple[int, int]
) -> None:
    [row] = base.targets
    targets = [
        replace(row, target=row.target._replace(resource=name), state=state, reason=reason)
        for name, state, reason in rows
    ]
    status = replace(base, targets=tuple(targets))
    events = [StateChange(NOW, name, None, state, reason) for name, state, reason in rows]

    lines = frame(status, events, View(chosen, above=above), UTC, size)

    texts = ["".join(piece.text for piece in line) for line in lines]
    assert len(texts) == size[1]
    assert all(cell_len(text) <= size[0] for text in texts)
    assert all(text.isprintable() for text in texts)
