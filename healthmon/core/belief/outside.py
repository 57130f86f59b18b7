"""What only a PBX's line to the world can have brought: it speaks against a cut line, whatever else is down."""

from __future__ import annotations

from healthmon.core.belief.endpoint_facts import EndpointFacts
from healthmon.model import Health, Observation, Source, Witness, registered_at
from healthmon.text.addresses import is_outside


def is_answer_from_outside(observation: Observation, endpoint: EndpointFacts | None) -> bool:
    """Whether somebody outside has just answered: a registrar to Asterisk, or whoever was asked by our own OPTIONS.

    Of a registration an event alone tells; the list calls it registered until the next one has failed.
    """
    if observation.witness is Witness.PROBE and endpoint is not None:
        is_answered = observation.health in (Health.UP, Health.DEGRADED)
        return is_answered and is_outside(endpoint.proxy or endpoint.address)
    if observation.witness is Witness.MANAGER and observation.source is Source.EVENT:
        return observation.health is Health.UP and is_outside(registered_at(observation.words))
    return False
