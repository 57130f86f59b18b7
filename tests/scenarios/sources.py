"""What the two threads of a PBX see of the played Asterisk: they ask, time out, retry and reconnect like the real ones.

The real ones (``healthmon/sources``) wait for sockets and cannot be played in simulated time; these keep to the same
order and the same times, and make sightings by the same functions of ``ari/messages.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence

from healthmon.ami.registrations import OutboundRegistration
from healthmon.ari import messages
from healthmon.ari.messages import Aor, Attribute, EndpointList, EndpointState, decode_event
from healthmon.config.sections.pbx import PbxConfig
from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.pbx import Phase
from healthmon.errors import AmiUnreachable, AriDenied, AriError, AriStarting, AriUnexpected, AriUnreachable, Trouble
from healthmon.model import (
    Channel,
    Check,
    ConnectionReport,
    Freshness,
    Health,
    MaintenanceList,
    Observation,
    Question,
    RegistrationList,
    Remembered,
    Removed,
    Sighting,
    Source,
    Target,
    Witness,
)
from healthmon.sources.events import EventTimes
from healthmon.sources.manager.link import ManagerTimes
from healthmon.sources.manager.registration_tries import Tries, health_of, in_words
from healthmon.sources.polls import PollTimes
from healthmon.sources.request_rate import SETTINGS_REQUESTS
from healthmon.sources.settings import SettingsAgenda
from tests.scenarios.agenda import Agenda, Life, Process
from tests.scenarios.asterisk import Asterisk

#: From a request to its answer (seconds).
ANSWER_TAKES = 0.005
NEVER = float("inf")
#: So often Asterisk tries to register again.
MOST_RETRIES = 1_000_000
CANNOT_LIST = AriUnexpected("office", "GET /endpoints", "an answer 500 (Allocation failed)")


class Sources:
    """Both threads of one PBX. They end with the daemon."""

    def __init__(
        self,
        agenda: Agenda,
        asterisk: Asterisk,
        pbx: PbxConfig,
        offer: Callable[[Sighting], None],
        *,
        known: Remembered,
        times: tuple[PollTimes, EventTimes],
    ) -> None:
        self.polls = Polls(agenda, asterisk, pbx, offer, known=known, times=times[0])
        self.events = Events(agenda, asterisk, pbx, offer, polls=self.polls, times=times[1])
        self.polls.events = self.events
        #: None: the configuration names no manager interface.
        self.manager = Manager(agenda, asterisk, pbx, offer) if pbx.ami else None

    def end(self) -> None:
        """The daemon is gone."""
        self.polls.process.end()
        self.events.end()
        if self.manager is not None:
            self.manager.end()

    def freshness(self) -> Freshness:
        """How fresh the view of the PBX is."""
        seen = [at for at in (self.polls.alive_at, self.events.alive_at) if at is not None]
        return Freshness(self.polls.pbx.name, None, self.polls.last_snapshot_at, max(seen, default=None))


class Polls:
    """The polling thread: snapshots, signs of life, single questions, settings; the most urgent first."""

    def __init__(
        self,
        agenda: Agenda,
        asterisk: Asterisk,
        pbx: PbxConfig,
        offer: Callable[[Sighting], None],
        *,
        known: Remembered,
        times: PollTimes,
    ) -> None:
        state = next((one for one in known.pbx_states if one.pbx == pbx.name), None)
        known_for = (state.startup_time, state.last_reload_time) if state else ("", "")
        self.pbx = pbx
        self.events: Events | None = None
        self.alive_at: float | None = None
        self.last_snapshot_at: float | None = None
        self._agenda = agenda
        self._asterisk = asterisk
        self._offer = offer
        self._times = times
        self._questions: dict[Target, None] = {}
        self._settings_first: dict[Target, None] = {}
        self._follows_settings = False
        self._settings = SettingsAgenda(known.settings, known_for, times.settings_max_age)
        self._settings_ready_at = 0.0
        self._wants_snapshot = False
        self._snapshot_begun = -NEVER
        self._life_sign_due = NEVER
        self._retry_at: float | None = None
        self._failures = 0
        self._startup_time = ""
        self._remarked = ""
        self.process = Process(agenda, self._life())

    # ---------------------------------------------------------------- what the engine and the event stream ask for

    def ask(self, question: Question) -> None:
        """Look at these targets again."""
        self._questions.update(dict.fromkeys(question.targets))
        self._settings.again(question.settings_of)
        self._settings_first.update(dict.fromkeys(question.settings_first))
        if question.wants_snapshot:
            self.want_snapshot()
            if self._retry_at is not None:
                self._retry_at = min(self._retry_at, self._snapshot_begun + self._times.snapshot_spacing)
        self.process.wake()

    def learn(self, targets: Sequence[Target]) -> None:
        """Find out how Asterisk is configured to check these endpoints."""
        self._settings.add(targets, self._agenda.now)
        self.process.wake()

    def want_snapshot(self) -> None:
        """Look at everything, soon."""
        self._wants_snapshot = True
        self.process.wake()

    def stream_opened(self) -> None:
        """A new stream is to prove itself at once."""
        self._life_sign_due = 0.0
        self.want_snapshot()

    # ---------------------------------------------------------------- the thread

    def _life(self) -> Life:
        while True:
            due, job = self._next_job()
            if due > self._agenda.now:
                yield due - self._agenda.now
                continue
            try:
                yield from job()
            except AriError as error:
                self._failed(error)

    def _next_job(self) -> tuple[float, Callable[[], Life]]:
        if self._retry_at is not None:
            return self._retry_at, self._look
        if self._settings_first:
            return 0.0, self._read_settings_first
        jobs = [(self._life_sign_due, self._give_sign_of_life), (self._snapshot_due(), self._look)]
        if self._questions:
            jobs.append((0.0, self._answer_one))
        if self._settings:
            jobs.append((self._settings_ready_at, self._read_settings_of_one))
        ready = (job for job in jobs if job[0] <= self._agenda.now)
        return next(ready, None) or min(jobs, key=lambda job: job[0])

    def _snapshot_due(self) -> float:
        if self._wants_snapshot:
            return self._snapshot_begun + self._times.snapshot_spacing
        every = self.pbx.poll_every
        if not (self.events and self.events.is_proven):
            every = min(every, self._times.poll_without_events)
        return self._snapshot_begun + every

    def _give_sign_of_life(self) -> Life:
        self._life_sign_due = self._agenda.now + self._times.life_sign_every
        yield from call(self._agenda, self._asterisk, self.pbx.name, self._times.timeout)
        if self.events:
            self.events.heartbeat()
        if self._asterisk.startup_time != self._startup_time:
            self._wants_snapshot = True
        self.alive_at = self._agenda.now

    def _look(self) -> Life:
        self._wants_snapshot = False
        self._snapshot_begun = asked_at = self._agenda.now
        yield from call(self._agenda, self._asterisk, self.pbx.name, self._times.timeout)
        self._startup_time = self._asterisk.startup_time
        self.alive_at = self._agenda.now
        self._settings.renew(
            (self._startup_time, self._asterisk.last_reload_time), self._agenda.now, self._asterisk.configured_for
        )
        if self._retry_at is not None:
            self._retry_at, self._failures = None, 0
            if self.events:
                self.events.retry()
        listed = [EndpointState(*_listed(name), peer.endpoint.state) for name, peer in self._asterisk.peers.items()]
        self._remark(messages.why_listed_singly(CANNOT_LIST.what, ["PJSIP"], []) if self._asterisk.has_odd_name else "")
        snapshot = messages.snapshot(
            self.pbx.name,
            asked_at,
            EndpointList(listed),
            self._asterisk.info(),
            missing_drivers=("PJSIP",) if self._asterisk.lacks_driver else (),
            follows_settings=self._follows_settings,
        )
        self._offer(snapshot)
        self._follows_settings = False
        self.last_snapshot_at = asked_at
        self._life_sign_due = min(self._life_sign_due, self._agenda.now + self._times.life_sign_every)

    def _remark(self, remark: str) -> None:
        """Report a remark that is new, or over."""
        if remark != self._remarked:
            self._remarked = remark
            at = self._agenda.now
            report = ConnectionReport(self.pbx.name, Channel.REST, at, remark=remark, alive_at=self.alive_at)
            self._offer(report)

    def _failed(self, error: AriError) -> None:
        self._failures += 1
        self._remarked = ""
        waits = self._times.retries
        special = {Trouble.STARTING: self._times.starting, Trouble.DENIED: self._times.denied}
        wait = special.get(error.trouble, waits[min(self._failures, len(waits)) - 1])
        self._retry_at = self._agenda.now + wait
        report = ConnectionReport(
            self.pbx.name, Channel.REST, self._agenda.now, error.trouble, error.what, alive_at=self.alive_at
        )
        self._offer(report)

    def _answer_one(self) -> Life:
        target = next(iter(self._questions))
        at = self._agenda.now
        yield from call(self._agenda, self._asterisk, self.pbx.name, self._times.timeout)
        for answer in self._answers(target, at):
            self._offer(answer)
        self._questions.pop(target, None)
        self.alive_at = self._agenda.now

    def _answers(self, target: Target, at: float) -> list[Observation | Removed]:
        endpoint = self._asterisk.peers[target.endpoint].endpoint
        listed = messages.endpoint_answer(target, endpoint.state, at, Source.ANSWER)
        if endpoint.state == "online":
            return [listed]
        device = messages.device_sighting(target, endpoint.device_state, at, Source.ANSWER)
        return [listed, device] if device else [listed]

    def _read_settings_first(self) -> Life:
        target = next(iter(self._settings_first))
        yield from self._read_settings(target)
        self._settings_first.pop(target, None)
        self._follows_settings = self._wants_snapshot

    def _read_settings_of_one(self) -> Life:
        self._settings_ready_at = self._agenda.now + 2 / SETTINGS_REQUESTS
        yield from self._read_settings(self._settings.next())

    def _read_settings(self, target: Target) -> Life:
        at = self._agenda.now
        yield from call(self._agenda, self._asterisk, self.pbx.name, self._times.timeout)
        endpoint = self._asterisk.peers[target.endpoint].endpoint
        aors = [_aor(endpoint)] if endpoint.has_aor else []
        settings = messages.settings(target, at, _attributes(endpoint.sorcery_endpoint()), aors)
        self._offer(settings if endpoint.is_configured else Removed(target, at, Source.ANSWER))
        self._settings.done(target, self._agenda.now)


class Events:
    """The event stream's thread: open, prove, read; reconnect when it breaks off or falls silent."""

    def __init__(
        self,
        agenda: Agenda,
        asterisk: Asterisk,
        pbx: PbxConfig,
        offer: Callable[[Sighting], None],
        *,
        polls: Polls,
        times: EventTimes,
    ) -> None:
        self.alive_at: float | None = None
        #: The stream is open, and something came.
        self.is_proven = False
        self._agenda = agenda
        self._asterisk = asterisk
        self._pbx = pbx
        self._offer = offer
        self._polls = polls
        self._times = times
        self._is_open = False
        self._proven_at = 0.0
        self._attempts = 0
        self._told: tuple[Trouble | None] | None = None
        self.process = Process(agenda, self._life())

    def end(self) -> None:
        """The daemon is gone, and its socket with it."""
        self.process.end()
        self._close()

    # ---------------------------------------------------------------- what Asterisk and the polling thread do to it

    def receive(self, raw: bytes) -> None:
        """An event comes."""
        event = decode_event(raw, self._pbx.name, self._agenda.now)
        self._prove()
        assert isinstance(event, Sighting), f"a played event that says nothing: {event}"
        self._offer(event)

    def heartbeat(self) -> None:
        """Our own user event was posted: it comes back, if the stream is open."""
        if self._is_open:
            self._prove()

    def break_off(self) -> None:
        """Asterisk is gone, without a close frame."""
        self._is_open = False
        self.process.wake()

    def retry(self) -> None:
        """REST works again: no need to wait for the next attempt."""
        if not self._is_open:
            self.process.wake()

    # ---------------------------------------------------------------- the thread

    def _life(self) -> Life:
        while True:
            opened_at = self._agenda.now
            try:
                yield from call(self._agenda, self._asterisk, self._pbx.name, self._times.timeout)
                opened_at = self._agenda.now
                self._open()
                yield from self._read()
            except AriError as error:
                self._close()
                self._report(error.trouble, error.what)
                if self._agenda.now - opened_at >= self._times.stable_after:
                    self._attempts = 0
                self._attempts += 1
                yield self._wait(error)

    def _open(self) -> None:
        self._is_open, self._proven_at = True, self._agenda.now
        self._asterisk.streams.append(self)
        self._polls.stream_opened()

    def _close(self) -> None:
        self._is_open = self.is_proven = False
        if self in self._asterisk.streams:
            self._asterisk.streams.remove(self)
        self._polls.want_snapshot()

    def _read(self) -> Life:
        while self._is_open:
            silent_at = self._proven_at + self._times.silent_after
            if self._agenda.now >= silent_at:
                raise AriUnreachable(self._pbx.name, "GET /events", "connected, but nothing comes", Trouble.SILENT)
            yield silent_at - self._agenda.now
        raise AriUnreachable(self._pbx.name, "GET /events", "the event stream broke off", Trouble.CLOSED)

    def _prove(self) -> None:
        self._proven_at = self.alive_at = self._agenda.now
        if not self.is_proven:
            self.is_proven = True
            self._report(None, "")

    def _wait(self, error: AriError) -> float:
        if error.trouble is Trouble.STARTING:
            return self._times.starting
        doubled = self._times.backoff_from * 2.0 ** min(self._attempts - 2, 30)
        return 0.0 if self._attempts <= 1 else min(self._times.backoff_to, doubled)

    def _report(self, trouble: Trouble | None, words: str) -> None:
        if self._told != (trouble,):
            self._told = (trouble,)
            at = self._agenda.now
            self._offer(ConnectionReport(self._pbx.name, Channel.EVENTS, at, trouble, words, alive_at=self.alive_at))


