"""What ARI tells of the endpoints of a PBX whose manager interface may not be asked: whose its registrations are."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from contextlib import closing
from itertools import islice

from healthmon.ari.client import AriClient
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AriDenied, AriError, AriUnexpected
from healthmon.model import EndpointIdentity
from healthmon.sources.request_rate import RequestRate
from healthmon.sources.survey import ASKED_AT_ONCE

#: So many endpoints are asked about: at 10 a second that takes three minutes.
MOST_ASKED = 2000
#: After so long something else has its turn: events are not heard meanwhile (seconds).
AT_A_TIME = 0.5
#: ARI did not answer; it is asked again after so long (seconds).
AGAIN_AFTER = 10.0


class IdentitiesThroughAri:
    """What of its endpoints' settings a registration may have, too. Owned by the thread of the source.

    It is read once, and again after a reload of Asterisk.
    """

    def __init__(self, pbx: PbxConfig) -> None:
        self._pbx = pbx
        self._found: dict[str, EndpointIdentity] = {}
        self._to_ask: list[str] = []
        self._pace = RequestRate.for_settings(at_once=ASKED_AT_ONCE)
        #: ARI has refused, or did not answer, and is asked again then, by the steady clock.
        self._again_at = 0.0

    def want(self, names: Iterable[str]) -> None:
        """Have these PJSIP endpoints known, and no others; what is known of them already is kept."""
        wanted = dict.fromkeys(islice(names, MOST_ASKED))
        self._found = {name: known for name, known in self._found.items() if name in wanted}
        self._to_ask = [name for name in wanted if name not in self._found]

    def forget(self) -> None:
        """Asterisk has another configuration, perhaps: all are asked about anew; until then what was known counts."""
        self._to_ask = list(dict.fromkeys([*self._found, *self._to_ask]))
        self._again_at = 0.0

    @property
    def due_within(self) -> float | None:
        """After how long to go on asking (seconds); None: all is known."""
        if not self._to_ask:
            return None
        return max(0.0, self._again_at - time.monotonic())

    @property
    def is_under_way(self) -> bool:
        """Whether more is known in a moment, and not only when ARI answers again."""
        return bool(self._to_ask) and not self._again_at

    @property
    def found(self) -> Sequence[EndpointIdentity]:
        """What is known of them."""
        return list(self._found.values())

    def ask(self) -> None:
        """Go on asking, for a moment. That ARI does not tell is no failure: then nobody knows whose they are."""
        begun = time.monotonic()
        if not self._to_ask or begun < self._again_at:
            return
        self._again_at = 0.0
        try:
            with closing(AriClient(self._pbx)) as client:
                while self._to_ask and time.monotonic() - begun < AT_A_TIME:
                    self._pace.wait()
                    self._ask_about(client, self._to_ask[0])
                    del self._to_ask[0]
        except AriDenied:
            self._again_at = time.monotonic() + self._pbx.poll_every
        except AriError:
            self._again_at = time.monotonic() + AGAIN_AFTER

    def _ask_about(self, client: AriClient, name: str) -> None:
        """Ask about one; what is not configured, or cannot be read, has nothing that a registration may have."""
        found = None
        try:
            found = client.identity(name)
        except AriUnexpected:
            found = None
        self._found[name] = found or EndpointIdentity(name)
