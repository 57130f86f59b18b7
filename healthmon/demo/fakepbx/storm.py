"""Many events in a short time, from frames that were encoded before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from itertools import islice

from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.frames import frame

#: Each endpoint that is lost or comes back is exactly three events.
EVENTS_PER_CHANGE = 3
#: A batch is sent at least so often (seconds).
TICK = 0.005


def change(endpoint: FakeEndpoint, *, up: bool, dress: Callable[[dict[str, object]], dict[str, object]]) -> bytes:
    """The three frames of an endpoint that becomes reachable or unreachable by its check."""
    endpoint.is_up = up
    events = [
        endpoint.device_event(),
        endpoint.peer_event(),
        endpoint.contact_event("Reachable" if up else "Unreachable", 596 if up else 0),
    ]
    return b"".join(frame(json.dumps(dress(event)).encode()) for event in events)


def encoded(
    endpoints: Sequence[FakeEndpoint], changes: int, dress: Callable[[dict[str, object]], dict[str, object]]
) -> list[bytes]:
    """So many changes, one endpoint after the other, each the opposite of its last. The endpoints end like that."""
    known: dict[tuple[str, bool], bytes] = {}
    made = []
    for index in range(changes):
        endpoint = endpoints[index % len(endpoints)]
        key = (endpoint.name, not endpoint.is_up)
        if key not in known:
            known[key] = change(endpoint, up=key[1], dress=dress)
        endpoint.is_up = key[1]
        made.append(known[key])
    return made


def send(changes: Sequence[bytes], rate: float | None, send_all: Callable[[bytes], None]) -> float:
    """Send at ``rate`` events a second (None: as fast as they are taken); returns the seconds that it took."""
    begun = time.monotonic()
    waiting = iter(changes)
    sent = 0
    while sent < len(changes):
        due = len(changes) if rate is None else int((time.monotonic() - begun) * rate / EVENTS_PER_CHANGE) + 1
        batch = list(islice(waiting, min(due - sent, 200)))
        if batch:
            send_all(b"".join(batch))
            sent += len(batch)
        else:
            time.sleep(TICK)
    return time.monotonic() - begun