class Manager:
    """The thread of registrations: log in, list, hear; again and again when it is cut."""

    def __init__(self, agenda: Agenda, asterisk: Asterisk, pbx: PbxConfig, offer: Callable[[Sighting], None]) -> None:
        self._agenda = agenda
        self._asterisk = asterisk
        self._pbx = pbx
        self._offer = offer
        self._endpoints: dict[str, Target] = {}
        self._tries: dict[str, Tries] = {}
        self._is_open = self._wants_list = False
        self._to_check: dict[Target, None] = {}
        self._list_due = 0.0
        #: Until then what is not among the endpoints may be one that is new.
        self._waits_until = agenda.now + ManagerTimes().learned_within
        self.process = Process(agenda, self._life())

    def end(self) -> None:
        """The daemon is gone, and its connection with it."""
        self.process.end()
        self._close()

    # ---------------------------------------------------------------- what the engine and Asterisk do to it

    def ask(self, question: Question) -> None:
        """Look again, or have these checked at once."""
        if question.check == Check.REACHABILITY:
            self._to_check.update(dict.fromkeys(question.targets))
        else:
            self._wants_list = True
        self.process.wake()

    def remember(self, targets: Sequence[Target]) -> None:
        """These are the endpoints that there were before a restart of healthmon."""
        self._endpoints.update({target.endpoint: target for target in targets})
        self._wants_list = True
        self.process.wake()

    def learn(self, targets: Sequence[Target]) -> None:
        """These are the endpoints."""
        self._waits_until = self._agenda.now
        self._endpoints.update({target.endpoint: target for target in targets})
        self._wants_list = True
        self.process.wake()

    def hears(self, name: str) -> None:
        """An attempt to register has ended."""
        at = self._agenda.now
        self._tries_of(name).hear(self._asterisk.registrations[name], at, MOST_RETRIES)
        self._see(name, at, Source.EVENT)

    def hears_of_maintenance(self) -> None:
        """Something was put into maintenance mode, or taken out of it."""
        self._wants_list = True
        self.process.wake()

    def break_off(self) -> None:
        """The connection is closed."""
        self._is_open = False
        self.process.wake()

    # ---------------------------------------------------------------- the thread

    def _life(self) -> Life:
        times = ManagerTimes()
        while True:
            try:
                yield from self._call(times.timeout)
                self._is_open = self._wants_list = True
                self._to_check.clear()
                self._asterisk.managers.append(self)
                self._report(None, "")
                while self._is_open:
                    if self._to_check:
                        yield from self._check_at_once(times.timeout)
                    elif self._endpoints and (self._wants_list or self._agenda.now >= self._list_due):
                        yield from self._list(times.timeout)
                    else:
                        yield max(self._list_due - self._agenda.now, times.ping_every)
                raise AmiUnreachable(self._pbx.name, "closed the connection", Trouble.CLOSED)
            except AmiUnreachable as error:
                self._close()
                self._report(error.trouble, error.what)
                yield times.retries[-1]

    def _call(self, timeout: float) -> Life:
        give_up_at = self._agenda.now + timeout
        while self._asterisk.is_frozen and self._asterisk.phase is not Phase.REFUSING:
            if self._agenda.now >= give_up_at:
                raise AmiUnreachable(self._pbx.name, "is connected: frozen or overloaded", Trouble.TIMED_OUT)
            yield min(0.5, give_up_at - self._agenda.now)
        if self._asterisk.phase is not Phase.RUNNING or self._asterisk.lacks_manager:
            raise AmiUnreachable(self._pbx.name, "connection refused: nothing listens", Trouble.REFUSED)
        yield ANSWER_TAKES

    def _check_at_once(self, timeout: float) -> Life:
        at, targets = self._agenda.now, list(self._to_check)
        self._to_check.clear()
        yield from self._call(timeout)
        for target in targets:
            self._asterisk.checks_at_once(target.endpoint)
            self._offer(Observation(target, Health.UNKNOWN, at, Source.ANSWER, Witness.QUALIFY, "will qualify"))

    def _list(self, timeout: float) -> Life:
        at, self._wants_list = self._agenda.now, False
        yield from self._call(timeout)
        self._list_due = at + self._pbx.poll_every
        self._report(None, "")
        for name in self._asterisk.registrations:
            self._see(name, at, Source.SNAPSHOT)
        owners = frozenset(self._endpoints[name] for name in self._asterisk.registrations if name in self._endpoints)
        if at >= self._waits_until:
            self._offer(RegistrationList(self._pbx.name, at, owners))
        else:
            self._list_due = min(self._list_due, self._waits_until)
        names = (name.partition("/")[2] for name in self._asterisk.in_maintenance)
        self._offer(MaintenanceList(self._pbx.name, at, frozenset(names)))

    def _see(self, name: str, at: float, source: Source) -> None:
        if name not in self._endpoints:
            return
        status = self._asterisk.registrations[name]
        row = OutboundRegistration(name, "sip:me@sip.example.net", "sip:sip.example.net", status, waits=(60, 0, 0))
        words, target = in_words(row, self._tries_of(name)), self._endpoints[name]
        self._offer(Observation(target, health_of(row), at, source, Witness.MANAGER, words, check=Check.REGISTRATION))

    def _tries_of(self, name: str) -> Tries:
        return self._tries.setdefault(name, Tries(self._agenda.now))

    def _close(self) -> None:
        self._is_open = False
        if self in self._asterisk.managers:
            self._asterisk.managers.remove(self)

    def _report(self, trouble: Trouble | None, words: str) -> None:
        self._offer(ConnectionReport(self._pbx.name, Channel.MANAGER, self._agenda.now, trouble, words))


