"""An on-call service has one ticket for each phone that flaps by a bad line: opened once, resolved once, together."""

from __future__ import annotations

from msgspec.structs import replace

from healthmon.notify.compose.ticket import Action
from tests.scenarios.playing import played
from tests.scenarios.rows import ROWS


def test_each_phone_that_flaps_is_one_ticket_which_is_resolved_when_it_is_stable() -> None:
    [row] = [row for row in ROWS if row.what.startswith("the line of a site comes and goes")]
    with played(replace(row, url=f"pagerduty://{'a' * 32}")) as world:
        tickets, arrivals = world.channel.tickets, world.channel.arrivals

    # The site, and its forty phones.
    assert list(tickets.values()) == [[Action.TRIGGER, Action.RESOLVE]] * 41
    for word in ("FLAPPING", "STABLE"):
        times = [arrival.at for arrival in arrivals if arrival.subject.startswith(word)]
        assert len(times) == 40
        assert times[-1] - times[0] < 10
