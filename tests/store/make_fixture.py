"""Makes ``fixtures/schemaN.db.gz``: a database as the code of schema N left it.

Later migrations are tried on it, so it is made once for each schema, by the code of that time, and then never again:
``python -m tests.store.make_fixture`` writes the present one. Do that before you append a migration, and then add what
the new schema can hold to FILLS.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from msgspec.structs import replace

from healthmon.errors import Missed
from healthmon.model import (
    Check,
    Ending,
    EndpointSettings,
    Freshness,
    Health,
    Incident,
    Kind,
    Matcher,
    Note,
    PbxState,
    Place,
    PlaceChange,
    Reading,
    Severity,
    SipWay,
    Target,
    Workload,
)
from healthmon.store.outbox.report_book import MadeReport, ReportBook
from healthmon.store.schema import MIGRATIONS
from healthmon.store.write.orders import open_commander
from tests.store.scene import (
    OFFICE,
    PHONE,
    START,
    Store,
    by_key,
    notification,
    round_trip,
    state,
    transition,
    unknown,
    unknown_by_key,
)

FIXTURES = Path(__file__).with_name("fixtures")
SITE = Target("office", "site", "203.0.113.7")


def incident(number: int, target: Target = PHONE, kind: Kind = Kind.PHONE, **facts: object) -> Incident:
    """Make an open incident of which only ``facts`` are told that came later."""
    at, cause = START + 100, "peer status Unreachable"
    made = Incident(number, target, Check.REACHABILITY, kind, "phones", Health.DOWN, at, at + 30, cause)
    return replace(made, **facts)


def _first(store: Store) -> None:
    store.book(
        states=by_key(state(belief=Health.DOWN)),
        pbx_states={"office": PbxState("office", version="22.3.0", was_seen=True)},
        transitions=[transition(START + 1, Health.UP), transition(START + 100, Health.DOWN, Health.UP)],
        unknown_periods=unknown_by_key(
            unknown(START + 20, START + 30), unknown(START + 40, START + 50, OFFICE, "blind")
        ),
        incidents={1: incident(1, closed_at=START + 60, ending=Ending.RECOVERED), 2: incident(2)},
        notifications=[notification(number=2)],
    )
    claim = store.outbox.claim("oncall/boss", START + 200)
    if claim is not None:
        store.outbox.delivered(claim, START + 201, "DOWN phone 101 (office)")
    store.writer.alive(START + 210, [Freshness("office", START + 200, START + 190, START + 205)])


def _second(store: Store) -> None:
    """People in the loop."""
    store.book(
        incidents={3: incident(3, muted_by="silence 1", acked_at=START + 220, acked_by="eve", ack_reason="looks")},
        notes=[Note(3, START + 215, "told nobody (silence 1)")],
    )
    with open_commander(store.path) as commander:
        everything = Matcher(pbxs=("office",), kinds=(Kind.PHONE,), endpoints=("PJSIP/1*",))
        commander.silence(everything, since=START + 212, until=START + 9000, author="eve", reason="new switch")
        commander.acknowledge(3, at=START + 220, author="eve", reason="looks")


def _third(store: Store) -> None:
    """One cause, one message."""
    facts = {"severity": Severity.WARNING, "site": "203.0.113.7", "watches": ("phones",), "down": 4, "of": 9, "peak": 4}
    store.book(incidents={4: incident(4, SITE, Kind.SITE, **facts)})


def _fourth(store: Store) -> None:
    """Where contacts are."""
    places = (Place("203.0.113.7", "Acme Phone 1.0"), Place("203.0.113.8", "Acme Phone 1.0"))
    moves = ((places[0], START + 1, False), (places[0], START + 100, True), (places[1], START + 150, False))
    store.book(places=[PlaceChange(PHONE, place, at, is_left) for place, at, is_left in moves])


def _sixth(store: Store) -> None:
    """Quiet times."""
    store.outbox.keep_quiet("oncall/boss", START + 30_000, [Severity.CRITICAL])


def _seventh(store: Store) -> None:
    """How often a PBX is asked."""
    store.writer.alive(START + 240, [Freshness("branch", START + 230, START + 235, START + 238, poll_every=300.0)])


def _eighth(store: Store) -> None:
    """Readings of meters."""
    meters = store.writer.meters()
    readings = [Reading(START + 86_400, up_s=99.0, down_s=86_300.0, outages=1, longest_s=86_300.0, belief=Health.DOWN)]
    store.writer.begin_readings(START + 86_400)
    store.writer.book_readings({one.id: readings for one in meters.checks_after(0, 10) if one.target == PHONE})


def _ninth(store: Store) -> None:
    """Round trips: two that are folded, and one that waits."""
    store.book(measurements=[round_trip(150, 12.5), round_trip(155, 30.0)])
    store.writer.fold_measurements()
    store.book(measurements=[round_trip(235, 15.0)])


def _tenth(store: Store) -> None:
    """Scheduled reports."""
    with closing(ReportBook(store.path)) as book:
        report = MadeReport(
            "monthly", "2026-05-01", "all was well", "monthly.txt", "text/plain", "all was well", "report"
        )
        book.book(report, "1st 07:00", ["oncall/boss", "helpdesk/mail"], START + 250)
    claim = store.outbox.reports.claim("helpdesk/mail", START + 251)
    if claim is not None:
        store.outbox.reports.delivered(claim, START + 252)


def _eleventh(store: Store) -> None:
    """What a check must not forget when healthmon dies."""
    changed_at = (START + 150.0, START + 170.5)
    store.book(states=by_key(state(belief=Health.DOWN, flap_changes=changed_at, cohort="found down at first look")))


def _twelfth(store: Store) -> None:
    """Since when something flaps."""
    changed_at = (START + 150.0, START + 170.5)
    store.book(states=by_key(state(belief=Health.DOWN, flap_changes=changed_at, flapping_since=START + 150.0)))


def _thirteenth(store: Store) -> None:
    """How many of a site its reader was told of."""
    facts = {"watches": ("phones",), "down": 7, "of": 9, "peak": 8}
    store.book(
        incidents={5: incident(5, Target("office", "site", "198.51.100.7"), Kind.SITE, **facts)},
        notifications=[notification(number=5)],
    )
    claim = store.outbox.claim("oncall/boss", START + 260)
    if claim is not None:
        store.outbox.delivered(claim, START + 261, "DOWN site 198.51.100.7")


def _twentieth(store: Store) -> None:
    """An address that did not take what others of its URL did."""
    store.book(incidents={6: incident(6)}, notifications=[notification(number=6)])
    claim = store.outbox.claim("oncall/boss", START + 270)
    if claim is not None:
        missed = Missed("5a1b", "address 2 in to=", "RCPT TO: 451 later")
        store.outbox.delivered(claim, START + 271, "DOWN", missed=[missed])


def _twenty_third(store: Store) -> None:
    """When what flapped was first seen down."""
    store.book(incidents={7: incident(7, flap_episodes=1, fell_at=START + 190)})


def _twenty_seventh(store: Store) -> None:
    """Until a time of the wall clock; and what sends to a URL dies of a defect."""
    with open_commander(store.path) as commander:
        commander.silence(
            Matcher(pbxs=("office",)), since=START, until=START + 9000, author="eve", reason="", by_wall=True
        )
    store.outbox.note_defect("oncall/boss", START + 231, "a defect of healthmon (KeyError): its log says where")


def _thirty_first(store: Store) -> None:
    """What people call an endpoint."""
    store.book(settings={PHONE: EndpointSettings(PHONE, START + 5, known=True, caller_name="Reception")})


def _thirty_third(store: Store) -> None:
    """How much there was to do."""
    fresh = Freshness("shop", START + 250, START + 245, START + 251, events=4711, streams=3, dropped=2)
    store.writer.alive(START + 252, [fresh], Workload(5, 17, 12, 0.75, {0.001: 3, 0.1: 11}))


def _thirty_fourth(store: Store) -> None:
    """Where an endpoint is asked by OPTIONS of our own."""
    ways = (SipWay("sip:101@203.0.113.7:5062"), SipWay("sip:sip.example.net", "sip:proxy.example.net;lr"))
    asked = EndpointSettings(PHONE, START + 5, known=True, caller_name="Reception", ways=ways, takes_2xx_only=True)
    store.book(settings={PHONE: asked})


#: By schema: what it was the first to hold.
FILLS: dict[int, Callable[[Store], None]] = {
    1: _first,
    2: _second,
    3: _third,
    4: _fourth,
    6: _sixth,
    7: _seventh,
    8: _eighth,
    9: _ninth,
    10: _tenth,
    11: _eleventh,
    12: _twelfth,
    13: _thirteenth,
    20: _twentieth,
    23: _twenty_third,
    27: _twenty_seventh,
    31: _thirty_first,
    33: _thirty_third,
    34: _thirty_fourth,
}


def fill(store: Store, schema: int) -> None:
    """Book something of everything that a schema holds."""
    for first, each in FILLS.items():
        if first <= schema:
            each(store)


def main() -> None:
    """Write the fixture of the present schema."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "healthmon.db"
        store = Store(path)
        fill(store, len(MIGRATIONS))
        store.stop()
        target = FIXTURES / f"schema{len(MIGRATIONS)}.db.gz"
        target.write_bytes(gzip.compress(path.read_bytes(), mtime=0))
        print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main()
