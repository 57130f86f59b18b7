"""All targets together: what is seen goes in, what changed comes out. Pure; time is an argument (of the timeline)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from math import inf
from typing import NamedTuple

from healthmon.config.configuration import Config
from healthmon.core.alerting.waiting import Waiting
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.endpoints import Endpoints
from healthmon.core.belief.known import Known
from healthmon.core.belief.newcomers import Newcomers
from healthmon.core.belief.news import EndpointNoted, PbxSeen
from healthmon.core.belief.options import is_asked_while_offline
from healthmon.core.belief.outside import is_answer_from_outside
from healthmon.core.belief.partial_settings import completed, says_the_same
from healthmon.core.belief.pbx import (
    CLOCK_WAS_SET,
    DID_NOT_LOOK,
    MOST_PLACES_OF_A_PBX,
    STOOD_STILL,
    Candidate,
    Held,
    Pbx,
)
from healthmon.core.belief.pbxs import Pbxs
from healthmon.core.deadlines import Deadline, Due
from healthmon.core.incidents.receivers import Receivers
from healthmon.core.reconfiguration import Reconfiguration
from healthmon.core.resume import Resume
from healthmon.core.stages import Stages
from healthmon.core.step import Step
from healthmon.history.metrics import ROUND_TRIP
from healthmon.model import (
    ENDPOINT_CHECKS,
    LIVING,
    MOST_WATCHED,
    Changes,
    Check,
    ClockJump,
    Commands,
    ConnectionReport,
    ContactChange,
    ContactList,
    ContactReading,
    EndpointSettings,
    Health,
    MaintenanceList,
    Measurement,
    Observation,
    PlaceChange,
    Question,
    RegistrationList,
    Remembered,
    Removed,
    SettingsList,
    Sighting,
    Snapshot,
    Source,
    Told,
    UrlState,
    Witness,
)
from healthmon.times.wall import Wall

REACHABILITY = ENDPOINT_CHECKS[Check.REACHABILITY]

#: What speaks of a PBX, or of all that is behind it.
SightingOfPbx = ContactList | SettingsList | Snapshot | RegistrationList | MaintenanceList | ConnectionReport


class AskedAbout(NamedTuple):
    """What is to be asked about in one step, by the names of the PBXs."""

    checks: dict[str, list[EndpointCheck]]
    #: Members of sites that may be down before they are believed to be themselves.
    of_sites: dict[str, list[Endpoint]]
    #: Those that Asterisk is to check at once.
    second_checks: dict[str, list[Endpoint]]


class Monitor:
    """What is believed of everything, and why. Owned by the engine thread."""

    def __init__(self, config: Config, remembered: Remembered, now: float) -> None:
        self._remembered = remembered
        self.known = Known()
        self._wall = Wall(remembered.ahead)
        self._stages = stages = Stages(config, remembered, self.known, self._wall)
        self._booking = stages.booking
        self._endpoints = Endpoints(self._booking)
        self._receivers = Receivers(config, stages.index, stages.incidents, stages.deadlines)
        self._pbx_rules = Pbxs(self._booking, self._endpoints)
        self._newcomers = Newcomers(self._booking, self._endpoints, self._pbx_rules)
        states = {state.pbx: state for state in remembered.pbx_states}
        self._pbxs = self.known.pbxs
        for pbx in config.pbxs:
            self._pbxs[pbx.name] = Pbx(pbx, states.get(pbx.name), now, self._wall)
        for settings in remembered.settings:
            if settings.target.pbx in self._pbxs:
                self._pbxs[settings.target.pbx].settings[settings.target] = settings
        self._resume = Resume(stages, self._endpoints, self._pbx_rules, self._pbxs)
        self._reconfiguration = Reconfiguration(stages, self._endpoints, self._pbx_rules, self._pbxs)
        self._waiting = Waiting(self.known, stages.grouping.falls, stages.index, stages.alerting, stages.deadlines)

    def start(self, now: float, changes: Changes) -> None:
        """Go on where the last run stopped; what happened since then nobody knows. Call it once, first."""
        self._resume.resume(self._remembered, Step(now, changes))
        self._remembered = Remembered()

    def next_deadline(self) -> float | None:
        """When ``tick()`` must be called at the latest; None: nothing is due at any time."""
        if self._reconfiguration.is_going_on:
            # At once, after what came meanwhile.
            return 0.0
        return self._stages.deadlines.next()

    # ------------------------------------------------------------ seeing

    def see(self, sighting: Sighting, now: float, changes: Changes) -> None:
        """Take one thing that a source saw."""
        if type(sighting) is Observation:
            self._see_observation(sighting, now, changes)
            return
        step = Step(now, changes)
        # The most frequent first.
        if isinstance(sighting, (ContactChange, Removed, Observation)):
            self._see_or_hold(sighting, step)
        elif isinstance(sighting, EndpointSettings):
            self._see_settings(sighting, step)
        elif isinstance(sighting, Measurement):
            self._see_measurement(sighting, step)
        else:
            pbx = self._pbxs.get(sighting.pbx)
            if pbx is not None:
                self._see_of_pbx(pbx, sighting, step)
        self._stages.pass_on(step)

    def _see_of_pbx(self, pbx: Pbx, sighting: SightingOfPbx, step: Step) -> None:
        """Take what speaks of a PBX, or of all that is behind it."""
        if isinstance(sighting, ContactList):
            self._see_contacts(pbx, sighting, step)
        elif isinstance(sighting, SettingsList):
            self._see_partial_settings(pbx, sighting, step)
        elif isinstance(sighting, Snapshot):
            self._see_snapshot(pbx, sighting, step)
        elif isinstance(sighting, ConnectionReport):
            self._pbx_rules.report(pbx, sighting, step)
        elif isinstance(sighting, RegistrationList):
            self._pbx_rules.take_registrations(pbx, sighting, step)
        elif not pbx.is_blind:
            # Else it is asked for again when that is over.
            self._pbx_rules.maintenance_modes.take(pbx, sighting, step)

    def _see_or_hold(self, sighting: Held, step: Step) -> None:
        pbx = self._pbxs.get(sighting.target.pbx)
        if pbx is not None and pbx.is_blind:
            self._hold(pbx, sighting)
        elif pbx is not None:
            self._see_held(pbx, sighting, step)

    def _hold(self, pbx: Pbx, sighting: Held) -> None:
        """Keep what came in while a PBX is blind, of what is watched."""
        if sighting.target in pbx.endpoints or self._booking.config.is_watched(sighting.target):
            pbx.hold(sighting)

    def _see_observation(self, observation: Observation, now: float, changes: Changes) -> None:
        pbx = self._pbxs.get(observation.target.pbx)
        if pbx is None:
            return
        endpoint = pbx.endpoints.get(observation.target)
        if pbx.is_blind:
            is_known = endpoint is not None or observation.target.is_registration
            if not is_known or pbx.is_blind_for(observation.check):
                self._hold(pbx, observation)
                return
        if observation.check is not Check.REACHABILITY:
            self._observe_check(pbx, endpoint, observation, Step(now, changes), counts=True)
            return
        if endpoint is not None and endpoint.calm is observation.health and endpoint.calm_until == inf:
            # Nearly all of them: as believed, nothing pending, nothing to do.
            endpoint.last_at = max(observation.at, endpoint.last_at)
            return
        self._observe(pbx, endpoint, observation, Step(now, changes), counts=True)

    def _see_held(self, pbx: Pbx, sighting: Held, step: Step) -> None:
        if isinstance(sighting, ContactChange):
            self._see_contact(pbx, sighting, step)
        elif isinstance(sighting, Observation):
            self._observe_check(pbx, pbx.endpoints.get(sighting.target), sighting, step, counts=True)
        else:
            self._see_removed(pbx, sighting, step)

    def _observe(
        self, pbx: Pbx, endpoint: Endpoint | None, observation: Observation, step: Step, *, counts: bool
    ) -> None:
        """Take an observation that may change something. Older than the newest one seen: ignored (rule 1)."""
        if endpoint is None:
            endpoint = self._newcomers.meet(pbx, observation, step)
        testimony = REACHABILITY.testimony(observation.witness, observation.source)
        if endpoint is not None and observation.witness is Witness.QUALIFY:
            self._endpoints.begin_second_check(pbx, endpoint, observation.at, step)
            self._stages.pass_on(step)
            return
        if endpoint is None or testimony is None or observation.at < endpoint.last_at:
            return
        endpoint.last_at = observation.at
        is_up = observation.health is Health.UP and observation.source is Source.SNAPSHOT
        if is_up and self._endpoints.take_first_up(pbx, endpoint, observation, step):
            self._stages.pass_on(step)
            return
        confirms = testimony.confirms
        if observation.source is Source.SNAPSHOT:
            confirms = pbx.may_confirm(endpoint)
        loss = endpoint.reachability.loss
        if endpoint.hear(observation, confirms=confirms):
            witness = None
            if confirms:
                witness = observation.witness
            self._endpoints.apply(pbx, endpoint, observation.at, step, counts=counts, witness=witness)
        if endpoint.reachability.loss is not loss:
            # Also while it is unknown, where nothing else of it changes.
            self._booking.book(endpoint.reachability, step)
        self._stages.pass_on(step)

    def _observe_check(
        self, pbx: Pbx, endpoint: Endpoint | None, observation: Observation, step: Step, *, counts: bool
    ) -> None:
        """Take an observation of any check. An endpoint begins to be watched by its reachability alone."""
        if observation.check == Check.REACHABILITY:
            self._observe(pbx, endpoint, observation, step, counts=counts)
            return
        if is_answer_from_outside(observation, endpoint):
            pbx.answered_outside_at = max(pbx.answered_outside_at, observation.at)
        if observation.target.is_registration:
            self._pbx_rules.lone_registrations.observe(pbx, observation, step)
            self._stages.pass_on(step)
            return
        if endpoint is None or (observation.check == Check.OPTIONS and endpoint.probe_plan is None):
            # An answer to our own OPTIONS may come after it was decided to ask no longer.
            return
        if observation.check == Check.OPTIONS and endpoint.options is None and is_asked_while_offline(endpoint):
            self._endpoints.take_own_view(pbx, endpoint, observation, step)
            self._stages.pass_on(step)
            return
        check = endpoint.check(observation.check, observation.at)
        if check is None or not check.take(observation):
            return
        witness = None
        if check.rules.confirms(observation):
            witness = observation.witness
        self._endpoints.apply(pbx, endpoint, observation.at, step, counts=counts, witness=witness)
        self._stages.pass_on(step)

    def _see_contact(self, pbx: Pbx, change: ContactChange, step: Step) -> None:
        candidate = pbx.candidates.get(change.target)
        if candidate is not None and change.at >= candidate.observation.at:
            # What has contacts is no ghost.
            self._watch_candidate(pbx, candidate, step)
        endpoint = pbx.endpoints.get(change.target)
        if endpoint is None:
            self._newcomers.hear_contact(pbx, change, step)
        elif change.at >= endpoint.last_at and pbx.has_room_for(endpoint, change):
            endpoint.last_at = change.at
            round_trip = endpoint.round_trip(change)
            if round_trip is not None:
                self._see_measurement(round_trip, step)
            if pbx.config.ami:
                # It will be in the list of contacts, too.
                endpoint.keep_round_trip(change)
            is_doubtful = endpoint.makes_settings_doubtful(change) or endpoint.makes_ways_doubtful(change)
            reachability = endpoint.reachability
            loss, had_logged_out = reachability.loss, reachability.is_logged_out
            matters = endpoint.hear_contact(change)
            is_moved = self._follow(pbx, endpoint, change, step)
            if is_moved or is_doubtful:
                step.changes.questions.append(Question(pbx.name, settings_of=(endpoint.target,)))
            if matters and endpoint.word is not None:
                self._endpoints.apply(pbx, endpoint, change.at, step, counts=True)
            if reachability.loss is loss:
                return
            if endpoint.word is not None and reachability.is_logged_out is had_logged_out:
                # The last of the three events of each loss: all else is booked, and known to grouping.
                self._booking.settle_loss(reachability, step)
            else:
                # Also where nothing else was heard of it yet, since healthmon was started.
                self._endpoints.settle(pbx, reachability, step)

    def _see_contacts(self, pbx: Pbx, listed: ContactList, step: Step) -> None:
        """Take what was read of contacts, but for those of which an event came after the request."""
        for reading in listed.readings:
            endpoint = pbx.endpoints.get(reading.target)
            if endpoint is not None and endpoint.contacts_heard_at <= listed.asked_at and not pbx.is_blind:
                self._see_reading(pbx, endpoint, reading, listed.asked_at, step)
        for target, places in listed.places:
            endpoint = pbx.endpoints.get(target)
            if endpoint is not None and endpoint.contacts_heard_at <= listed.asked_at:
                self._endpoints.settle_in(pbx, endpoint, places, listed.asked_at, step)
                self._booking.tell(EndpointNoted(endpoint.reachability))
        step.changes.place_details += [details for details in listed.details if details.target in pbx.endpoints]

    def _see_reading(self, pbx: Pbx, endpoint: Endpoint, reading: ContactReading, at: float, step: Step) -> None:
        change = endpoint.missed_change(reading, at)
        if change is not None:
            self._see_contact(pbx, change, step)
        if reading.rtt_ms is None or endpoint.is_told(reading):
            return
        measured = ROUND_TRIP.measured(endpoint.target, Check.REACHABILITY, reading.rtt_ms, at)
        if reading.is_sample and measured is not None:
            self._see_measurement(measured, step)
        if endpoint.hear_round_trip(reading.uri, reading.rtt_ms) and endpoint.word is not None:
            self._endpoints.apply(pbx, endpoint, at, step, counts=True)
            self._stages.pass_on(step)

    def _see_partial_settings(self, pbx: Pbx, listed: SettingsList, step: Step) -> None:
        """Take what the manager interface tells of settings: of most nothing is new."""
        for partial in listed.settings:
            endpoint = pbx.endpoints.get(partial.target)
            if endpoint is None:
                self._see_settings(partial, step)
                continue
            settings = completed(partial, endpoint.settings)
            if says_the_same(settings, endpoint.settings):
                endpoint.settings = settings
            else:
                self._see_settings(settings, step)
                self._stages.pass_on(step)

    def _see_measurement(self, measurement: Measurement, step: Step) -> None:
        """Pass on what was measured of an endpoint that is watched, whatever is believed of it."""
        pbx = self._pbxs.get(measurement.target.pbx)
        if pbx is None or measurement.target not in pbx.endpoints:
            return
        if pbx.limits.take_measurement(step.now):
            step.changes.measurements.append(measurement)

    def _follow(self, pbx: Pbx, endpoint: Endpoint, change: ContactChange, step: Step) -> bool:
        """Keep in mind where its contacts are; return whether one is at a new place: its settings tell more of it."""
        news: Sequence[PlaceChange] = ()
        address = endpoint.address
        if pbx.places <= MOST_PLACES_OF_A_PBX:
            news = self._endpoints.follow(pbx, endpoint, change, step)
        if news or endpoint.address != address:
            # While it is down, it is where it was lost: it is counted there before more is concluded from this.
            self._booking.tell(EndpointNoted(endpoint.reachability))
            self._stages.pass_on(step)
        # Of a contact that was lost there is nothing more to be told.
        return change.status in LIVING and any(not place.is_left for place in news)

    def _see_removed(self, pbx: Pbx, removed: Removed, step: Step) -> None:
        endpoint = pbx.endpoints.get(removed.target)
        if endpoint is None:
            self._newcomers.hear_removed(pbx, removed)
            return
        if removed.at < endpoint.last_at:
            return
        if removed.source is Source.EVENT:
            # INVALID is also the device of what lacks its channel driver: the configuration tells.
            step.changes.questions.append(Question(pbx.name, (removed.target,)))
            return
        self._endpoints.remove(pbx, endpoint, removed.at, step)
        if removed.target in pbx.vanished:
            # Was it the only one? The snapshot tells (rule 3: a broken pjsip.conf).
            self._pbx_rules.want_snapshot(pbx, step)

    def _see_settings(self, settings: EndpointSettings, step: Step) -> None:
        pbx = self._pbxs.get(settings.target.pbx)
        if pbx is None:
            return
        endpoint = pbx.endpoints.get(settings.target)
        if endpoint is not None:
            if not settings.is_partial:
                step.changes.settings[settings.target] = settings
            self._endpoints.settle_in(pbx, endpoint, settings.places, settings.read_at, step)
            self._endpoints.take_settings(pbx, endpoint, settings, step)
            self._booking.tell(EndpointNoted(endpoint.reachability))
        elif len(pbx.settings) < MOST_WATCHED and self._booking.config.is_watched(settings.target):
            pbx.settings[settings.target] = settings
            candidate = pbx.candidates.get(settings.target)
            if candidate is not None and not pbx.is_blind:
                self._watch_candidate(pbx, candidate, step)
            else:
                self._newcomers.take_settings(pbx, settings, step)

    def _watch_candidate(self, pbx: Pbx, candidate: Candidate, step: Step) -> None:
        endpoint = self._newcomers.watch_candidate(pbx, candidate, step)
        if endpoint is not None:
            self._observe(pbx, endpoint, candidate.observation, step, counts=False)

    # ------------------------------------------------------------ snapshots

    def _see_snapshot(self, pbx: Pbx, snapshot: Snapshot, step: Step) -> None:
        if self._pbx_rules.is_too_old(pbx, snapshot, step):
            return
        was_blind, is_first_look = pbx.is_blind, not pbx.was_seen
        if snapshot.left_out:
            pbx.note_too_many(step)
        elif not pbx.is_full:
            pbx.has_too_many = False
        # What changed while healthmon itself did not look has changed for certain, and once at least.
        sees_changes = not pbx.is_blind or pbx.blind_why in DID_NOT_LOOK
        if words := pbx.limits.review(step.now):
            step.changes.log.append(f"{pbx.target}: {words}")
        self._pbx_rules.see(pbx, snapshot, step)
        self._stages.pass_on(step)
        if was_blind:
            self._endpoints.doubt_contacts(pbx, step)
            self._note_contacts(pbx, snapshot.asked_at, step)
            self._stages.pass_on(step)
        self._reconcile(pbx, snapshot, step, counts=sees_changes)
        self._endpoints.go_on_with_put_off(pbx, step)
        if pbx.has_more_newcomers:
            self._pbx_rules.want_snapshot(pbx, step)
        elif is_first_look:
            pbx.was_seen = True
            step.changes.pbx_states[pbx.name] = pbx.state()
        self._pbx_rules.take_inventory(pbx, snapshot.asked_at, step)
        self._pbx_rules.take_drivers(pbx, snapshot.asked_at, step)
        self._stages.pass_on(step)
        self._stages.grouping.members.confirm(pbx, snapshot.asked_at)
        for sighting in pbx.release(snapshot.asked_at):
            self._see_held(pbx, sighting, step)
            self._stages.pass_on(step)
        if was_blind:
            # Each endpoint was looked at: what our own OPTIONS found stands beside what Asterisk says of it.
            pbx.note_sight()
            self._booking.tell(PbxSeen(pbx.target))
            self._stages.pass_on(step)

    def _note_contacts(self, pbx: Pbx, until: float, step: Step) -> None:
        """Take what events told of contacts while nothing could be seen; the snapshot tells the rest."""
        for change in pbx.contacts_held(until):
            endpoint = pbx.endpoints.get(change.target)
            if endpoint is not None and pbx.has_room_for(endpoint, change):
                if endpoint.makes_settings_doubtful(change) or endpoint.makes_ways_doubtful(change):
                    step.changes.questions.append(Question(pbx.name, settings_of=(endpoint.target,)))
                loss = endpoint.reachability.loss
                endpoint.note_contact(change)
                endpoint.calm = None
                if endpoint.reachability.loss is not loss:
                    self._booking.book(endpoint.reachability, step)

    def _reconcile(self, pbx: Pbx, snapshot: Snapshot, step: Step, *, counts: bool) -> None:
        """Compare all that is listed with what is believed; most of it is the same."""
        at, endpoints = snapshot.asked_at, pbx.endpoints
        pbx.round = this_round = pbx.round + 1
        pbx.newcomers = 0
        listed = 0
        for observation in snapshot.endpoints:
            endpoint = endpoints.get(observation.target)
            if endpoint is not None:
                listed += endpoint.round != this_round
                endpoint.round = this_round
                if endpoint.calm is observation.health and at < endpoint.calm_until:
                    endpoint.last_at = max(at, endpoint.last_at)
                    continue
            self._observe(pbx, endpoint, observation, step, counts=counts)
        pbx.take_stock(snapshot)
        if listed >= len(endpoints):
            return
        for endpoint in list(endpoints.values()):
            # What an event spoke of after the request lives.
            if endpoint.round != this_round and endpoint.is_listed and endpoint.last_at < at:
                self._endpoints.miss(pbx, endpoint, at, step)
        self._stages.pass_on(step)

    # ------------------------------------------------------------ time passing

    def tick(self, now: float, changes: Changes) -> None:
        """Do what has fallen due: ask, end graces and flapping, remind."""
        step = Step(now, changes)
        due = AskedAbout({}, {}, {})
        for deadline in self._stages.deadlines.due(now):
            self._fall_due(deadline, due, step)
            self._stages.pass_on(step)
        for name, checks in due.checks.items():
            self._endpoints.ask(self._pbxs[name], checks, step)
        for name, members in due.of_sites.items():
            self._endpoints.ask_by_snapshot(self._pbxs[name], members, step)
        for name, endpoints in due.second_checks.items():
            self._endpoints.ask_second_checks(self._pbxs[name], endpoints, step)
        self._stages.pass_on(step)
        if self._reconfiguration.is_going_on:
            self._reconfiguration.go_on(step)
        self._review_groups(step)
        self._review_waiting(step)

    def _review_groups(self, step: Step) -> None:
        if not self._reconfiguration.is_going_on:
            self._stages.review_groups(step)

    def _review_waiting(self, step: Step) -> None:
        if not self._reconfiguration.is_going_on:
            self._waiting.review(step)

    def _fall_due(self, deadline: Deadline, due: AskedAbout, step: Step) -> None:
        what, target = deadline.what, deadline.target
        if what is Due.REMIND:
            self._stages.alerting.remind(deadline.incident, step.now, step.changes)
        elif what is Due.ORDERS:
            self._stages.alerting.review_mutes(step.now, step.changes)
        elif what is Due.GROUP:
            self._stages.grouping.falls.due(target)
        elif what is Due.ASK_SITE:
            pbx = self.known.pbx(target)
            members = self._stages.grouping.falls.to_ask(target, step.now)
            if pbx is not None and members:
                due.of_sites.setdefault(pbx.name, []).extend(pbx.endpoints[member] for member in members)
        elif what is Due.URL:
            self._receivers.must_look = True
        elif target.is_pbx:
            pbx = self.known.pbx(target)
            if pbx is not None:
                self._pbx_rules.fall_due(pbx, deadline, step)
        else:
            self._endpoint_due(deadline, due, step)

    def _endpoint_due(self, deadline: Deadline, due: AskedAbout, step: Step) -> None:
        pbx, endpoint = self.known.pbx(deadline.target), self.known.endpoint(deadline.target)
        if pbx is not None and deadline.target.is_registration:
            self._pbx_rules.lone_registrations.ask(pbx, deadline.target, step)
        if pbx is None or endpoint is None:
            return
        check = endpoint.checks.get(deadline.check)
        if deadline.what is Due.SECOND_CHECK:
            due.second_checks.setdefault(pbx.name, []).append(endpoint)
        elif deadline.what is not Due.ASK:
            self._endpoints.fall_due(pbx, endpoint, deadline, step)
        elif check is not None:
            due.checks.setdefault(pbx.name, []).append(check)

    def told(self, told: Mapping[tuple[int, str], Told], now: float, changes: Changes) -> None:
        """Take the delivery results, as read from the outbox, and book what they make necessary."""
        self._stages.alerting.learn(told.items(), now, changes)
        self._review_waiting(Step(now, changes))

    @property
    def wants_urls(self) -> bool:
        """Whether ``hear_of_urls()`` must be called though nobody has written anything."""
        return self._receivers.must_look

    def hear_of_urls(self, urls: Iterable[UrlState], now: float, changes: Changes) -> None:
        """Take how delivery to each URL stands, as read from the outbox, and book what that makes necessary."""
        step = Step(now, changes)
        for news in self._receivers.hear(urls, step):
            self._stages.tell(news, step)
        self._review_waiting(step)

    def obey(self, commands: Commands, now: float, changes: Changes) -> None:
        """Take the silences and acknowledgements, as read from the database, and book what they make necessary."""
        step = Step(now, changes)
        self._stages.alerting.obey(commands, now, changes)
        self._review_groups(step)
        self._review_waiting(step)

    # ------------------------------------------------------------ changes from outside

    def clock_was_set(self, by: float, now: float, changes: Changes) -> None:
        """Somebody set the wall clock by so many seconds: nothing moves but what follows it.

        What it left out nobody saw.
        """
        changes.clock_jumps.append(ClockJump(now, by))
        self._wall.ahead += by
        # Maintenance, working hours, and the hour at which the long gone are told.
        self._stages.deadlines.set(Deadline(Due.ORDERS), now)
        self._stages.alerting.review_telling(now, changes)
        if by > 0:
            self._resume.go_on(CLOCK_WAS_SET, now, Step(now, changes))

    def stood_still(self, since: float, now: float, changes: Changes) -> None:
        """Healthmon itself did nothing from ``since`` until ``now``; what happened meanwhile nobody knows."""
        self._resume.go_on(STOOD_STILL, since, Step(now, changes))

    def reconfigure(self, config: Config, now: float, changes: Changes) -> None:
        """Take a new configuration. A receiver that is new is told of new incidents, and of those untold so far."""
        self._receivers.use(config)
        self._reconfiguration.begin(config, Step(now, changes))
