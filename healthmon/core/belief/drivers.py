"""Are the channel drivers of a PBX's endpoints loaded? Without its driver no call over a technology is possible.

Asterisk says nothing of it: without chan_pjsip, PJSIP endpoints stay "online", or their devices are INVALID as if they
had been removed; without chan_iax2, IAX2 peers are not listed any more (seen on 16 and 22).
"""

from __future__ import annotations

from collections.abc import Sequence

from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.inventory import ACCEPTED_AFTER
from healthmon.model import Health


def no_driver(technologies: Sequence[str]) -> str:
    """Say ``Asterisk has no PJSIP channel driver``."""
    return f"Asterisk has no {' and no '.join(technologies)} channel driver"


def assess(lacking: Sequence[str]) -> tuple[Health, str]:
    """Judge by the technologies that lack their channel driver."""
    if not lacking:
        return Health.UP, "Asterisk has its channel drivers"
    return Health.DOWN, f"{no_driver(lacking)}: no call over {' or '.join(lacking)} is possible"


def needs_its_driver(endpoint: Endpoint, at: float) -> bool:
    """Whether somebody may miss it: who takes a driver away on purpose has no endpoints of it listed a day later."""
    return endpoint.is_listed or at < endpoint.reachability.unknown_since + ACCEPTED_AFTER
