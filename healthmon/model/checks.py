"""The checks of an endpoint: one registry, in the order in which an earlier one may explain a later one (rule 2c)."""

from __future__ import annotations

from msgspec import Struct

from healthmon.model.sighting import Channel, Witness
from healthmon.model.target import Check


class EndpointCheckKind(Struct, frozen=True):
    """What is common to one check of all endpoints that have it. A check of which nobody can speak does not exist."""

    name: str
    #: Who may speak of it; what another says concerns other checks.
    witnesses: frozenset[Witness]
    #: The source that can answer a question about it.
    asked_by: Channel
    #: The earlier checks of the same endpoint that explain this one while they are down.
    inhibited_by: tuple[str, ...] = ()


#: By name, in their fixed order. The order of the tables for people is the same.
ENDPOINT_CHECKS: dict[str, EndpointCheckKind] = {
    kind.name: kind
    for kind in (
        EndpointCheckKind(
            Check.REACHABILITY,
            witnesses=frozenset({Witness.ENDPOINT, Witness.CONTACT, Witness.DEVICE}),
            asked_by=Channel.REST,
        ),
    )
}
