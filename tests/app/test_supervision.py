"""A defect of ours ends the work of one thread for a while, and nothing else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from healthmon.app.supervision import Defects, keep_running
from healthmon.errors import DatabaseUnwritable

TOLD_AFTER = 60.0


class Scene(Event):
    """A stop that nobody waits for, and a clock that goes on by itself: work and pauses take no time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1000.0
        self.pauses: list[float] = []
        self.noted: list[str] = []
        self.defects = Defects(TOLD_AFTER)

    def wait(self, timeout: float | None = None) -> bool:
        """Let the time pass."""
        assert timeout is not None
        self.pauses.append(timeout)
        self.now += timeout
        return self.is_set()

    def run(self, work: Callable[[], object]) -> None:
        """Keep some work running until it ends, or the test says stop."""
        keep_running(work, stop=self, note=self.noted.append, defects=self.defects, steady=lambda: self.now)

    def failing(self, times: int, *, lasting: float = 0.0) -> Callable[[], None]:
        """Work that goes on for so long and fails, so many times, and then ends well."""

        def work() -> None:
            self.now += lasting
            if len(self.noted) < times:
                raise ValueError("tgram://123:TOKEN is no number")

        return work


def test_work_that_has_a_defect_begins_anew_until_it_ends_well() -> None:
    scene = Scene()

    scene.run(scene.failing(2))

    assert scene.pauses == [1.0, 5.0]
    assert scene.defects.total == 2


def test_the_pauses_grow_and_from_the_third_on_it_rests_until_people_were_told() -> None:
    scene = Scene()

    scene.run(scene.failing(7))

    assert scene.pauses == [1.0, 5.0, TOLD_AFTER, 120.0, 600.0, 600.0, 600.0]


def test_what_rests_says_again_and_again_why_so_that_it_can_be_believed_in_time() -> None:
    scene = Scene()

    def work() -> None:
        if scene.defects.total == 3:
            return
        raise ValueError

    keep_running(work, stop=scene, note=scene.noted.append, defects=scene.defects, note_every=5.0)

    assert scene.pauses == [1.0, 5.0, *[5.0] * 12]
    assert len(scene.noted) == 3 + 11
    assert set(scene.noted) == {"a defect of healthmon (ValueError): its log says where"}


def test_what_went_well_for_ten_minutes_is_forgiven() -> None:
    scene = Scene()

    scene.run(scene.failing(4, lasting=600.0))

    assert scene.pauses == [1.0] * 4


def test_told_is_the_type_alone_and_the_traceback_goes_to_the_log(caplog: pytest.LogCaptureFixture) -> None:
    scene = Scene()

    scene.run(scene.failing(1))

    assert scene.noted == ["a defect of healthmon (ValueError): its log says where"]
    [record] = [record for record in caplog.records if record.levelno == logging.CRITICAL]
    assert "TOKEN" not in record.getMessage()
    assert record.exc_info is not None
    assert isinstance(record.exc_info[1], ValueError)


def test_nothing_goes_on_without_the_database() -> None:
    scene = Scene()

    def work() -> None:
        raise DatabaseUnwritable(Path("h.db"), "the disk is full")

    with pytest.raises(DatabaseUnwritable):
        scene.run(work)
    assert scene.noted == []


def test_what_is_told_to_stop_does_not_begin_anew() -> None:
    scene = Scene()

    def work() -> None:
        scene.set()
        raise ValueError

    scene.run(work)

    assert scene.defects.total == 1
