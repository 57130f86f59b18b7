"""What is known of one PBX besides its endpoints: its connection, blindness, restarts, and what vanished."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from math import inf

from msgspec import Struct

from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Hold
from healthmon.core.belief.drivers import no_driver
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.evidence import first_check_within
from healthmon.core.belief.flapping import FlapRule
from healthmon.core.belief.inventory import Vanished
from healthmon.core.belief.limits import Limits
from healthmon.core.belief.machine import TWO_LOOKS, Machine
from healthmon.core.belief.registration import Registration, RegistrationGrace
from healthmon.core.belief.storms import Storms
from healthmon.core.step import Step
from healthmon.errors import Trouble
from healthmon.model import (
    MOST_WATCHED,
    SEEN_PAST_ARI,
    Channel,
    Check,
    ConnectionReport,
    ContactChange,
    ContactStatus,
    EndpointSettings,
    Health,
    Kind,
    Observation,
    PbxState,
    Removed,
    Snapshot,
    Target,
)
from healthmon.times.wall import Wall

JUST_STARTED = "healthmon has just started"
STOOD_STILL = "healthmon stood still"
CLOCK_WAS_SET = "the clock was set"
#: Why nothing was seen, where it was healthmon itself that did not look.
DID_NOT_LOOK = (JUST_STARTED, STOOD_STILL, CLOCK_WAS_SET)

#: Three restarts in ten minutes are an incident; it closes ten minutes after the last (seconds).
RESTARTS_WINDOW = 600.0
RESTARTS_TOO_MANY = 3

#: Silence longer than this was a freeze, and Asterisk's checks are late afterwards (seconds).
FREEZE = 5.0

#: Four outages in ten minutes; each restart of Asterisk is one.
FLAPS_OF_A_PBX = FlapRule(start=8)

#: The event stream of an Asterisk that is back has so long to come back, too (seconds).
EVENTS_COME_BACK_WITHIN = 10.0

#: More single questions than this within a second, and a snapshot is asked for instead (rule 7).
MOST_SINGLE_QUESTIONS = 20

#: While a PBX is blind, no more things than this are kept; the next snapshot repairs the rest.
MOST_HELD = 100_000

#: So many contacts of a PBX's endpoints are remembered: a PBX that invents new ones must not fill the memory.
MOST_CONTACTS_OF_A_PBX = 2 * MOST_WATCHED
#: … nor by moving them about.
MOST_PLACES_OF_A_PBX = 2 * MOST_WATCHED
#: So many endpoints begin to be watched at once: while it takes them, the engine does nothing for other PBXs (2 s).
MOST_NEWCOMERS = 25_000

#: Nothing that was seen before waits so long for being looked at (seconds).
GONE_FOR = 3600.0

#: What is the matter while the manager interface cannot be asked.
NO_REGISTRATIONS = "registrations are unknown"

TOO_MANY = f"more than {MOST_WATCHED:,} endpoints are to be watched; the rest is not"

#: What came in while the PBX was blind, the newest of each kind and target.
Held = Observation | ContactChange | Removed


#: What is only listed, and of which nothing could be read for so long, is watched all the same (seconds).
SETTINGS_WITHIN = 600.0


class Candidate(Struct):
    """An endpoint that may be in Asterisk's list alone: it was deleted, or some module made it."""

    #: What was first seen of it.
    observation: Observation
    is_first_look: bool
    #: The number of the snapshot that listed it last.
    round: int


