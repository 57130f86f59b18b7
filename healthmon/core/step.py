"""One step of the engine."""

from __future__ import annotations

from msgspec import Struct

from healthmon.model import Changes


class Step(Struct, frozen=True):
    """One step of the engine: its one "now" (seconds UTC), and where its changes are collected."""

    now: float
    changes: Changes