def call(agenda: Agenda, asterisk: Asterisk, pbx: str, timeout: float) -> Generator[float, None, None]:
    """One request, from asking to the answer. Raises AriError as the client does."""
    give_up_at = agenda.now + timeout
    while asterisk.phase is not Phase.REFUSING and asterisk.is_frozen:
        if agenda.now >= give_up_at:
            raise AriUnreachable(pbx, "GET", "is connected: frozen or overloaded", Trouble.TIMED_OUT)
        yield min(0.5, give_up_at - agenda.now)
    if asterisk.phase is Phase.REFUSING:
        raise AriUnreachable(pbx, "GET", "connection refused: nothing listens", Trouble.REFUSED)
    if asterisk.is_used_up:
        raise AriUnreachable(pbx, "GET", "took the connection and closed it without an answer", Trouble.CLOSED)
    if asterisk.phase is not Phase.RUNNING:
        raise AriStarting(pbx, "GET", "Asterisk is starting")
    if asterisk.denies_us:
        raise AriDenied(pbx, "GET", "ARI password refused; the user name or password is wrong: 401", 401)
    yield ANSWER_TAKES


def _listed(name: str) -> tuple[str, str]:
    technology, _, resource = name.partition("/")
    return technology, resource


def _aor(endpoint: FakeEndpoint) -> Aor:
    """The only AOR of an endpoint, as the client tells static and registered contacts apart."""
    registered = {endpoint.registered_contact: _attributes(endpoint.sorcery_contact())}
    attributes = _attributes(endpoint.sorcery_aor())
    if endpoint.static_contact:
        return Aor(attributes, static=[endpoint.static_contact])
    return Aor(attributes, registered=registered if endpoint.registered_contact else {})


def _attributes(values: dict[str, str]) -> list[Attribute]:
    return [Attribute(name, value) for name, value in values.items()]
