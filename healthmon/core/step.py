"""One step of the engine."""

from __future__ import annotations

from typing import NamedTuple

from healthmon.model import Changes


class Step(NamedTuple):
    """One step of the engine: its one "now" (seconds UTC), and where its changes are collected."""

    now: float
    changes: Changes