class Pbx:
    """One Asterisk. Owned by the engine thread."""

    #: The longest ``retry_interval`` of its registrations (seconds); 0.0: none is known.
    longest_retry_interval = 0.0
    #: Why Asterisk cannot list registrations that there were; "": it can.
    unlisted_because = ""
    #: When something was last heard that only the line to the world can have brought; 0.0: never.
    answered_outside_at = 0.0
    #: Why what is behind it is in grace since ``grace_since``; "": nothing is.
    grace_why = ""

    def __init__(self, config: PbxConfig, remembered: PbxState | None, now: float, wall: Wall) -> None:
        state = remembered or PbxState(config.name)
        self.name = config.name
        self.target = Target(config.name)
        self.connection = self._machine(Check.CONNECTION, config.hold, now)
        self.inventory = self._machine(Check.INVENTORY, TWO_LOOKS, now)
        self.drivers = self._machine(Check.DRIVERS, TWO_LOOKS, now)
        self.restarting, self.manager = (
            self._machine(check, config.hold, now) for check in (Check.RESTARTS, Check.MANAGER)
        )
        self.connection.flap_rule = FLAPS_OF_A_PBX
        self.reports: dict[Channel, ConnectionReport] = {}
        #: Registrations that belong to none of its endpoints.
        self.registrations: dict[Target, Machine] = {}
        self.use(config)
        self.startup_time, self.last_reload_time = state.startup_time, state.last_reload_time
        self.version = state.version
        self.was_seen, self.blind_why = state.was_seen, state.blind_why
        self.blind_since = min(state.blind_since, now)
        #: When we noticed that we are blind: a snapshot asked for before proves nothing.
        self.noticed_at = now
        self.may_be_frozen = False
        #: When it answered again after it had not; when healthmon went on after it had stood still; when the last
        #: snapshot was asked for.
        self.answers_since = self.went_on_at = self.snapshot_at = 0.0
        #: When nothing behind it could be seen the last time, from and to.
        self.unseen = (0.0, 0.0)
        #: Technologies without their channel driver, and those that could not be listed, by the newest snapshot.
        self.missing_drivers: tuple[str, ...] = ()
        self.unlisted: tuple[str, ...] = ()
        self.round = 0
        self.endpoints: dict[Target, Endpoint] = {}
        #: The checks of endpoints of which something is pending.
        self.pending: dict[tuple[Target, str], EndpointCheck] = {}
        #: What was up when Asterisk was restarted, and has not come back.
        self.awaited: dict[Target, Endpoint] = {}
        #: More endpoints are to be watched than can be.
        self.has_too_many = False
        self.limits = Limits(now, wall)
        #: Settings that were read before their endpoint was seen.
        self.settings: dict[Target, EndpointSettings] = {}
        #: How many endpoints are new with the last snapshot, or have come since.
        self.newcomers = 0
        #: How many contacts of its endpoints are remembered, or were at the last snapshot and have come since.
        self.contacts = 0
        #: How many places of contacts were remembered at the last snapshot.
        self.places = 0
        #: Listed as offline, and not known to be configured: nothing is booked of them until their settings are read.
        self.candidates: dict[Target, Candidate] = {}
        #: Removed from Asterisk's configuration, which lists them as offline until its next restart.
        self.removed: set[Target] = set()
        #: When each target that is watched no longer was last watched: what is older does not bring it back.
        self.gone: dict[Target, float] = {}
        self.vanished: dict[Target, Vanished] = {}
        self.alarm_since: float | None = None
        #: An alarm goes on that an earlier run of healthmon raised.
        self.alarm_is_inherited = False
        self.held: dict[tuple[object, ...], Held] = {}
        self.restarts: deque[float] = deque()
        self.grace_since: float | None = None
        #: Until when Asterisk may not have had the time to register.
        self.registration_grace = RegistrationGrace()
        #: The registrations of which nothing was heard since healthmon stood still.
        self.unheard_registrations: set[Target] = set()
        #: The longest time within which an endpoint here is checked first after a start (seconds).
        self.longest_cycle = 0.0
        #: When Asterisk took its present configuration; 0.0: not known.
        self.configured_at = 0.0
        #: Whether the snapshot that is looked at was taken after settings had been read for the same question.
        self.has_read_settings = False
        #: Whose settings were asked for, and are not read yet, on behalf of all that are offline and may only not have
        #: been checked; and when they were asked for last: they speak for nothing that went offline later.
        self.sample: set[Target] = set()
        self.sampled_at = self.snapshot_wanted_at = 0.0
        self.asked_singly: deque[float] = deque()
        self.storms = Storms()
        #: The PJSIP endpoints that Asterisk has in maintenance mode, and since when, in words.
        self.in_maintenance: dict[str, str] = {}

    def _machine(self, check: str, hold: Hold, now: float) -> Machine:
        return Machine(self.target, check, Kind.PBX, hold, watch="", watched_since=now)

    def registration(self, target: Target, since: float) -> Machine:
        """Begin to watch a registration that belongs to no endpoint."""
        kind, hold = Kind.REGISTRATION, self.config.hold
        machine = Machine(target, Check.REGISTRATION, kind, hold, watch="", watched_since=since)
        self.registrations[target] = machine
        return machine

    def use(self, config: PbxConfig) -> None:
        """Take a new configuration."""
        self.config = config
        for machine in self.registrations.values():
            machine.hold = config.hold
        self.manager.hold = config.hold
        self.set_connection_hold()

    @property
    def machines(self) -> tuple[Machine, ...]:
        """The checks of the PBX itself."""
        return self.connection, self.inventory, self.drivers, self.restarting, self.manager

    @property
    def is_blind(self) -> bool:
        """Whether nothing behind this PBX can be seen at present."""
        return bool(self.blind_why)

    def is_blind_for(self, check: str) -> bool:
        """Whether nothing can be seen of this check at present, for ARI cannot see the PBX."""
        return bool(self.blind_why) and check not in SEEN_PAST_ARI

    @property
    def can_check_at_once(self) -> bool:
        """Whether its manager interface answers, whatever ARI does, and can be asked to check an endpoint."""
        report = self.reports.get(Channel.MANAGER)
        return report is not None and report.trouble is None

    def state(self) -> PbxState:
        """Return everything worth booking, as a value."""
        return PbxState(
            pbx=self.name,
            startup_time=self.startup_time,
            last_reload_time=self.last_reload_time,
            version=self.version,
            blind_why=self.blind_why,
            blind_since=self.blind_since,
            was_seen=self.was_seen,
        )

    # ------------------------------------------------------------ the connection

    def connection_health(self, at: float) -> tuple[Health, str]:
        """What the newest reports by both ways amount to at this time, in words."""
        rest, events = self.reports.get(Channel.REST), self.reports.get(Channel.EVENTS)
        if rest is not None and rest.trouble is not None:
            words = rest.words or rest.trouble
            if rest.trouble.is_ours:
                return Health.UNKNOWN, words
            return Health.DOWN, words
        # A moment after a restart the old stream's end says nothing: the next poll looks whether there is a new one.
        has_had_time = at >= self.answers_since + EVENTS_COME_BACK_WITHIN
        if events is not None and events.trouble is not None and has_had_time:
            words = events.words or events.trouble
            remarks = [f"no events: {words}; polled every {self.config.poll_every:.0f} s"]
        else:
            remarks = [report.remark for report in (rest, events) if report is not None]
        if self.has_too_many:
            remarks.append(TOO_MANY)
        remarks.append(self.limits.in_words())
        remark = "; ".join(filter(None, remarks))
        if remark:
            return Health.DEGRADED, remark
        return Health.UP, "Asterisk answers"

    def manager_health(self) -> tuple[Health, str] | None:
        """What the newest report of the manager interface amounts to, in words; None: there is none.

        It is never down: no call needs it.
        """
        report = self.reports.get(Channel.MANAGER)
        if report is None:
            return None
        if report.trouble is not None:
            return Health.DEGRADED, f"manager interface: {report.words or report.trouble}; {NO_REGISTRATIONS}"
        if self.unlisted_because:
            return Health.DEGRADED, f"manager interface: {self.unlisted_because}; {NO_REGISTRATIONS}"
        if report.remark:
            return Health.DEGRADED, f"manager interface: {report.remark}"
        return Health.UP, "the manager interface answers"

    def registered_endpoints(self) -> Iterator[tuple[Endpoint, Registration]]:
        """Those of its endpoints that have, or had, a registration at a provider."""
        for endpoint in self.endpoints.values():
            check = endpoint.checks.get(Check.REGISTRATION)
            if isinstance(check, Registration):
                yield endpoint, check

    def set_connection_hold(self) -> None:
        """A booting Asterisk is down only after its grace (rule 11)."""
        rest = self.reports.get(Channel.REST)
        hold, self.connection.hold_why = self.config.hold, ""
        if rest is not None and rest.trouble is Trouble.STARTING:
            self.connection.hold_why = "Asterisk is starting"
            after = max(hold.down_after, self.config.restart_grace)
            hold = Hold(after, hold.up_after, hold.degraded_after, hold.down_after_exact)
        if hold != self.connection.hold:
            self.connection.hold = hold

    def is_new_trouble(self, report: ConnectionReport) -> bool:
        """Whether this failed look makes us blind: each one by REST, the first of a series by events.

        Without events the polls still see everything, only later.
        """
        before = self.reports.get(report.channel)
        if report.trouble is None:
            return False
        return report.channel is Channel.REST or before is None or before.trouble is None

    def last_proof_of_life(self, report: ConnectionReport) -> float:
        """Since when we see nothing: the last proof of life, which a snapshot is too."""
        alive_at = max(report.alive_at or 0.0, self.snapshot_at)
        return min(alive_at or report.at, report.at)

    def is_from_before_standstill(self, report: ConnectionReport) -> bool:
        """Whether this look was begun before healthmon stood still: that no answer came in time says nothing then."""
        return report.asked_at is not None and report.asked_at < self.went_on_at

    @staticmethod
    def began_at(report: ConnectionReport, before: ConnectionReport | None) -> float:
        """When what is reported began: the first look that failed found no answer from its beginning on."""
        is_first = before is None or before.trouble is None
        if is_first and report.asked_at is not None:
            return min(report.asked_at, report.at)
        return report.at

    # ------------------------------------------------------------ how much is kept of it

    @property
    def is_full(self) -> bool:
        """Whether no more endpoints of it can be watched."""
        return len(self.endpoints) + len(self.candidates) >= MOST_WATCHED

    def note_too_many(self, step: Step) -> None:
        """More endpoints are to be watched than can be: say so, once."""
        if not self.has_too_many:
            self.has_too_many = True
            step.changes.log.append(f"{self.target}: {TOO_MANY}")

    @property
    def has_more_newcomers(self) -> bool:
        """Whether more endpoints are new than are taken at once; the others come with the next snapshot."""
        return self.newcomers > MOST_NEWCOMERS

    def take_stock(self, snapshot: Snapshot) -> None:
        """Forget what is listed no longer, or is too old to matter, and count the rest: names come and go for ever."""
        unlisted = [target for target, candidate in self.candidates.items() if candidate.round != self.round]
        for target in unlisted:
            del self.candidates[target]
        if max(len(self.removed), len(self.settings)) >= MOST_WATCHED:
            listed = {observation.target for observation in snapshot.endpoints}
            self.removed &= listed
            self.settings = {target: settings for target, settings in self.settings.items() if target in listed}
        # What was seen before then has long been looked at.
        self.gone = {target: at for target, at in self.gone.items() if at > snapshot.asked_at - GONE_FOR}
        self.contacts = sum(len(endpoint.contacts) for endpoint in self.endpoints.values() if endpoint.contacts)
        self.places = sum(len(endpoint.places) for endpoint in self.endpoints.values())

    def has_room_for(self, endpoint: Endpoint, change: ContactChange) -> bool:
        """Whether a contact can be remembered; a new one is counted."""
        if change.status is ContactStatus.REMOVED or (endpoint.contacts and change.uri in endpoint.contacts):
            return True
        self.contacts += 1
        return self.contacts <= MOST_CONTACTS_OF_A_PBX

    # ------------------------------------------------------------ channel drivers

    def why_not_usable(self, target: Target) -> str:
        """Say that the channel driver of an endpoint is missing; "": it is not."""
        if target.technology in self.missing_drivers:
            return no_driver([target.technology])
        return ""

    def maintenance_mode_of(self, target: Target) -> str:
        """Since when Asterisk has an endpoint in maintenance mode, in words; "": it has not."""
        if target.technology != "PJSIP":
            return ""
        return self.in_maintenance.get(target.resource, "")

    def is_listed_for_certain(self, target: Target) -> bool:
        """Whether a list without this endpoint says anything about it."""
        return target.technology not in (*self.missing_drivers, *self.unlisted)

    # ------------------------------------------------------------ what came in while it was blind

    def hold(self, sighting: Held) -> None:
        """Keep it until the next snapshot tells what was before it."""
        if isinstance(sighting, Observation):
            key: tuple[object, ...] = (sighting.target, sighting.check, sighting.witness, sighting.source)
        elif isinstance(sighting, ContactChange):
            key = (sighting.target, sighting.uri)
        else:
            key = (sighting.target,)
        if key in self.held or len(self.held) < MOST_HELD:
            self.held[key] = sighting

    def contacts_held(self, until: float) -> list[ContactChange]:
        """What came in about contacts before the snapshot was asked for, which does not speak of them."""
        changes = (change for change in self.held.values() if isinstance(change, ContactChange) and change.at <= until)
        return sorted(changes, key=lambda change: change.at)

    def release(self, after: float) -> list[Held]:
        """Give back what is newer than the snapshot, in its order."""
        held, self.held = self.held, {}
        return sorted((sighting for sighting in held.values() if sighting.at > after), key=lambda sighting: sighting.at)

    # ------------------------------------------------------------ registrations

    def hear_no_registration(self) -> None:
        """Healthmon had stood still: nothing was heard of its registrations meanwhile."""
        self.unheard_registrations = {endpoint.target for endpoint, _ in self.registered_endpoints()}
        self.unheard_registrations.update(self.registrations)

    # ------------------------------------------------------------ what ARI cannot see

    def note_sight(self) -> None:
        """Have our own OPTIONS know whether Asterisk's view can be seen: where it cannot, they speak for it."""
        for endpoint in self.endpoints.values():
            if endpoint.options is not None:
                endpoint.options.is_asterisk_unseen = self.is_blind

    def is_unseen(self, endpoint: Endpoint) -> bool:
        """Whether Asterisk's view of an endpoint cannot be seen, or was not since it could be."""
        return self.is_blind or endpoint.last_at < self.unseen[1]

    def unseen_before(self, machine: Machine, at: float) -> float:
        """Since when nobody could see a check that is seen now, at ``at`` (seconds UTC); inf: it was seen before."""
        if machine.unknown_because:
            return machine.unknown_since
        since, until = self.unseen
        if at == until:
            # What is seen is the first look since then.
            return since
        return inf

    def note_registered(self, target: Target, at: float) -> None:
        """One was said to be registered then."""
        self.registration_grace.note_registered(target, at)
        if at >= self.unseen[1]:
            self.unheard_registrations.discard(target)

    def why_registration_is_hidden(self, machine: Machine, words: str, at: float) -> str:
        """Why it is not known that one is not registered, as its list or an event now says; "": it is known."""
        is_heard = machine.target not in self.unheard_registrations
        self.unheard_registrations.discard(machine.target)
        return self.registration_grace.why_hidden(machine, words, at, is_heard=is_heard)

    # ------------------------------------------------------------ restarts

    def count_restart(self, at: float) -> None:
        """Note a restart. Those before the window are forgotten, unless it has not been calm for a window since."""
        if self.restarting.belief is not Health.DEGRADED:
            self._forget_restarts_until(at - RESTARTS_WINDOW)
        self.restarts.append(at)

    def remember_restarts(self, times: Iterable[float]) -> None:
        """Take the restarts that an earlier run of healthmon saw, the oldest first."""
        self.restarts.extend(times)
        if self.restarting.belief is Health.DEGRADED:
            self._forget_restarts_until(self.restarting.since - RESTARTS_WINDOW)

    def _forget_restarts_until(self, at: float) -> None:
        while self.restarts and self.restarts[0] <= at:
            self.restarts.popleft()

    def grace_for(self, endpoint: Endpoint) -> float:
        """How long "offline" means nothing for this endpoint after a restart (seconds)."""
        return max(self.config.restart_grace, first_check_within(endpoint.settings, self.longest_cycle))

    def know_cycle_of(self, endpoint: Endpoint) -> None:
        """Keep in mind how long it takes until an endpoint like this one is checked."""
        if endpoint.settings is not None:
            self.longest_cycle = max(self.longest_cycle, first_check_within(endpoint.settings, 0.0))

    def freeze_grace_for(self, endpoint: Endpoint) -> float:
        """The same after a freeze: until Asterisk has surely checked it anew (seconds)."""
        settings = endpoint.settings
        if settings is None:
            return first_check_within(settings, self.longest_cycle)
        if not settings.is_qualified:
            return 0.0
        return settings.qualify_frequency + settings.qualify_timeout

    # ------------------------------------------------------------ questions

    def may_confirm(self, endpoint: Endpoint) -> bool:
        """Whether the snapshot that is looked at may confirm what is pending of an endpoint.

        Of what may only not have been checked yet, or may have logged out, settings must have been read before, its own
        or those of others.
        """
        is_spoken_for = self.has_read_settings and endpoint.offline_since <= self.sampled_at
        return is_spoken_for or not endpoint.reachability.needs_settings(self.configured_at)

    def note_pending(self, check: EndpointCheck) -> None:
        """Keep in mind of which checks something is pending."""
        if check.pending is None:
            self.pending.pop((check.target, check.check), None)
        else:
            self.pending[check.target, check.check] = check

    def pending_of(self, name: str) -> Iterator[EndpointCheck]:
        """Return those of which something is pending, of one check."""
        return (check for (_, checked), check in self.pending.items() if checked == name)

    def confirms_offline(self, target: Target) -> bool:
        """Whether the newest snapshot settles that an endpoint is down which is about to be believed so."""
        endpoint = self.endpoints.get(target)
        if endpoint is None or endpoint.round != self.round:
            return False
        return self.may_confirm(endpoint) and endpoint.reachability.may_be_believed()

    def may_ask_singly(self, how_many: int, now: float) -> bool:
        """Whether so many single questions more are no burden to Asterisk; if so, count them."""
        while self.asked_singly and self.asked_singly[0] <= now - 1.0:
            self.asked_singly.popleft()
        if len(self.asked_singly) + how_many > MOST_SINGLE_QUESTIONS:
            return False
        self.asked_singly.extend([now] * how_many)
        return True
