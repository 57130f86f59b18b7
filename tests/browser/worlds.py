"""Databases to look at: nothing, a small office with every sort of trouble, a company with 20,000 phones."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.config.plans import Plans
from healthmon.config.sections.public import ListedLine, PublicConfig
from healthmon.config.sections.site import SiteConfig
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    Changes,
    Check,
    CheckState,
    Freshness,
    Health,
    Incident,
    Kind,
    Measurement,
    PbxState,
    Place,
    PlaceChange,
    Target,
    Transition,
)
from healthmon.publish.web.access.access import Guests
from healthmon.store.write.writer import open_writer
from tests.browser.served import Served
from tests.publish.scene import ANYBODY
from tests.report.builder import DAY, HOUR, MINUTE, NOW, connection, outage, phone, provider, steps

#: A name as people really type them, and one that is a program.
BOB, MARKUP = "Bob & <b>Söhne</b>", "<img src=x onerror=document.title=666>"

_DOWN, _UP, _DEGRADED = Health.DOWN, Health.UP, Health.DEGRADED
_CAUSES: dict[Health | None, str] = {_DOWN: "contact Unreachable", _UP: "contact Reachable"}


class World(Struct):
    """What a database holds."""

    states: list[CheckState] = field(default_factory=list)
    history: list[Transition] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)
    places: dict[str, list[str]] = field(default_factory=dict)
    pbx_states: list[PbxState] = field(default_factory=list)
    fresh: list[Freshness] = field(default_factory=list)
    names: dict[str, str] = field(default_factory=dict)
    sites: tuple[SiteConfig, ...] = ()
    measured: list[Measurement] = field(default_factory=list)

    def add(self, state: CheckState, *changes: tuple[float, Health | None]) -> CheckState:
        """Add something that was so for 30 days, but for some changes; it is now as after the last."""
        if changes:
            state = replace(state, belief=changes[-1][1], since=changes[-1][0], believed_at=changes[-1][0])
        self.states.append(state)
        changed = steps(state, (NOW - 30 * DAY, _UP), *changes)
        self.history += [replace(change, cause=_CAUSES.get(change.after, "")) for change in changed]
        return state

    def fall(self, state: CheckState, at: float, **facts: object) -> Incident:
        """Open an incident."""
        incident = replace(outage(len(self.incidents) + 1, state, at), **{"cause": state.reason, **facts})
        self.incidents.append(incident)
        return incident


def empty() -> World:
    """Nobody has looked at anything yet."""
    return World()


def office() -> World:
    """Two PBXs, six providers, 24 phones, and every sort of trouble."""
    world = World(names={"PJSIP/trunk-telekom": "Telekom", "PJSIP/103": "Reception", "PJSIP/110": MARKUP})
    for pbx, version in (("office", "22.5.2"), ("branch", "16.28.0")):
        world.add(connection(pbx))
        world.pbx_states.append(PbxState(pbx, version=version, was_seen=True))
    dead = provider("trunk-telekom", reason="does not answer OPTIONS (contact Unreachable)")
    world.fall(
        world.add(dead, (NOW - 9 * HOUR, _DOWN), (NOW - 8.6 * HOUR, _UP), (NOW - 37 * MINUTE, _DOWN)), NOW - 37 * MINUTE
    )
    busy = world.add(provider("trunk-sipgate"), (NOW - 20 * DAY, _DOWN), (NOW - 19.97 * DAY, _UP))
    refused = replace(
        provider("trunk-sipgate"),
        check=Check.REGISTRATION,
        belief=_DOWN,
        since=NOW - 3 * HOUR,
        reason="not registered at sip.sipgate.example: rejected; incoming calls are affected",
    )
    world.add(refused, (NOW - 3 * HOUR, _DOWN))
    world.fall(refused, NOW - 3 * HOUR, acked_at=NOW - 2 * HOUR, acked_by="anna", ack_reason="ticket 4711 is open")
    for name in ("trunk-easybell", "trunk-dus", "trunk-mobile"):
        world.add(provider(name), (NOW - 11 * DAY, _DOWN), (NOW - 11 * DAY + 20 * MINUTE, _UP))
    world.add(
        provider("trunk-vodafone", pbx="branch", reason="1 of 2 contacts unreachable"), (NOW - 5 * HOUR, _DEGRADED)
    )
    for number in range(101, 125):
        name, pbx, where = str(number), "office", "192.168.10.12"
        if number == 124:
            name = BOB
        if number > 112:
            where = "203.0.113.7"
        if number > 118:
            pbx, where = "branch", "198.51.100.20"
        changes: tuple[tuple[float, Health | None], ...] = ()
        if 112 < number <= 118:
            changes = ((NOW - 4 * MINUTE, _DOWN),)
        elif number == 124:
            changes = ((NOW - 2 * DAY, _DOWN),)
        state = world.add(phone(name, pbx=pbx, reason="contact lost"), *changes)
        if changes and where == "203.0.113.7":
            world.fall(state, NOW - 4 * MINUTE, explained_by=100)
        elif changes:
            world.fall(state, NOW - 2 * DAY)
        world.places.setdefault(where, []).append(f"{pbx}:{name}")
    for number in range(24 * 12):
        took = 18.0 + number % 7 * 2.5 + 40.0 * (number in range(90, 110))
        measurement = ROUND_TRIP.measured(busy.target, Check.REACHABILITY, took, NOW - number * 5 * MINUTE)
        assert measurement is not None
        world.measured.append(measurement)
    site = replace(busy, target=Target("office", "site", "203.0.113.7"), kind=Kind.SITE, check=Check.REACHABILITY)
    world.incidents.append(replace(outage(100, site, NOW - 4 * MINUTE), cause="", down=6, of=6, peak=6))
    return world


def well() -> World:
    """Twelve targets, and nothing is the matter."""
    world = World()
    world.add(connection("office"))
    world.pbx_states.append(PbxState("office", version="22.5.2", was_seen=True))
    for name in ("trunk-telekom", "trunk-sipgate"):
        world.add(provider(name), (NOW - 11 * DAY, _DOWN), (NOW - 11 * DAY + 20 * MINUTE, _UP))
    for number in range(101, 110):
        world.add(phone(str(number)))
        world.places.setdefault("192.168.10.12", []).append(f"office:{number}")
    return world


def company(phones: int = 20_000) -> World:
    """40 providers on 4 PBXs, 20,000 phones at 60 sites."""
    world = World(
        sites=tuple(SiteConfig(f"{_CITIES[n % 12]} {n // 12 + 1}", addresses=(f"10.{n}.0.0/16",)) for n in range(60))
    )
    for number in range(4):
        world.add(connection(f"pbx{number}"))
        world.pbx_states.append(PbxState(f"pbx{number}", version="22.5.2", was_seen=True))
    for number in range(40):
        changes: tuple[tuple[float, Health | None], ...] = ((NOW - (number % 9 + 1) * 2 * HOUR, _DOWN),)
        if number > 1:
            changes += ((NOW - (number % 9 + 1) * 2 * HOUR + 25 * MINUTE, _UP),)
        name, reason = f"trunk-{_CARRIERS[number % 8]}-{number:02}", "does not answer OPTIONS (contact Unreachable)"
        state = world.add(provider(name, pbx=f"pbx{number % 4}", reason=reason), *changes)
        if number <= 1:
            world.fall(state, changes[-1][0])
    for number in range(phones):
        pbx, changes = f"pbx{number % 4}", ()
        if number % 97 == 3:
            changes = ((NOW - (number % 500 + 3) * MINUTE, _DOWN),)
        state = world.add(phone(str(10_000 + number), pbx=pbx, reason="contact lost"), *changes)
        if changes:
            world.fall(state, changes[0][0])
        world.places.setdefault(f"10.{number % 60}.1.{number % 200 + 1}", []).append(f"{pbx}:{10_000 + number}")
    return world


_CITIES = (
    *("Berlin", "Hamburg", "München", "Köln", "Frankfurt am Main", "Stuttgart"),
    *("Düsseldorf", "Leipzig", "Dortmund", "Essen", "Bremen", "Dresden"),
)
_CARRIERS = ("telekom", "sipgate", "easybell", "vodafone", "dus", "colt", "plusnet", "ecotel")

#: A page for everybody about the office.
PUBLIC = PublicConfig(
    "status",
    "Telephone lines of Example Ltd",
    (
        ListedLine("Telekom", endpoints=("PJSIP/trunk-telekom",)),
        ListedLine("Sipgate", endpoints=("PJSIP/trunk-sipgate",)),
        ListedLine("Easybell", endpoints=("PJSIP/trunk-easybell",)),
        ListedLine("Line of the branch office, which is the second one that we have there", endpoints=("branch:*",)),
        ListedLine("Phones of the head office", endpoints=("PJSIP/10*",)),
        ListedLine("Phones of the warehouse", sites=("203.0.113.7",)),
        ListedLine("Telephone system", pbxs=("office",)),
    ),
    about="Support: +49 30 1234567, day and night",
)

WORLDS = {"empty": empty, "office": office, "well": well, "company": company}


@contextmanager
def world_served(
    path: Path,
    world: World,
    *,
    spoken: str = "en",
    guests: Guests = ANYBODY,
    for_everybody: Sequence[PublicConfig] = (),
) -> Iterator[Served]:
    """An application over a database with a world in it, while a daemon holds it."""
    writer = open_writer(path, now=NOW)
    try:
        writer.commit(_changes(world))
        while writer.fold_measurements():
            continue
        writer.alive(NOW - 3, world.fresh or list(_usual(world)))
        plans = Plans(names=world.names, sites=world.sites)
        with Served(path, spoken=spoken, plans=plans, guests=guests, for_everybody=for_everybody) as answering:
            yield answering
    finally:
        writer.close()


def _usual(world: World) -> Iterable[Freshness]:
    pbxs = sorted({state.target.pbx for state in world.states})
    return (Freshness(pbx, NOW - 14, NOW - 41, NOW - 3) for pbx in pbxs)


def _changes(world: World) -> Changes:
    return Changes(
        states={(state.target, state.check): state for state in world.states},
        pbx_states={state.pbx: state for state in world.pbx_states},
        transitions=sorted(world.history, key=lambda change: change.at),
        incidents={incident.id: incident for incident in world.incidents},
        measurements=world.measured,
        places=[
            PlaceChange(_phone(name), Place(address, _program(name)), NOW - 20 * DAY, False)
            for address, names in world.places.items()
            for name in names
        ],
    )


def _program(name: str) -> str:
    """What a phone says that it is."""
    if name.endswith(BOB):
        return MARKUP
    return "Yealink SIP-T46U 108.86.0.20"


def _phone(name: str) -> Target:
    pbx, _, resource = name.partition(":")
    return Target(pbx, "PJSIP", resource)
