"""What happens to an endpoint when something is heard of it, or when one of its times has come."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import islice, zip_longest

from healthmon.config.sections.watch import WatchConfig
from healthmon.core.belief.booking import Booking
from healthmon.core.belief.contacts import Contacts
from healthmon.core.belief.endpoint import Endpoint
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.evidence import (
    GRACES,
    LONGEST_WAIT,
    NOT_QUALIFIED,
    RECONFIGURED,
    RESTARTED,
    first_check_within,
    is_checked_otherwise,
    remark_for,
    why_unknown,
)
from healthmon.core.belief.inventory import FORGOTTEN_AFTER, Vanished
from healthmon.core.belief.machine import ONE_FALL, Machine
from healthmon.core.belief.news import CheckEnded, EndpointForgotten
from healthmon.core.belief.options import Options, is_asked_while_offline, own_view, plan_why_offline, probe_plan
from healthmon.core.belief.pbx import MOST_SINGLE_QUESTIONS, Pbx
from healthmon.core.belief.reachability import Reachability
from healthmon.core.belief.registration import Registration, known_since
from healthmon.core.deadlines import Deadline, Due
from healthmon.core.step import Step
from healthmon.model import (
    SEEN_PAST_ARI,
    Channel,
    Check,
    ContactChange,
    Ending,
    EndpointSettings,
    Health,
    Observation,
    Place,
    PlaceChange,
    Probe,
    Question,
    Target,
    Transition,
    Witness,
)

#: All that may fall due of an endpoint, and of each of its checks.
OF_AN_ENDPOINT = (Due.GRACE_IS_OVER, Due.UNLISTED, Due.CONTACTS, Due.SECOND_CHECK)
OF_A_CHECK = (Due.ASK, Due.FLAPPING, Due.GRACE_IS_OVER)

#: Without an answer the question is asked again after so long (seconds).
ASK_AGAIN = 10.0

#: Whether much falls at once is seen so soon after the first of it (seconds).
STORM_IS_SEEN_WITHIN = 0.5

#: What events told of a contact counts for so long after events were missed: as long as a registration lasts at most,
#: unless maximum_expiration is set (seconds).
DOUBTED_FOR = 7200.0

#: Why our own OPTIONS find nothing wrong any more, where Asterisk checks as well as we do.
ASTERISK_REACHES_IT = "Asterisk checks it by itself, and reaches it"

#: What is told together: all that is found down at the first look; all that did not come back from one restart.
FIRST_LOOK = "found down at first look"
NOT_BACK = "did not come back after the restart"


class Endpoints:
    """Applies what was heard to endpoints. Owned by the engine thread."""

    def __init__(self, booking: Booking) -> None:
        self._booking = booking

    def apply(
        self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step, *, counts: bool, witness: Witness | None = None
    ) -> None:
        """Draw the conclusions from what the endpoint's witnesses last said, at ``at``.

        ``counts``: whether a change now is one that we saw happen, so that flapping counts it. ``witness``: whose word
        was asked for, so that it may confirm what is pending; None: nobody's was.
        """
        if not pbx.limits.may_change(endpoint, step.now):
            return
        booked = _changes_in(step)
        contacts, is_blind = None, pbx.is_blind
        if not is_blind:
            contacts = endpoint.begin_contacts(at, is_looked_at=witness is not None)
        if contacts is not None:
            # The first of several is lost, or slow: few ever have that check.
            self._booking.settle(contacts, contacts.begin(at, step.now), step)
        options = endpoint.options
        if options is not None:
            options.is_asterisk_unseen = pbx.is_unseen(endpoint)
        for check in endpoint.checks.values():
            if not is_blind or check.check in SEEN_PAST_ARI:
                self._apply(pbx, endpoint, check, at, step, confirms=check.is_confirmed_by(witness), counts=counts)
        if options is not None and options.handed_over_at is not None:
            self._hand_over(pbx, endpoint, options, options.handed_over_at, step)
        if (endpoint.word is Health.DOWN) is not (endpoint.probe_plan is not None) and is_asked_while_offline(endpoint):
            self.plan_probes(pbx, endpoint, step)
        endpoint.refresh()
        if _changes_in(step) > booked:
            pbx.limits.changes.spend(_changes_in(step) - booked, step.now)

    def _apply(
        self, pbx: Pbx, endpoint: Endpoint, check: EndpointCheck, at: float, step: Step, *, confirms: bool, counts: bool
    ) -> None:
        before = check.fingerprint()
        transition = None
        why = check.why_unknown(at)
        if why:
            self._booking.begin_unknown(check, why, at, step)
            if why == endpoint.grace_why:
                # What was up when Asterisk was restarted is waited for.
                self._booking.deadlines.set(Deadline(Due.GRACE_IS_OVER, endpoint.target), endpoint.grace_until)
                pbx.awaited[endpoint.target] = endpoint
        elif isinstance(check, Registration) and self._is_hidden(pbx, check, at, step, confirms=confirms):
            check.note_early(Health.DOWN, max(check.heard_at, check.unknown_since))
        elif (health := check.reading()) is not None:
            unseen_since, was_falling = pbx.unseen_before(check, at), check.pending is Health.DOWN
            transition = self._see(check, health, at, step, confirms=confirms, counts=counts)
            if check.pending is Health.DOWN and not was_falling and endpoint.options is not None:
                self._fall_beside_options(pbx, check, endpoint.options, unseen_since, step)
        check.remark = check.remark_beside()
        if why and why == endpoint.grace_why:
            check.remark = self._end_in_words(endpoint.grace_until)
        if check.belief is Health.UP and check.pending is None:
            check.cohort = ""
        is_changed = transition is not None or check.fingerprint() != before
        if is_changed or check.booked_hold != check.pending_hold():
            self.settle(pbx, check, step, transition)
        self.schedule(pbx, check)
        if transition is not None and check is endpoint.reachability:
            self._review_options(pbx, endpoint, transition, step)
        if pbx.awaited and not endpoint.reachability.is_awaited:
            pbx.awaited.pop(endpoint.target, None)

    def _fall_beside_options(
        self, pbx: Pbx, check: EndpointCheck, options: Options, unseen_since: float, step: Step
    ) -> None:
        """Another check begins to fall: what our own OPTIONS found may be the same outage, or they are to find out.

        ``unseen_since``: since when nobody could see the check until now (seconds UTC).
        """
        if isinstance(check, Reachability):
            check.begin_with(options.found_down_at, unseen_since)
        elif options.is_up_for_certain and options in check.earlier and options.may_explain:
            # The next round may be a minute away.
            self._ask_elsewhere(pbx, options, step)

    def _is_hidden(self, pbx: Pbx, check: Registration, at: float, step: Step, *, confirms: bool) -> bool:
        """Hide that Asterisk is not registered where that says nothing yet; return whether it does not."""
        if check.heard is Health.UP:
            pbx.note_registered(check.target, check.heard_at)
        if check.heard is not Health.DOWN:
            return False
        why = pbx.why_registration_is_hidden(check, check.words, at)
        if not why:
            return False
        self._booking.begin_unknown(check, why, at, step)
        until = pbx.registration_grace.hides_until(check, check.words, at, confirms=confirms)
        if not until:
            return False
        if step.now >= until:
            until = step.now + ASK_AGAIN
            if step.now >= check.asked_at + ASK_AGAIN:
                self._ask_elsewhere(pbx, check, step)
        self._booking.deadlines.set(Deadline(Due.GRACE_IS_OVER, check.target, check.check), until)
        return True

    def _see(
        self, check: EndpointCheck, health: Health, at: float, step: Step, *, confirms: bool, counts: bool
    ) -> Transition | None:
        was_unknown = False
        if check.unknown_because:
            # Of the events of one loss the first may be in grace, and the next the evidence: that hides nothing.
            was_unknown = at - check.unknown_since >= ONE_FALL
            self._booking.end_unknown(check, known_since(check, health, at), step)
        # A contact that comes and goes is no flapping to somebody who does not want to hear of it.
        counted = health
        if health is Health.DEGRADED and not check.degraded_counts:
            counted = Health.UP
        check.count_change(counted, at, counts=counts and not was_unknown)
        self._booking.review_flapping(check, step.now)
        transition = check.see(health, at, step.now, check.why(), confirms=confirms and check.may_be_believed())
        check.correct_reason()
        if check.is_flapping and check.pending is None:
            self._booking.review_flapping(check, step.now)
        return transition

    def take_first_up(self, pbx: Pbx, endpoint: Endpoint, observation: Observation, step: Step) -> bool:
        """Take a look that finds it up, if that is the first word of it; False: more is to be weighed, by ``apply()``.

        So it is with nearly all of twenty thousand at a start, and ``apply()`` takes five times as long for the same.
        """
        check = endpoint.reachability
        remark = remark_for(endpoint.settings, is_check_seen=endpoint.is_check_seen)
        if check.belief is Health.UP:
            is_news = False
            is_plain = check.ever_up and check.remark == remark
        else:
            is_news = True
            is_plain = check.belief is None and pbx.limits.has_room_for(endpoint, step.now)
        if not (is_plain and is_nothing_against(endpoint)):
            return False
        endpoint.hear_up(observation.words)
        if is_news:
            check.pending_since = observation.at
            transition = check.believe(Health.UP, observation.at, step.now, observation.words)
            check.remark, check.cohort = remark, ""
            self.settle(pbx, check, step, transition)
            pbx.limits.changes.spend(1, step.now)
        return True

    def go_on_with_put_off(self, pbx: Pbx, step: Step) -> None:
        """Draw the conclusions for which there was no room, as far as there is some now."""
        for endpoint in pbx.limits.take_up(step.now):
            if endpoint.word is not None:
                self.apply(pbx, endpoint, step.now, step, counts=False)

    def settle(self, pbx: Pbx, check: EndpointCheck, step: Step, transition: Transition | None = None) -> None:
        """Book a check of an endpoint after something changed, and review its incident."""
        if transition is not None and transition.after is Health.DOWN and not check.cohort:
            check.cohort = self._cohort_of(pbx, check, transition)
        self._booking.settle(check, transition, step, degraded_counts=check.degraded_counts)

    @staticmethod
    def _cohort_of(pbx: Pbx, check: EndpointCheck, transition: Transition) -> str:
        """What a device that was found dead after a restart is told together with: those that are still awaited.

        What Asterisk says of a contact tells early of some, and of those that it forgot nothing tells but their grace.
        """
        is_one_of_them = (
            isinstance(check, Reachability)
            and check.kind.is_device
            and any(other.reachability.fell_with(transition.at) for other in pbx.awaited.values())
        )
        if is_one_of_them:
            return NOT_BACK
        return ""

    def configure(
        self,
        pbx: Pbx,
        endpoint: Endpoint,
        step: Step,
        *,
        policy: WatchConfig | None = None,
        settings: EndpointSettings | None = None,
    ) -> None:
        """Take a new watch section or new settings: what was last heard may be worth something else now."""
        before, were = {check: check.state() for check in endpoint.checks.values()}, endpoint.settings
        endpoint.use(policy or endpoint.policy, settings or endpoint.settings)
        endpoint.calm = None
        why = why_unknown(Health.UP, endpoint.settings)
        if why and not why_unknown(Health.UP, were):
            self._distrust(endpoint, why, step, was_checked=were is not None)
        elif not why and why_unknown(Health.UP, were) == NOT_QUALIFIED:
            self._await_first_check(pbx, endpoint, step)
        if endpoint.word is not None and not pbx.is_blind:
            self.apply(pbx, endpoint, step.now, step, counts=False)
        for check in endpoint.checks.values():
            if check.state() != before.get(check):
                self.settle(pbx, check, step)
            self.schedule(pbx, check)
        self.plan_probes(pbx, endpoint, step)

    def _await_first_check(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """Qualify was switched on: why nothing was known of it is no longer true.

        Where our own OPTIONS find it wrong, "online" says nothing before the first check.
        """
        for check in endpoint.qualified_checks:
            if check.belief is None:
                check.reason = ""
        if endpoint.options is None or not endpoint.options.is_wrong:
            return
        endpoint.first_check_by = step.now + first_check_within(endpoint.settings, pbx.longest_cycle)
        due = Deadline(Due.GRACE_IS_OVER, endpoint.target, Check.REACHABILITY)
        self._booking.deadlines.set(due, endpoint.first_check_by)

    def plan_probes(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """Have it asked by OPTIONS of our own from now on, or otherwise, or not any more."""
        settings = endpoint.settings
        if endpoint.policy.probe is not Probe.NO and settings is not None and settings.known and settings.ways is None:
            # They were read when nobody wanted to know by which way it is reached.
            step.changes.questions.append(Question(pbx.name, settings_of=(endpoint.target,)))
            return
        plan, options = probe_plan(endpoint), endpoint.options
        if options is not None and plan is not None:
            options.handed_over_at = endpoint.found_wrong_at = None
        elif options is not None:
            plan = options.plan_until_handed_over(step.now)
        if plan is None and options is not None:
            endpoint.found_wrong_at = None
            self.end_check(pbx, endpoint, Check.OPTIONS, step.now, step, ending=Ending.NOT_ASKED)
        plan = plan or plan_why_offline(endpoint)
        if plan is None:
            endpoint.own_view = ""
        if plan != endpoint.probe_plan:
            endpoint.probe_plan = step.changes.probe_plans[endpoint.target] = plan

    def take_own_view(self, pbx: Pbx, endpoint: Endpoint, observation: Observation, step: Step) -> None:
        """Take an answer that is asked for only to say why Asterisk calls a provider offline."""
        endpoint.note_own_view(own_view(endpoint, observation), observation.at)
        if endpoint.reachability.correct_own_view():
            self.settle(pbx, endpoint.reachability, step)

    def _hand_over(self, pbx: Pbx, endpoint: Endpoint, options: Options, since: float, step: Step) -> None:
        """Asterisk checks as well as we do what our own OPTIONS found wrong: once it is well, Asterisk alone is heard.

        ``since``: when Asterisk's settings were found to be so. It has had the time for a check after one cycle.
        """
        reachability = endpoint.reachability
        is_checked = step.now >= since + first_check_within(endpoint.settings, pbx.longest_cycle)
        if options.is_wrong and is_checked and reachability.is_up_for_certain:
            transition = options.believe(Health.UP, max(since, reachability.since), step.now, ASTERISK_REACHES_IT)
            self.settle(pbx, options, step, transition)
        if not options.is_wrong:
            self.plan_probes(pbx, endpoint, step)

    def go_on_without_address(self, endpoint: Endpoint, step: Step) -> None:
        """An older healthmon believed something of an endpoint that Asterisk cannot check for want of an address."""
        settings, check = endpoint.settings, endpoint.reachability
        if settings is not None and not settings.has_address and (check.belief or check.pending):
            self._distrust(endpoint, why_unknown(Health.UP, settings), step, was_checked=True)
            self._booking.book(check, step)

    def _distrust(self, endpoint: Endpoint, why: str, step: Step, *, was_checked: bool) -> None:
        """What is said of an endpoint turns out to be worth nothing: it is not qualified, or has no address.

        Its "up" means nothing, and an outage could never end. When its settings are read for the first time, it was
        always so: what was believed till then was not known.
        """
        ending = Ending.NO_ADDRESS
        if why == NOT_QUALIFIED:
            ending = Ending.NOT_QUALIFIED
        for check in endpoint.qualified_checks:
            cause, at = why, check.since
            if was_checked:
                cause, at = ending, step.now
            transition = check.forget(at, step.now, cause, Health.UNKNOWN)
            self._end(check, ending, cause, transition, step)

    def _end(self, check: Machine, ending: Ending, cause: str, transition: Transition | None, step: Step) -> None:
        """What was open about it ends; if anything was believed of it, the log says so."""
        words = ""
        if transition is not None:
            step.changes.transitions.append(transition)
            name = f"{check.kind} {check.target}"
            if check.check != Check.REACHABILITY:
                name = f"{name} ({check.check})"
            words = f"{name}: {cause}"
        self._booking.tell(CheckEnded(check.target, check.check, ending, words))

    # ------------------------------------------------------------ asking before believing

    def schedule(self, pbx: Pbx, check: EndpointCheck) -> None:
        """Set the time at which what is pending is asked for anew, and believed if the answer is the same."""
        pbx.note_pending(check)
        to_ask, at = Deadline(Due.ASK, check.target, check.check), check.deadline()
        if pbx.is_blind_for(check.check) or at is None:
            self._booking.deadlines.clear(to_ask)
            return
        if check.asked_at >= at:
            # Asked already since then: give the answer its time.
            at = check.asked_at + ASK_AGAIN
        self._booking.deadlines.set(to_ask, at)
        if not isinstance(check, Reachability) or not pbx.can_check_at_once:
            return
        if check.wants_second_check() and check.plan_second_check():
            pbx.storms.note_fall(check.pending_since)
            due_at = check.pending_since + STORM_IS_SEEN_WITHIN
            self._booking.deadlines.set(Deadline(Due.SECOND_CHECK, check.target), due_at)

    def plan_second_checks(self, pbx: Pbx) -> None:
        """The manager interface can be asked again."""
        for endpoint in list(self._pending(pbx)):
            self.schedule(pbx, endpoint.reachability)

    def ask_second_checks(self, pbx: Pbx, due: Sequence[Endpoint], step: Step) -> None:
        """Have Asterisk check these at once, unless too many have fallen (rule 9)."""
        is_storm = pbx.storms.is_on(step.now, len(due))
        for endpoint in due:
            check = endpoint.reachability
            if pbx.is_blind or not pbx.can_check_at_once:
                # It is planned anew when that is over.
                check.planned_for = 0.0
            elif check.wants_second_check() and not check.is_checked_again and not is_storm:
                at = pbx.storms.next_check(step.now)
                if at > step.now:
                    self._booking.deadlines.set(Deadline(Due.SECOND_CHECK, endpoint.target), at)
                else:
                    step.changes.questions.append(Question(pbx.name, (endpoint.target,), asked_by=Channel.MANAGER))

    def begin_second_check(self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step) -> None:
        """Asterisk has taken up a check that was asked for; have it do so once more, if that was too early to count."""
        counts_from = endpoint.reachability.begin_second_check(at)
        if counts_from is not None:
            self._booking.deadlines.set(Deadline(Due.SECOND_CHECK, endpoint.target), counts_from)
        elif endpoint.reachability.is_checked_again:
            self.apply(pbx, endpoint, step.now, step, counts=False)

    def ask(self, pbx: Pbx, due: list[EndpointCheck], step: Step) -> None:
        """Ask about those whose deadline has come, each at the source that can answer."""
        due = [check for check in due if not pbx.is_blind_for(check.check) and check.deadline() is not None]
        polled = [check for check in due if check.asked_by is Channel.REST]
        if polled and self._ask_polls(pbx, polled, step):
            self._note_asked(pbx, polled, step)
        for check in due:
            if check.asked_by is not Channel.REST:
                self._ask_elsewhere(pbx, check, step)

    def _ask_elsewhere(self, pbx: Pbx, check: EndpointCheck, step: Step) -> None:
        """Ask about one check at the source that can answer, which is not ARI."""
        question = Question(pbx.name, (check.target,), check=check.check, asked_by=check.asked_by)
        step.changes.questions.append(question)
        self._note_asked(pbx, [check], step)

    def _review_options(self, pbx: Pbx, endpoint: Endpoint, transition: Transition, step: Step) -> None:
        """Another thing is believed of its reachability, and so of what our own OPTIONS find.

        It can be reached again: what they found before says nothing, and the next round may be minutes away. So it is
        with whoever asked to be left alone. It cannot be reached: what they found is a part of that.
        """
        options = endpoint.options
        if options is None:
            return
        if transition.after is Health.UP and options.is_outdated(endpoint.reachability.since):
            self._ask_elsewhere(pbx, options, step)
        if transition.after is Health.DOWN and options.belief is Health.DOWN:
            self.settle(pbx, options, step)

    def _note_asked(self, pbx: Pbx, asked: list[EndpointCheck], step: Step) -> None:
        for check in asked:
            check.asked_at = step.now
            self.schedule(pbx, check)

    def _ask_polls(self, pbx: Pbx, due: list[EndpointCheck], step: Step) -> bool:
        """Ask one by one, or by a snapshot when they are many (rule 7); return whether that is done now."""
        endpoints = list({check.target: pbx.endpoints[check.target] for check in due}.values())
        if pbx.may_ask_singly(len(endpoints), step.now):
            singly = tuple(endpoint.target for endpoint in endpoints)
            settings_first = tuple(
                endpoint.target for endpoint in endpoints if endpoint.reachability.needs_settings(pbx.configured_at)
            )
            step.changes.questions.append(Question(pbx.name, singly, settings_first=settings_first))
            return True
        if step.now - pbx.snapshot_wanted_at < 1.0:
            # One snapshot a second is enough for all whose time comes meanwhile.
            for check in due:
                self._booking.deadlines.set(Deadline(Due.ASK, check.target, check.check), pbx.snapshot_wanted_at + 1.0)
            return False
        self.ask_by_snapshot(pbx, endpoints, step)
        return True

    def ask_by_snapshot(self, pbx: Pbx, due: Sequence[Endpoint], step: Step) -> None:
        """Ask about many at once."""
        # A snapshot lists no device states: the second witness is asked for one by one (rule 3).
        singly = tuple(endpoint.target for endpoint in due if not endpoint.reachability.may_be_believed())
        pbx.snapshot_wanted_at = step.now
        settings_first = self._sample_settings(pbx, step.now)
        step.changes.questions.append(Question(pbx.name, singly, wants_snapshot=True, settings_first=settings_first))

    @staticmethod
    def _sample_settings(pbx: Pbx, now: float) -> tuple[Target, ...]:
        """Choose whose settings speak for all that are offline at present and cannot be believed without settings.

        A snapshot confirms those, too, that are not due at this moment.
        """
        pending = Endpoints._pending(pbx)
        doubtful = [endpoint for endpoint in pending if endpoint.reachability.needs_settings(pbx.configured_at)]
        chosen = tuple(endpoint.target for endpoint in spread_over_sites(doubtful, MOST_SINGLE_QUESTIONS))
        pbx.sample.update(chosen)
        pbx.sampled_at = now
        return chosen

    def take_settings(self, pbx: Pbx, endpoint: Endpoint, settings: EndpointSettings, step: Step) -> None:
        """Take settings that were read. If they have changed, "offline" means nothing before the first check."""
        must_wait = endpoint.may_be_unchecked(pbx.configured_at) and is_checked_otherwise(endpoint.settings, settings)
        self.configure(pbx, endpoint, step, settings=settings)
        pbx.know_cycle_of(endpoint)
        if endpoint.grace_why == pbx.grace_why and endpoint.is_in_grace(step.now):
            self._set_end_of_grace(endpoint, (pbx.grace_since or step.now) + pbx.grace_for(endpoint))
            check = endpoint.reachability
            if check.unknown_because == endpoint.grace_why:
                check.remark = self._end_in_words(endpoint.grace_until)
                self._booking.book(check, step)
        if must_wait:
            self._wait_for_first_check(pbx, endpoint, step)
        pbx.sample.discard(endpoint.target)

    @staticmethod
    def _pending(pbx: Pbx) -> Iterator[Endpoint]:
        """Return the endpoints of whose reachability something is pending."""
        return (pbx.endpoints[check.target] for check in pbx.pending_of(Check.REACHABILITY))

    def _wait_for_first_check(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """Its settings have changed since it went offline; so may have those on whose behalf it was asked about."""
        waiting = [endpoint]
        if endpoint.target in pbx.sample:
            waiting += [other for other in self._pending(pbx) if other.may_be_unchecked(pbx.configured_at)]
        lasts = min(first_check_within(endpoint.settings, pbx.longest_cycle), LONGEST_WAIT)
        for offline in waiting:
            offline.is_looked_into = True
            until = offline.offline_since + lasts
            if until > max(step.now, offline.grace_until):
                offline.begin_grace(RECONFIGURED, until, takes_evidence=True)
                self.apply(pbx, offline, step.now, step, counts=False)

    # ------------------------------------------------------------ where contacts are

    def follow(self, pbx: Pbx, endpoint: Endpoint, change: ContactChange, step: Step) -> Sequence[PlaceChange]:
        """Take the place of a contact from an event; return what is new about it."""
        before = endpoint.places
        return self._book_places(pbx, endpoint, before, endpoint.follow(change), step)

    def settle_in(self, pbx: Pbx, endpoint: Endpoint, places: tuple[Place, ...], at: float, step: Step) -> None:
        """Take the places of all its contacts, as they were read at ``at``."""
        before = endpoint.places
        self._book_places(pbx, endpoint, before, endpoint.settle_in(places, at), step)

    @staticmethod
    def _book_places(
        pbx: Pbx, endpoint: Endpoint, before: tuple[Place, ...], news: Sequence[PlaceChange], step: Step
    ) -> Sequence[PlaceChange]:
        """Book where its contacts are now. For want of room it stays where it was, also in our mind."""
        places = pbx.limits.places
        if not news:
            return ()
        if not places.has_room(step.now):
            endpoint.places = before
            places.leave_out(len(news), step.now)
            return ()
        step.changes.places += news
        places.spend(len(news), step.now)
        return news

    # ------------------------------------------------------------ flapping

    def fall_due(self, pbx: Pbx, endpoint: Endpoint, deadline: Deadline, step: Step) -> None:
        """A time has come that was set for an endpoint, or for a check of it."""
        check = endpoint.checks.get(deadline.check)
        if deadline.what is Due.GRACE_IS_OVER and check is not None:
            if not pbx.is_blind_for(check.check):
                self.apply(pbx, endpoint, step.now, step, counts=False)
        elif deadline.what is Due.GRACE_IS_OVER:
            self._end_grace(pbx, endpoint, step)
        elif (
            deadline.what is Due.FLAPPING
            and check is not None
            and (pbx.is_blind_for(check.check) or check.unknown_because)
        ):
            # That nobody sees it change is no calm.
            self._booking.look_at_flapping(check, step.now + ASK_AGAIN)
        elif deadline.what is Due.FLAPPING and check is not None:
            # A change has lasted long enough to count, or old ones have left the window.
            was_flapping = check.is_flapping
            self._booking.review_flapping(check, step.now)
            if check.is_flapping is not was_flapping:
                self.settle(pbx, check, step)
        elif deadline.what is Due.CONTACTS:
            self._end_doubt(pbx, endpoint, step)
        elif deadline.what is Due.UNLISTED and not endpoint.is_listed:
            words = "not listed for 7 days"
            self.forget(pbx, endpoint, step.now, step, ending=Ending.REMOVED, cause=words)

    # ------------------------------------------------------------ grace

    def _end_grace(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """Its time to come back is over: what was last heard of it counts from now on."""
        at, endpoint.grace_until, endpoint.calm = endpoint.grace_until, 0.0, None
        check = endpoint.reachability
        if check.is_waited_for_after_restart and check.belief is Health.UP:
            check.cohort = NOT_BACK
            self._booking.book(check, step)
        # Whether it came back while we were blind, the next snapshot tells.
        if not pbx.is_blind and endpoint.word is not None:
            self.apply(pbx, endpoint, at or step.now, step, counts=False)

    def go_on_in_grace(self, pbx: Pbx, endpoint: Endpoint) -> None:
        """Healthmon was stopped while the endpoint was in its grace, which began when it became unknown."""
        check = endpoint.reachability
        if check.unknown_because.startswith(RESTARTED):
            lasts, takes_evidence = pbx.grace_for(endpoint), True
        elif check.unknown_because == RECONFIGURED:
            # Those that were asked about on behalf of others were found to be checked; of itself that may not be known.
            lasts, takes_evidence = first_check_within(None, pbx.longest_cycle), True
            endpoint.is_looked_into = True
        else:
            lasts, takes_evidence = pbx.freeze_grace_for(endpoint), False
        until = check.unknown_since + lasts
        endpoint.begin_grace(check.unknown_because, until, takes_evidence=takes_evidence)
        pbx.awaited[endpoint.target] = endpoint
        self._set_end_of_grace(endpoint, until)

    def _set_end_of_grace(self, endpoint: Endpoint, until: float) -> None:
        endpoint.grace_until = until
        if endpoint.reachability.unknown_because == endpoint.grace_why:
            self._booking.deadlines.set(Deadline(Due.GRACE_IS_OVER, endpoint.target), until)

    def _end_in_words(self, until: float) -> str:
        """Say when a grace ends, by the clock on the wall."""
        local = datetime.fromtimestamp(self._booking.wall.shown(until), self._booking.config.timezone)
        return f"until {local:%H:%M:%S}"

    # ------------------------------------------------------------ contacts of which events were missed

    def doubt_contacts(self, pbx: Pbx, step: Step) -> None:
        """Events were missed: whether a contact that was lost is still so, nobody can ask. That counts for a while.

        A contact that registers is gone by then, or has registered anew, which an event tells.
        """
        for endpoint in pbx.endpoints.values():
            if endpoint.doubt(step.now + DOUBTED_FOR):
                self._booking.deadlines.set(Deadline(Due.CONTACTS, endpoint.target), endpoint.doubted_at)

    def presume_contacts(self, endpoint: Endpoint, contacts: Contacts, step: Step) -> None:
        """Healthmon was stopped while a contact was lost, or slow: presume that it still is."""
        is_in_grace = contacts.unknown_because.startswith(GRACES)
        if Health.DEGRADED in (contacts.belief, contacts.pending) and not is_in_grace:
            endpoint.presumed = contacts.remark or "a contact was lost before"
            if contacts.belief is Health.DEGRADED:
                endpoint.presumed = contacts.reason
            endpoint.doubt(step.now + DOUBTED_FOR)
            self._booking.deadlines.set(Deadline(Due.CONTACTS, endpoint.target), endpoint.doubted_at)

    def _end_doubt(self, pbx: Pbx, endpoint: Endpoint, step: Step) -> None:
        """What was known of its contacts is too old."""
        if not endpoint.doubted_at:
            return
        endpoint.forget_contacts()
        if endpoint.contacts_check is not None:
            endpoint.contacts_check.words = "nothing was heard of its contacts for long"
        if not pbx.is_blind and endpoint.word is not None:
            self.apply(pbx, endpoint, step.now, step, counts=False)

    # ------------------------------------------------------------ coming and going

    def welcome(self, pbx: Pbx, endpoint: Endpoint, step: Step, *, is_first_look: bool) -> None:
        """Begin to watch it."""
        target = endpoint.target
        pbx.endpoints[target] = endpoint
        pbx.gone.pop(target, None)
        endpoint.round = pbx.round
        endpoint.not_usable = pbx.why_not_usable(target)
        endpoint.maintenance_mode = pbx.maintenance_mode_of(target)
        if is_first_look:
            endpoint.reachability.cohort = FIRST_LOOK
        pbx.know_cycle_of(endpoint)
        if pbx.grace_since is not None:
            until = pbx.grace_since + pbx.grace_for(endpoint)
            endpoint.begin_grace(pbx.grace_why, until, takes_evidence=True)
        if endpoint.settings is not None:
            if not endpoint.settings.is_partial:
                step.changes.settings[target] = endpoint.settings
            self.settle_in(pbx, endpoint, endpoint.settings.places, endpoint.settings.read_at, step)
        if target in step.changes.forgotten:
            step.changes.forgotten.remove(target)
        self.plan_probes(pbx, endpoint, step)

    def go_on_missing(self, pbx: Pbx, endpoint: Endpoint) -> None:
        """Healthmon was stopped while its PBX did not list the endpoint."""
        endpoint.is_listed = False
        since = endpoint.reachability.unknown_since
        if endpoint.reachability.belief is not None:
            self._vanish(pbx, endpoint, since, was_removed=False)
        self._booking.deadlines.set(Deadline(Due.UNLISTED, endpoint.target), since + FORGOTTEN_AFTER)

    def miss(self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step) -> None:
        """The snapshot of ``at`` does not list it: unknown, not gone (rule 3)."""
        if not pbx.limits.may_change(endpoint, step.now):
            return
        pbx.limits.changes.spend(1, step.now)
        endpoint.is_listed, endpoint.calm = False, None
        endpoint.was_unlisted_by_accident = not pbx.is_listed_for_certain(endpoint.target)
        if endpoint.reachability.belief is not None and not endpoint.was_unlisted_by_accident:
            self._vanish(pbx, endpoint, at, was_removed=False)
        self._booking.deadlines.set(Deadline(Due.UNLISTED, endpoint.target), at + FORGOTTEN_AFTER)
        for check in endpoint.checks.values():
            self._booking.begin_unknown(check, check.why_unknown(at), at, step)
            self._booking.book(check, step)
            self.schedule(pbx, check)

    def remove(self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step) -> None:
        """Asterisk no longer has it: no outage, the end of watching."""
        if endpoint.reachability.belief is not None:
            self._vanish(pbx, endpoint, at, was_removed=True)
        pbx.removed.add(endpoint.target)
        self.forget(pbx, endpoint, at, step, ending=Ending.REMOVED)

    @staticmethod
    def _vanish(pbx: Pbx, endpoint: Endpoint, at: float, *, was_removed: bool) -> None:
        was_up = endpoint.reachability.belief is Health.UP
        pbx.vanished[endpoint.target] = Vanished(endpoint.target, endpoint.kind, was_up, at, was_removed)

    def forget(self, pbx: Pbx, endpoint: Endpoint, at: float, step: Step, *, ending: Ending, cause: str = "") -> None:
        """Watch it no longer; its history stays."""
        target, changes, cause = endpoint.target, step.changes, cause or ending
        for check in endpoint.checks.values():
            self._booking.end_unknown(check, at, step)
            self._end(check, ending, cause, check.forget(at, step.now, cause), step)
            changes.states.pop((target, check.check), None)
            self._clear_deadlines(check)
            pbx.pending.pop((target, check.check), None)
        changes.settings.pop(target, None)
        changes.forgotten.append(target)
        if endpoint.probe_plan is not None:
            changes.probe_plans[target] = None
        for due in OF_AN_ENDPOINT:
            self._booking.deadlines.clear(Deadline(due, target))
        self._booking.tell(EndpointForgotten(endpoint.target))
        pbx.gone[target] = at
        for known in (pbx.endpoints, pbx.awaited, pbx.limits.put_off):
            known.pop(target, None)

    def end_check(self, pbx: Pbx, endpoint: Endpoint, name: str, at: float, step: Step, *, ending: Ending) -> None:
        """One of its checks is no more; the endpoint and the history of the check stay."""
        check = endpoint.checks.pop(name)
        self._booking.end_unknown(check, at, step)
        self._end(check, ending, ending, check.forget(at, step.now, ending), step)
        self._clear_deadlines(check)
        pbx.pending.pop((check.target, name), None)
        step.changes.states.pop((check.target, name), None)
        step.changes.ended_checks.append((check.target, name))
        endpoint.refresh()

    def _clear_deadlines(self, check: EndpointCheck) -> None:
        self._booking.restless.forget(check)
        for due in OF_A_CHECK:
            self._booking.deadlines.clear(Deadline(due, check.target, check.check))


def _changes_in(step: Step) -> int:
    """How much is to be booked so far of what an endpoint may cause again and again."""
    return len(step.changes.transitions) + len(step.changes.unknown_periods)


def is_nothing_against(endpoint: Endpoint) -> bool:
    """Whether nothing was heard of an endpoint yet, and all that is known of it agrees with its being up."""
    check = endpoint.reachability
    if len(endpoint.checks) > 1:
        return False
    if endpoint.word is not None or endpoint.lost or endpoint.slow or endpoint.presumed or endpoint.hidden_because:
        return False
    if check.pending is not None or check.unknown_because or check.flaps is not None or check.not_up_since is not None:
        return False
    if check.seen not in (None, Health.UP) or (check.cohort and check.belief is not None):
        return False
    is_heard = endpoint.is_listed and endpoint.is_check_seen
    return is_heard and not why_unknown(Health.UP, endpoint.settings)


def spread_over_sites(endpoints: Sequence[Endpoint], most: int) -> list[Endpoint]:
    """So many of these endpoints at most, of as many addresses as possible."""
    by_address: dict[str, list[Endpoint]] = {}
    for endpoint in endpoints:
        by_address.setdefault(endpoint.address, []).append(endpoint)
    in_turns = (endpoint for turn in zip_longest(*by_address.values()) for endpoint in turn if endpoint is not None)
    return list(islice(in_turns, most))
