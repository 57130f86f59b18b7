"""What programs that follow are told has changed, and what is remembered for that."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from healthmon.model import CheckState, Health
from healthmon.publish import changes
from healthmon.publish.changes import ChangeLog
from healthmon.report.status.rows import Status, endpoint_rows
from tests.report.builder import NOW, phone


def status(states: Iterable[CheckState]) -> Status:
    """How these stand."""
    return Status(NOW, NOW, True, (), endpoint_rows(states, ()))


def phones(up: int, down: int) -> list[CheckState]:
    """So many of each; the first are down."""
    return [phone(str(number), [Health.UP, Health.DOWN][number < down]) for number in range(up + down)]


def test_what_has_changed_since_a_revision_is_known_but_not_since_before_the_first() -> None:
    log = ChangeLog()
    for number, down in enumerate((0, 1, 3)):
        log.note(str(number), status(phones(5 - down, down)))

    assert log.since("elsewhere") is None
    assert log.since("2") == frozenset()
    assert {target.resource for target, _ in log.since("1") or ()} == {"1", "2"}
    assert {target.resource for target, _ in log.since("0") or ()} == {"0", "1", "2"}


def test_of_storms_only_so_much_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "MOST_REMEMBERED", 6)
    log = ChangeLog()
    for number, down in enumerate((0, 4, 0, 4, 5)):
        log.note(str(number), status(phones(5 - down, down)))

    assert [log.since(revision) is None for revision in "01234"] == [True, True, True, False, False]


def test_what_has_not_changed_is_remembered_once() -> None:
    log = ChangeLog()
    log.note("0", status(phones(4, 1)))
    before = {row.target: row for row in log.as_known(status(phones(4, 1))).targets}
    now = log.as_known(status(phones(3, 2)))

    assert {row.target.resource for row in now.targets if row is not before[row.target]} == {"1"}
    assert now == status(phones(3, 2))
