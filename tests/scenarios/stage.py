"""What a row may have happen on either stage: in simulated time, or on a real Asterisk."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from tests.scenarios.channel import Manner


class StagePbx(Protocol):
    """An Asterisk and its peers; names are those of ARI (``PJSIP/101``)."""

    def dies(self, *names: str) -> None:
        """These peers no longer answer."""

    def returns(self, *names: str) -> None:
        """These peers answer again."""

    def registers(self, *names: str) -> None:
        """These phones register."""

    def restarts(self, *forgotten: str) -> None:
        """It ends and starts again; the registrations of some may be forgotten."""

    def is_killed(self) -> None:
        """``kill -9``."""

    def starts(self) -> None:
        """It is started again."""

    def freezes(self) -> None:
        """SIGSTOP."""

    def thaws(self) -> None:
        """SIGCONT."""

    def refuses_our_password(self) -> None:
        """``ari.conf`` was edited."""

    def takes_our_password(self) -> None:
        """``ari.conf`` was edited back."""


class StageChannel(Protocol):
    """Where messages go."""

    def takes(self, manner: Manner) -> None:
        """From now on it takes messages like this."""


class Stage(Protocol):
    """Where a script is played: it enters what will happen, by seconds from the beginning."""

    @property
    def pbx(self) -> StagePbx:
        """The PBX."""

    @property
    def channel(self) -> StageChannel:
        """Where messages go."""

    def at(self, seconds: float, action: Callable[..., None], *whom: object) -> None:
        """Have something happen at a time."""

    def silence(self, seconds: float) -> None:
        """``healthmon silence add`` over everything, ``--for`` so long."""
