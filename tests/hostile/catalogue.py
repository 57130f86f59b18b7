"""All misbehaviours, by name."""

from __future__ import annotations

from collections.abc import Mapping

from tests.hostile import bodies, rest, streams, upgrades
from tests.hostile.misbehaviour import CATALOGUE, Misbehaviour

# Each of them puts its own into the catalogue.
assert rest and bodies and upgrades and streams

MISBEHAVIOURS: Mapping[str, Misbehaviour] = {how.name: how for how in CATALOGUE}


def prepare() -> None:
    """Make what takes long to make, so that no PBX is late for that reason."""
    rest.bomb()
    bodies.many(bodies.KEY)
    bodies.many(bodies.NAME)
    bodies.many(bodies.NAME, 200_000)
