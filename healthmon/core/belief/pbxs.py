"""What happens to a PBX itself: blindness, its connection, restarts, and its inventory."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from healthmon.core.belief.booking import Booking
from healthmon.core.belief.drivers import assess as assess_drivers
from healthmon.core.belief.drivers import needs_its_driver
from healthmon.core.belief.endpoints import ASK_AGAIN, Endpoints
from healthmon.core.belief.evidence import FROZE, LONGEST_WAIT, RESTARTED
from healthmon.core.belief.inventory import ACCEPTED_AFTER, assess, at_once
from healthmon.core.belief.lone_registrations import LoneRegistrations
from healthmon.core.belief.machine import Machine
from healthmon.core.belief.maintenance_mode import MaintenanceModes
from healthmon.core.belief.news import CheckEnded, PbxRestarted
from healthmon.core.belief.pbx import (
    DID_NOT_LOOK,
    FREEZE,
    JUST_STARTED,
    RESTARTS_TOO_MANY,
    RESTARTS_WINDOW,
    Pbx,
)
from healthmon.core.belief.registration import FIRST_TRIED_WITHIN, RegistrationGrace, tried_again_within
from healthmon.core.deadlines import Deadline, Due
from healthmon.core.step import Step
from healthmon.errors import Trouble
from healthmon.model import (
    SEEN_PAST_ARI,
    Channel,
    Check,
    ConnectionReport,
    Ending,
    Health,
    Question,
    RegistrationList,
    Restart,
    Snapshot,
    Target,
    UnknownPeriod,
)

#: Why it says nothing yet that Asterisk is not registered: its manager interface was away, and ARI still is.
MAY_BE_RESTARTED = "Asterisk may have been restarted"


class Pbxs:
    """Applies what was heard to the PBXs themselves. Owned by the engine thread."""

    def __init__(self, booking: Booking, endpoints: Endpoints) -> None:
        self._booking = booking
        self._endpoints = endpoints
        self.lone_registrations = LoneRegistrations(booking)
        self.maintenance_modes = MaintenanceModes(booking, endpoints)

    # ------------------------------------------------------------ blindness (rule 5)

    def start(self, pbx: Pbx, since: float, step: Step) -> None:
        """Have a PBX unknown until its first snapshot: healthmon has just started, or has just been told of it."""
        if pbx.is_blind:
            # Blind already when healthmon stopped; that time is still open.
            pbx.blind_why = JUST_STARTED
            step.changes.pbx_states[pbx.name] = pbx.state()
            pbx.note_sight()
        else:
            self._begin_blindness(pbx, JUST_STARTED, since, step)
        pbx.noticed_at = step.now
        self._hide(pbx, JUST_STARTED, since, step)
        self.lone_registrations.go_on_unheard(pbx, since, step)
        self.forget_manager(pbx, step)
        if pbx.restarting.belief is Health.DEGRADED:
            self._booking.deadlines.set(Deadline(Due.RESTARTS_ARE_OVER, pbx.target), step.now + RESTARTS_WINDOW)
        if pbx.inventory.belief not in (None, Health.UP):
            pbx.alarm_since = pbx.inventory.since
            pbx.alarm_is_inherited = True
            self._booking.deadlines.set(Deadline(Due.ACCEPT, pbx.target), pbx.inventory.believed_at + ACCEPTED_AFTER)

    def stand_still(self, pbx: Pbx, why: str, since: float, step: Step) -> None:
        """Have a PBX unknown from ``since`` until the next snapshot: nothing was looked at till now."""
        if not pbx.is_blind:
            self._begin_blindness(pbx, why, since, step)
        pbx.noticed_at = pbx.went_on_at = step.now
        self._hide(pbx, why, since, step)
        self._want_snapshot_now(pbx, step)

    def _hide(self, pbx: Pbx, why: str, since: float, step: Step) -> None:
        for machine in (pbx.connection, pbx.manager):
            if machine.belief is not None or machine.pending is not None:
                self._booking.begin_unknown(machine, why, since, step)
                self._booking.book(machine, step)
        for endpoint in pbx.endpoints.values():
            for check in endpoint.checks.values():
                if check.check in SEEN_PAST_ARI and (check.belief is not None or check.pending is not None):
                    self._booking.begin_unknown(check, check.unknown_because or why, since, step)
                    self._booking.book(check, step)
                    self._endpoints.schedule(pbx, check)

    def _begin_blindness(self, pbx: Pbx, why: str, since: float, step: Step) -> None:
        pbx.blind_why, pbx.blind_since, pbx.noticed_at = why, since, step.now
        pbx.note_sight()
        step.changes.pbx_states[pbx.name] = pbx.state()
        period = UnknownPeriod(pbx.target, Check.REACHABILITY, since, None, why)
        step.changes.unknown_periods[pbx.target, Check.REACHABILITY, since] = period
        if pbx.manager.belief is not None or pbx.manager.pending is not None:
            # An Asterisk that is down has no manager interface, either.
            self._booking.begin_unknown(pbx.manager, why, since, step)
            self._booking.book(pbx.manager, step)
        if why != JUST_STARTED:
            step.changes.log.append(f"{pbx.target}: nothing behind it can be seen ({why})")
        for check in pbx.pending.values():
            self._endpoints.schedule(pbx, check)

    def _end_blindness(self, pbx: Pbx, at: float, step: Step) -> None:
        since, why, until = pbx.blind_since, pbx.blind_why, max(at, pbx.blind_since)
        pbx.blind_why, pbx.may_be_frozen = "", False
        pbx.unseen = (since, until)
        period = UnknownPeriod(pbx.target, Check.REACHABILITY, since, until, why)
        step.changes.unknown_periods[pbx.target, Check.REACHABILITY, since] = period
        lasted = f"{until - since:.0f} s"
        words = (
            f"first look; nothing was seen for {lasted}"
            if why == JUST_STARTED
            else f"seen again after {lasted} ({why})"
        )
        step.changes.log.append(f"{pbx.target}: {words}")
        for check in list(pbx.pending.values()):
            if not check.unknown_because and check.check not in SEEN_PAST_ARI:
                check.stop_clocks_between(since, until)
                self._booking.book(check, step)
            self._endpoints.schedule(pbx, check)

    # ------------------------------------------------------------ the connection

    def report(self, pbx: Pbx, report: ConnectionReport, step: Step) -> None:
        """Take how one way to the PBX stands."""
        before = pbx.reports.get(report.channel)
        if before is not None and report.at < before.at:
            return
        if report.channel is Channel.MANAGER:
            self._report_of_manager(pbx, report, step)
            return
        if pbx.is_from_before_standstill(report):
            self.want_snapshot(pbx, step)
            return
        is_new = pbx.is_new_trouble(report)
        pbx.reports[report.channel] = report
        if is_new:
            self._cannot_see(pbx, report, step)
        self._observe_connection(pbx, pbx.began_at(report, before), step)

    def _cannot_see(self, pbx: Pbx, report: ConnectionReport, step: Step) -> None:
        why = report.words or str(report.trouble)
        if not pbx.is_blind:
            self._begin_blindness(pbx, why, pbx.last_proof_of_life(report), step)
            self.want_snapshot(pbx, step)
        elif pbx.blind_why in DID_NOT_LOOK:
            pbx.blind_why = why
            step.changes.pbx_states[pbx.name] = pbx.state()
        elif report.channel is Channel.EVENTS:
            # A stream that lived on while we were refused is gone: how it is now, REST tells sooner than it would.
            self.want_snapshot(pbx, step)
        # Asterisk itself stands still only where a question has no answer. That the stream is silent does not say so:
        # where HTTP sessions are used up, our own heartbeat cannot be posted.
        pbx.may_be_frozen = pbx.may_be_frozen or report.trouble is Trouble.TIMED_OUT

    def _observe_connection(self, pbx: Pbx, at: float, step: Step) -> None:
        if Channel.REST not in pbx.reports:
            # Events alone do not tell whether Asterisk answers.
            return
        health, words = pbx.connection_health(at)
        hold = pbx.connection.hold
        pbx.set_connection_hold()
        was_unknown = self._booking.end_unknown(pbx.connection, at, step)
        was_flapping = pbx.connection.is_flapping
        # Events that come and go while the polls go on are no outages; why nothing comes of a look may change in one.
        seen = Health.UP
        if health in (Health.DOWN, Health.UNKNOWN):
            seen = Health.DOWN
        pbx.connection.count_change(seen, at, counts=not was_unknown)
        self._booking.review_flapping(pbx.connection, step.now)
        changed = was_unknown or pbx.connection.is_flapping is not was_flapping or pbx.connection.hold is not hold
        self._observe(pbx.connection, (health, words), at, step, changed=changed)

    def _observe(
        self, machine: Machine, seen: tuple[Health, str], at: float, step: Step, *, changed: bool = False
    ) -> None:
        """Every report about a PBX may confirm: it comes of a look (rule 7)."""
        before, (health, words) = machine.fingerprint(), seen
        transition = machine.see(health, at, step.now, words, confirms=True)
        if machine.is_flapping and machine.pending is None:
            self._booking.review_flapping(machine, step.now)
        # What is seen now, where that is not what is believed.
        machine.remark = ""
        if health is not Health.UP and words != machine.reason:
            machine.remark = words
        if changed or transition is not None or machine.fingerprint() != before:
            self._booking.settle(machine, transition, step)
        to_ask, deadline = Deadline(Due.ASK_PBX, machine.target, machine.check), machine.deadline()
        if deadline is None:
            self._booking.deadlines.clear(to_ask)
            return
        if deadline <= step.now:
            deadline = step.now + ASK_AGAIN
        self._booking.deadlines.set(to_ask, deadline)

    def want_snapshot(self, pbx: Pbx, step: Step) -> None:
        """Have everything looked at, at most once a second."""
        if step.now - pbx.snapshot_wanted_at >= 1.0:
            self._want_snapshot_now(pbx, step)

    @staticmethod
    def _want_snapshot_now(pbx: Pbx, step: Step) -> None:
        pbx.snapshot_wanted_at = step.now
        step.changes.questions.append(Question(pbx.name, wants_snapshot=True))

    def fall_due(self, pbx: Pbx, deadline: Deadline, step: Step) -> None:
        """A time has come that was set for a PBX itself."""
        if deadline.what is Due.ASK_PBX:
            self._booking.deadlines.set(Deadline(Due.ASK_PBX, pbx.target, deadline.check), step.now + ASK_AGAIN)
            if deadline.check == Check.MANAGER:
                step.changes.questions.append(Question(pbx.name, check=deadline.check, asked_by=Channel.MANAGER))
            else:
                self._want_snapshot_now(pbx, step)
        elif deadline.what is Due.FLAPPING:
            # An outage has lasted long enough to count, or old ones have left the window.
            was_flapping = pbx.connection.is_flapping
            self._booking.review_flapping(pbx.connection, step.now)
            if pbx.connection.is_flapping is not was_flapping:
                self._booking.settle(pbx.connection, None, step)
        elif deadline.what is Due.RESTARTS_ARE_OVER and pbx.restarting.belief is Health.DEGRADED:
            transition = pbx.restarting.believe(Health.UP, step.now, step.now, "no restart for ten minutes")
            self._booking.settle(pbx.restarting, transition, step)
        elif deadline.what is Due.ACCEPT:
            self._accept(pbx, step)

    # ------------------------------------------------------------ the manager interface

    def _report_of_manager(self, pbx: Pbx, report: ConnectionReport, step: Step) -> None:
        """Take how the manager interface stands. While it cannot be asked, registrations are unknown."""
        could_check, before = pbx.can_check_at_once, pbx.reports.get(Channel.MANAGER)
        pbx.reports[Channel.MANAGER] = report
        if pbx.can_check_at_once and not could_check:
            self._endpoints.plan_second_checks(pbx)
        if report.trouble is not None or report.forgets:
            why = f"manager interface: {report.words or report.trouble or report.remark}"
            for _endpoint, registration in pbx.registered_endpoints():
                registration.hide(why, report.at)
            self.lone_registrations.hide(pbx, why, report.at, step)
        if report.trouble is None and before is not None and before.trouble is not None and pbx.is_blind:
            # Asterisk may have been restarted, which only ARI tells.
            since = step.now
            pbx.registration_grace = RegistrationGrace(
                MAY_BE_RESTARTED, since + pbx.config.restart_grace, since + FIRST_TRIED_WITHIN, since
            )
        if not pbx.is_blind:
            self._observe_manager(pbx, report.at, step)
        else:
            self._apply_registrations(pbx, report.at, step)

    def _observe_manager(self, pbx: Pbx, at: float, step: Step) -> None:
        seen = pbx.manager_health()
        if seen is None:
            return
        was_unknown = self._booking.end_unknown(pbx.manager, at, step)
        self._observe(pbx.manager, seen, at, step, changed=was_unknown)
        self._apply_registrations(pbx, at, step)

    def _apply_registrations(self, pbx: Pbx, at: float, step: Step) -> None:
        for endpoint, _registration in pbx.registered_endpoints():
            self._endpoints.apply(pbx, endpoint, at, step, counts=False)

    def take_registrations(self, pbx: Pbx, listed: RegistrationList, step: Step) -> None:
        """Take how often they are tried. End the check of what has no registration any more."""
        if not listed.is_whole:
            self.lone_registrations.end_owned(pbx, listed, step)
            return
        if listed.lacks:
            self._hide_unlisted(pbx, listed, step)
            return
        pbx.unlisted_because = ""
        pbx.longest_retry_interval = max(listed.retry_intervals.values(), default=0.0)
        for endpoint, registration in pbx.registered_endpoints():
            registration.retry_interval = listed.retry_intervals.get(endpoint.target, 0.0)
        self.lone_registrations.end_others(pbx, listed, step)
        ended = [endpoint for endpoint, _ in pbx.registered_endpoints() if endpoint.target not in listed.targets]
        for endpoint in ended:
            self._endpoints.end_check(pbx, endpoint, Check.REGISTRATION, listed.asked_at, step, ending=Ending.REMOVED)

    def _hide_unlisted(self, pbx: Pbx, listed: RegistrationList, step: Step) -> None:
        """Asterisk cannot list them all: what it had, and does not list, is unknown, and no outage is over."""
        why = f"manager interface: {listed.lacks}"
        hidden = [each for each in pbx.registered_endpoints() if each[0].target not in listed.targets]
        for endpoint, registration in hidden:
            pbx.unlisted_because = listed.lacks
            registration.hide(why, listed.asked_at)
            self._endpoints.apply(pbx, endpoint, listed.asked_at, step, counts=False)
        self.lone_registrations.hide_others(pbx, listed, why, step)

    def forget_manager(self, pbx: Pbx, step: Step) -> None:
        """Without a manager interface in the configuration nobody asks for registrations."""
        if pbx.config.ami:
            return
        pbx.reports.pop(Channel.MANAGER, None)
        pbx.unlisted_because = ""
        self.maintenance_modes.forget(pbx, step)
        self.lone_registrations.end_all(pbx, step)
        for endpoint, _registration in list(pbx.registered_endpoints()):
            self._endpoints.end_check(pbx, endpoint, Check.REGISTRATION, step.now, step, ending=Ending.NO_MANAGER)
        if pbx.manager.belief is None and pbx.manager.pending is None:
            return
        self._booking.end_unknown(pbx.manager, step.now, step)
        transition = pbx.manager.forget(step.now, step.now, Ending.NO_MANAGER)
        if transition is not None:
            step.changes.transitions.append(transition)
        words = f"{pbx.target}: {Ending.NO_MANAGER}"
        self._booking.tell(CheckEnded(pbx.target, Check.MANAGER, Ending.NO_MANAGER, words))
        self._booking.deadlines.clear(Deadline(Due.ASK_PBX, pbx.target, Check.MANAGER))
        step.changes.states.pop((pbx.target, Check.MANAGER), None)
        step.changes.ended_checks.append((pbx.target, Check.MANAGER))

    # ------------------------------------------------------------ what a snapshot says of the PBX

    def is_too_old(self, pbx: Pbx, snapshot: Snapshot, step: Step) -> bool:
        """Whether this snapshot was asked for before the last one, or before we noticed that we were blind."""
        if snapshot.asked_at < pbx.snapshot_at:
            return True
        if pbx.is_blind and snapshot.asked_at < pbx.noticed_at:
            self.want_snapshot(pbx, step)
            return True
        return False

    def see(self, pbx: Pbx, snapshot: Snapshot, step: Step) -> None:
        """Take what a snapshot says of the PBX itself, before its endpoints are looked at."""
        at, before = snapshot.asked_at, pbx.state()
        if snapshot.startup_time and pbx.startup_time and snapshot.startup_time != pbx.startup_time:
            self._restarted(pbx, snapshot, step)
        elif pbx.may_be_frozen and at - pbx.blind_since > FREEZE:
            self._thawed(pbx, at - pbx.blind_since)
        elif not pbx.snapshot_at and snapshot.running_for is not None:
            self._look_at_start(pbx, snapshot, at - snapshot.running_for)
        elif pbx.registration_grace.why == MAY_BE_RESTARTED:
            # It was not.
            pbx.registration_grace = RegistrationGrace()
        if pbx.is_blind:
            self._end_blindness(pbx, at, step)
            if pbx.went_on_at >= pbx.unseen[0]:
                # While healthmon stood still, the manager interface was not heard, either.
                pbx.hear_no_registration()
            self._observe_manager(pbx, at, step)
            if pbx.config.ami:
                # What it told meanwhile was not heard.
                step.changes.questions.append(Question(pbx.name, check=Check.REGISTRATION, asked_by=Channel.MANAGER))
        pbx.snapshot_at = at
        pbx.startup_time = snapshot.startup_time or pbx.startup_time
        pbx.last_reload_time = snapshot.last_reload_time or pbx.last_reload_time
        pbx.version = snapshot.version or pbx.version
        pbx.has_read_settings = snapshot.follows_settings
        if snapshot.configured_for is not None:
            pbx.configured_at = at - snapshot.configured_for
        self._note_drivers(pbx, snapshot)
        if pbx.state() != before:
            step.changes.pbx_states[pbx.name] = pbx.state()
        self._answers(pbx, at, step)

    def _answers(self, pbx: Pbx, at: float, step: Step) -> None:
        rest = pbx.reports.get(Channel.REST)
        if rest is None or rest.at <= at:
            remark = ""
            if rest is not None and rest.trouble is None:
                remark = rest.remark
            elif rest is not None:
                pbx.answers_since = at
            pbx.reports[Channel.REST] = ConnectionReport(pbx.name, Channel.REST, at, remark=remark, alive_at=at)
            self._observe_connection(pbx, at, step)

    # ------------------------------------------------------------ restarts (rule 11)

    def _look_at_start(self, pbx: Pbx, snapshot: Snapshot, since: float) -> None:
        """Our first look at a PBX: what Asterisk has not had the time to check since its own start is in grace."""
        at = snapshot.asked_at
        is_known = bool(snapshot.startup_time) and snapshot.startup_time == pbx.startup_time
        if at >= since + max(pbx.config.restart_grace, pbx.longest_cycle, LONGEST_WAIT):
            return
        self._begin_grace(pbx, since)
        for endpoint in pbx.endpoints.values():
            until = since + pbx.grace_for(endpoint)
            # That it is down was seen before, by evidence.
            if until > at >= endpoint.grace_until and endpoint.reachability.pending is not Health.DOWN:
                endpoint.begin_grace(pbx.grace_why, until, takes_evidence=True)
                # Whoever did not come back after this start was unknown when healthmon stopped.
                endpoint.is_back = is_known and endpoint.reachability.is_up_for_certain

    def _restarted(self, pbx: Pbx, snapshot: Snapshot, step: Step) -> None:
        at = snapshot.asked_at
        running_for = snapshot.running_for or 0.0
        restart = Restart(pbx.name, max(at - running_for, pbx.snapshot_at), snapshot.startup_time)
        step.changes.restarts.append(restart)
        if pbx.config.tell_restarts:
            self._booking.tell(PbxRestarted(pbx.target, restart))
        self.maintenance_modes.end_all(pbx, at, step)
        pbx.removed.clear()
        self._count_restart(pbx, at, step)
        is_in_grace = pbx.grace_since is not None and at < pbx.grace_since + pbx.config.restart_grace
        registered: set[Target] = set()
        if pbx.registration_grace.since >= restart.at:
            # The manager interface was back before ARI was, and told of them since.
            registered = pbx.registration_grace.registered
        if not is_in_grace:
            # It may have been long ago that it was restarted: ARI was away.
            self._begin_grace(pbx, restart.at)
            pbx.awaited.clear()
        pbx.registration_grace = replace(pbx.registration_grace, since=restart.at, registered=registered)
        for endpoint in pbx.endpoints.values():
            # A second restart does not extend a grace that runs.
            endpoint.is_back, endpoint.calm = False, None
            if at >= endpoint.grace_until:
                endpoint.begin_grace(pbx.grace_why, restart.at + pbx.grace_for(endpoint), takes_evidence=True)

    def _begin_grace(self, pbx: Pbx, since: float) -> None:
        local = datetime.fromtimestamp(self._booking.wall.shown(since), self._booking.config.timezone)
        pbx.grace_since, pbx.grace_why = since, f"{RESTARTED} {local:%H:%M:%S}"
        pbx.registration_grace = RegistrationGrace(
            pbx.grace_why, since + pbx.config.restart_grace, since + FIRST_TRIED_WITHIN, since
        )

    def _count_restart(self, pbx: Pbx, at: float, step: Step) -> None:
        pbx.count_restart(at)
        step.changes.log.append(f"{pbx.target}: Asterisk was restarted")
        self._booking.deadlines.set(Deadline(Due.RESTARTS_ARE_OVER, pbx.target), at + RESTARTS_WINDOW)
        if len(pbx.restarts) < RESTARTS_TOO_MANY:
            return
        within = max(at - pbx.restarts[0], RESTARTS_WINDOW)
        words = f"{len(pbx.restarts)} restarts in {within / 60:.0f} minutes"
        if pbx.restarting.belief is Health.DEGRADED:
            # It goes on, and nobody is told again.
            pbx.restarting.reason = words
            self._booking.settle(pbx.restarting, None, step)
        else:
            transition = pbx.restarting.believe(Health.DEGRADED, at, step.now, words)
            self._booking.settle(pbx.restarting, transition, step)

    @staticmethod
    def _thawed(pbx: Pbx, after: float) -> None:
        why = f"{FROZE} {after:.0f} s"
        at = pbx.blind_since + after
        # What could not be answered meanwhile has failed, and is tried again only later.
        tried_by = at + tried_again_within(pbx.longest_retry_interval)
        if tried_by > pbx.registration_grace.until:
            pbx.registration_grace = RegistrationGrace(why, tried_by)
        for endpoint in pbx.endpoints.values():
            until = at + pbx.freeze_grace_for(endpoint)
            if until > max(at, endpoint.grace_until):
                endpoint.begin_grace(why, until, takes_evidence=False)

    # ------------------------------------------------------------ channel drivers

    @staticmethod
    def _note_drivers(pbx: Pbx, snapshot: Snapshot) -> None:
        """Have each endpoint know whether its channel driver is there; the rest of the snapshot draws conclusions."""
        if (snapshot.missing_drivers, snapshot.unlisted) == (pbx.missing_drivers, pbx.unlisted):
            return
        pbx.missing_drivers, pbx.unlisted = snapshot.missing_drivers, snapshot.unlisted
        for endpoint in pbx.endpoints.values():
            endpoint.not_usable, endpoint.calm = pbx.why_not_usable(endpoint.target), None
            if pbx.is_listed_for_certain(endpoint.target) and endpoint.was_unlisted_by_accident:
                # That it was not listed said nothing so far.
                endpoint.is_listed, endpoint.was_unlisted_by_accident = True, False

    def take_drivers(self, pbx: Pbx, at: float, step: Step) -> None:
        """Judge, after a snapshot, whether a channel driver is missing that somebody needs."""
        lacking = [
            technology
            for technology in pbx.missing_drivers
            if any(
                endpoint.target.technology == technology and needs_its_driver(endpoint, at)
                for endpoint in pbx.endpoints.values()
            )
        ]
        if lacking or pbx.drivers.belief is not None or pbx.drivers.pending is not None:
            self._observe(pbx.drivers, assess_drivers(lacking), at, step)

    # ------------------------------------------------------------ inventory (rule 3)

    def take_inventory(self, pbx: Pbx, at: float, step: Step) -> None:
        """Judge, after a snapshot, whether too much has vanished."""
        if not pbx.vanished and pbx.inventory.belief is Health.UP and pbx.inventory.pending is None:
            return
        if not pbx.vanished and pbx.alarm_is_inherited:
            # An earlier run of healthmon knew what had been removed; that cannot come back to be noticed.
            self._accept(pbx, step)
            return
        for target in [target for target in pbx.vanished if _is_back(pbx, target)]:
            del pbx.vanished[target]
        removed = sum(lost.was_removed for lost in pbx.vanished.values())
        known = removed + sum(endpoint.reachability.belief is not None for endpoint in pbx.endpoints.values())
        lost = at_once(pbx.vanished.values(), pbx.alarm_since)
        health, words = assess(lost, known)
        if health is Health.UP:
            pbx.alarm_since, pbx.alarm_is_inherited = None, False
        elif pbx.alarm_since is None:
            pbx.alarm_since = max(endpoint.at for endpoint in lost)
        self._observe(pbx.inventory, (health, words), at, step)
        self._accept_later(pbx)
        self._let_old_ones_go(pbx, at)

    def _accept_later(self, pbx: Pbx) -> None:
        key, inventory = Deadline(Due.ACCEPT, pbx.target), pbx.inventory
        if inventory.belief in (None, Health.UP):
            self._booking.deadlines.clear(key)
        else:
            self._booking.deadlines.set(key, inventory.believed_at + ACCEPTED_AFTER)

    @staticmethod
    def _let_old_ones_go(pbx: Pbx, at: float) -> None:
        if pbx.alarm_since is None:
            old = [target for target, vanished in pbx.vanished.items() if vanished.at < at - ACCEPTED_AFTER]
            for target in old:
                del pbx.vanished[target]

    def _accept(self, pbx: Pbx, step: Step) -> None:
        """What vanished a day ago was meant to: the PBX is taken as it is now."""
        inventory = pbx.inventory
        words = f"{pbx.target}: {Ending.ACCEPTED}"
        self._booking.tell(CheckEnded(pbx.target, inventory.check, Ending.ACCEPTED, words))
        pbx.vanished.clear()
        pbx.alarm_since, pbx.alarm_is_inherited, inventory.pending = None, False, None
        transition = inventory.believe(Health.UP, step.now, step.now, Ending.ACCEPTED)
        self._booking.settle(inventory, transition, step)


def _is_back(pbx: Pbx, target: Target) -> bool:
    endpoint = pbx.endpoints.get(target)
    return endpoint is not None and endpoint.is_listed
