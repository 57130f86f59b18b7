"""A row of the table on a real Asterisk: what its script enters is done when its time has come."""

from __future__ import annotations

import time
from collections.abc import Callable
from operator import itemgetter
from typing import NamedTuple
from unittest.mock import MagicMock

from tests.scenarios.channel import Manner
from tests.scenarios.rows import Row
from tests.system.world import GRACE, LASTS_AT_MOST, PATIENCE, Setting, World

#: One URL at which nobody listens, one that never answers, and one that always refuses.
DEAD = ("refuse", "hang", "500")
#: After a return: the longest pause between two attempts, which varies by a quarter, and a moment (seconds). Where
#: nobody knows whether the last attempt arrived the pauses are a minute, then two, then four.
SOON = {"refuse": 10.0, "500": 10.0, "hang": 310.0}
#: From what is due to its arrival, on a machine that has a lot to do (seconds); phones are not all checked at once.
MOMENT = 15.0


class Plot(NamedTuple):
    """What a script enters."""

    times: list[float]
    has_restarts: bool


def plot_of(row: Row) -> Plot:
    """Have a script enter what happens, and do none of it."""
    stage = MagicMock()
    row.script(stage)
    entered = [call.args for call in stage.at.call_args_list]
    return Plot([at for at, *_ in entered], any(action is stage.pbx.restarts for _, action, *_ in entered))


def setting_of(row: Row) -> Setting:
    """What a row says about its world."""
    checked = max(peer.endpoint.qualify_frequency for peer in row.peers() if "trunk" not in peer.name)
    return Setting(
        hold=row.hold,
        qualify=int(checked),
        pbx=f"down_after = 10s\nup_after = 5s\npoll_every = {row.poll_every:g}s\n{row.of_pbx}",
        watch=row.sooner,
        receiver="longest_pause = 5s",
        # One that has just booted is in its first grace, which a restart does not extend (rule 11).
        has_run_for=GRACE if plot_of(row).has_restarts else 0.0,
        dead=DEAD if row.told_elsewhere else (),
    )


class StagePbx:
    """A real Asterisk and its peers, in the words of the table."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: Whoever is gone at present, by the names of ARI.
        self.gone: set[str] = set()
        self.has_started = False

    def dies(self, *names: str) -> None:
        """These peers no longer answer."""
        self.gone.update(names)
        for name in names:
            self._world.peer(name).vanish()

    def returns(self, *names: str) -> None:
        """These peers answer again."""
        self.gone.difference_update(names)
        for name in names:
            self._world.peer(name).come_back()

    def registers(self, *names: str) -> None:
        """These phones register."""
        self.gone.difference_update(names)
        for name in names:
            self._world.phone(name).register(wait=False)

    def restarts(self, *forgotten: str) -> None:
        """It ends and starts again; the registrations of some are forgotten."""
        self._world.pbx.stop()
        self._world.forget_registrations(*forgotten)
        self.gone.update(forgotten)
        # Whoever is to be gone is so before it has read its configuration.
        self._world.pbx.start(wait=False)
        self.has_started = True

    def is_killed(self) -> None:
        """``kill -9``."""
        self._world.pbx.kill()

    def starts(self) -> None:
        """It is started again."""
        self._world.pbx.start()
        self.has_started = True

    def freezes(self) -> None:
        """SIGSTOP."""
        self._world.pbx.freeze()

    def thaws(self) -> None:
        """SIGCONT."""
        self._world.pbx.thaw()

    def refuses_our_password(self) -> None:
        """``ari.conf`` is edited."""
        self._world.set_ari_password("another-one")

    def takes_our_password(self) -> None:
        """``ari.conf`` is edited back."""
        self._world.set_ari_password("")


class StageChannel:
    """Three channels that are dead from the beginning, each in its way; they return together."""

    def __init__(self, world: World) -> None:
        self._world = world
        #: When they returned (UTC); 0.0: they have not.
        self.returned_at = 0.0

    def takes(self, manner: Manner) -> None:
        """From now on they take messages like this."""
        assert manner in (Manner.IS_DEAD, Manner.ACCEPTS)
        if manner is Manner.ACCEPTS:
            self._world.return_to_life()
            self.returned_at = time.time()


class Stage:
    """Plays the script of a row, counted from the first thing that happens in it. Owned by the test's thread."""

    def __init__(self, world: World, row: Row) -> None:
        self._world = world
        self._row = row
        self.pbx, self.channel = StagePbx(world), StageChannel(world)
        self._entered: list[tuple[float, Callable[..., None], tuple[object, ...]]] = []
        #: Until when nobody is told (UTC); 0.0: there was no silence.
        self._silent_until = 0.0
        row.script(self)

    def at(self, seconds: float, action: Callable[..., None], *whom: object) -> None:
        """Have something happen at a time."""
        self._entered.append((seconds, action, whom))

    def silence(self, seconds: float) -> None:
        """``healthmon silence add`` over everything, ``--for`` so long."""
        self._silent_until = self._world.silence(seconds)

    def play(self) -> None:
        """Do all of it; return when all that is to be told of it was told."""
        entered = sorted(self._entered, key=itemgetter(0))
        began_at, first_at = self._world.now, entered[0][0]
        for at, action, whom in entered:
            self._world.pass_time_until(began_at + at - first_at)
            action(*whom)
        for told in self._row.told_elsewhere or self._row.told:
            self._world.told.wait(told, GRACE + PATIENCE)
        if self._world.setting.dead:
            for told in self._row.told:
                self._world.told_late.wait(told, LASTS_AT_MOST)
        if self._silent_until:
            self._world.wait_silences_over()
        if self.pbx.has_started:
            self._world.wait_run_seen()
        self._world.settle(*(name.removeprefix("PJSIP/") for name in self.pbx.gone), timeout=LASTS_AT_MOST)

    def check(self) -> None:
        """Check that just what the row promises was told, and in time."""
        row, world = self._row, self._world
        most = row.messages[1]
        if len(row.told) == most:
            world.told.check(*(row.told_elsewhere or row.told))
            world.told_late.check(*row.told)
        else:
            world.told.check_at_most(most)
        # After a kill what waits is sent at once, with what is known by then, and what was not seen is told later.
        if not world.is_disturbed:
            self._check_times()

    def _check_times(self) -> None:
        world = self._world
        first = world.figures().get("first")
        if self._row.first_within is not None:
            assert first is not None
            assert first <= self._row.first_within + MOMENT
        if self._silent_until and self._row.told:
            told_at = world.told.wait(self._row.told[0])
            assert self._silent_until <= told_at <= self._silent_until + MOMENT
        for mode in world.setting.dead:
            (message,) = world.told_late.sinks[f"dead{mode}"].messages
            assert message.at - self.channel.returned_at <= SOON[mode], mode
