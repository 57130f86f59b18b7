"""What is asked of one PBX: snapshots, signs of life, single questions, settings."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence, Set
from datetime import UTC, datetime
from queue import SimpleQueue

from msgspec import Struct
from msgspec.structs import replace

from healthmon.ari.address import fits_into_url
from healthmon.ari.client import CONFIGURABLE, DRIVERS, AriClient
from healthmon.ari.messages import LONGEST_NAME, EndpointList, EndpointState, device_sighting, endpoint_answer, snapshot
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AriDenied, AriError, AriNotFound, AriUnexpected, SourceDefect, Trouble
from healthmon.model import (
    MOST_WATCHED,
    Channel,
    ConnectionReport,
    EndpointSettings,
    Health,
    Observation,
    Question,
    Removed,
    Source,
    Target,
    Witness,
)
from healthmon.sources.events import CUT_TEXT, HEARTBEAT
from healthmon.sources.inbox import Inbox
from healthmon.sources.queues import taken_from
from healthmon.sources.repeats import Repeats
from healthmon.sources.request_rate import QUESTIONS, SETTINGS_REQUESTS, RequestRate
from healthmon.sources.settings import SettingsAgenda
from healthmon.sources.signals import Signals
from healthmon.text.longtext import LONGEST_TEXT
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

#: A certificate that ends sooner than this is worth a remark (seconds).
CERTIFICATE_WARNING = 14 * 86400.0
DAY = 86400.0

#: Why a device state, of all things, is not found (nginx does that when its proxy_pass ends in a path).
SLASHES = "404: does the reverse proxy turn %2F into a slash? The README has an example; until then they are left out"


class PollTimes(Struct, frozen=True):
    """How often a PBX is asked what, seconds."""

    timeout: float = 5.0
    #: Something is asked at least so often: with the time-out, a frozen PBX is noticed within 10 s.
    life_sign_every: float = 5.0
    #: While no events come, polls are all we have.
    poll_without_events: float = 15.0
    #: Two snapshots that were wished for are at least so far apart.
    snapshot_spacing: float = 1.0
    #: Waits after the first, second, … failure.
    retries: tuple[float, ...] = (1.0, 2.0, 4.0, 5.0)
    denied: float = 60.0
    starting: float = 1.0
    settings_max_age: float = DAY
    questions_per_second: float = QUESTIONS
    settings_requests_per_second: float = SETTINGS_REQUESTS


class PollSource:
    """The work of the thread ``polls:<pbx>``, which owns everything here.

    Any thread may call ``ask()`` and ``learn()``, and read the public attributes.
    ``cached``: settings read earlier; they hold as long as Asterisk still runs with the configuration that
    ``cached_for`` (startup_time, last_reload_time) names.
    """

    def __init__(
        self,
        pbx: PbxConfig,
        inbox: Inbox,
        clock: Clock,
        signals: Signals,
        *,
        cached: Sequence[EndpointSettings] = (),
        cached_for: tuple[str, str] = ("", ""),
        times: PollTimes | None = None,
        is_watched: Callable[[Target], bool] = lambda _: True,
        is_probed: Callable[[Target], bool] = lambda _: False,
    ) -> None:
        self._pbx = pbx
        self._inbox = inbox
        self._clock = clock
        self._signals = signals
        self._times = times or PollTimes()
        self._client = AriClient(pbx, timeout=self._times.timeout, connect_timeout=self._times.timeout)
        self._asked: SimpleQueue[Question] = SimpleQueue()
        self._to_learn: SimpleQueue[Sequence[Target]] = SimpleQueue()
        self._questions: dict[Target, None] = {}
        #: Whose settings are to be read before anything else is answered; and whether that was done for this snapshot.
        self._settings_first: dict[Target, None] = {}
        self._follows_settings = False
        # Those that are asked by us have theirs read anew at each start: a phone may have moved meanwhile.
        booked = (settings for settings in cached if not is_probed(settings.target))
        self._agenda = SettingsAgenda(booked, cached_for, self._times.settings_max_age)
        self._question_pace = RequestRate(self._times.questions_per_second)
        self._settings_pace = RequestRate(self._times.settings_requests_per_second)
        self._repeats = Repeats(log, f"pbx {pbx.name}")
        self._unreadable = Repeats(log, f"pbx {pbx.name}: a single endpoint")
        self._mangled = Repeats(log, f"pbx {pbx.name}: device states")
        #: Technologies of endpoints that are, or were, there: their channel drivers are to be loaded.
        self._technologies = {settings.target.technology for settings in cached}
        self._missing_drivers: tuple[str, ...] = ()
        self._retry_at: float | None = None
        #: While it fails: Asterisk answers all the same, only not as it should.
        self._answers = False
        self._snapshot_begun = float("-inf")
        # The first snapshot is the first sign of life.
        self._life_sign_due = float("inf")
        self._has_heartbeat = False
        self._startup_time = ""
        self._remark = ""
        #: When the last snapshot was asked for; when REST last answered. None: not yet.
        self.last_snapshot_at: float | None = None
        self.alive_at: float | None = None
        self._is_watched = is_watched
        self._is_probed = is_probed
        #: What the last snapshot listed, for most of the next is the same.
        self._listed: set[Target] = set()
        self._listed_for: Callable[[Target], bool] | None = None
        self._said_unnamed = 0
        self._has_said_cut = False
        inbox.connect(pbx.name, signals)

    @property
    def poll_every(self) -> float:
        """How often a snapshot is taken at least, seconds."""
        return self._pbx.poll_every

    def ask(self, question: Question) -> None:
        """Look at these targets again; the answers come through the inbox."""
        self._asked.put(question)
        self._signals.wake.set()

    def learn(self, targets: Sequence[Target]) -> None:
        """Read the settings of these endpoints, in this order, and read them again when they may have changed."""
        self._to_learn.put(targets)
        self._signals.wake.set()

    def adjust(self, pbx: PbxConfig) -> None:
        """Go on with another ``poll_every``, without a new connection. Any thread may call it."""
        self._pbx = pbx
        self._signals.wake.set()

    def watch(
        self, is_watched: Callable[[Target], bool], is_probed: Callable[[Target], bool] = lambda _: False
    ) -> None:
        """Offer these endpoints and no others, from a snapshot on that is taken soon. Any thread may call it."""
        self._is_watched, self._is_probed = is_watched, is_probed
        self._signals.want_snapshot()

    def run(self) -> None:
        """Ask what is due until told to stop. Only a defect raises."""
        try:
            while not self._signals.stop.is_set():
                self._round()
        finally:
            self._client.close()

    def note_defect(self, what: str) -> None:
        """A defect of ours has ended ``run()``, which will be called again: report it as a look that failed."""
        self._failed(SourceDefect(self._pbx.name, "look", what), self._clock.now())

    def _round(self) -> None:
        """Do the next thing, or wait for it."""
        self._take_in()
        due, job = self._next_job(time.monotonic())
        pause = due - time.monotonic()
        if pause > 0:
            self._signals.wake.wait(pause)
            # Cleared before the queues are looked at: what is put in later sets it again.
            self._signals.wake.clear()
            return
        asked_at = self._clock.now()
        try:
            job()
        except AriError as error:
            self._failed(error, asked_at)

    def _take_in(self) -> None:
        for question in taken_from(self._asked):
            # What cannot be asked about by itself is asked about together with all others.
            single = [target for target in question.targets if fits_into_url(target.resource)]
            if question.wants_snapshot or len(single) < len(question.targets):
                self._signals.resync.set()
            self._questions.update(dict.fromkeys(single))
            self._settings_first.update(dict.fromkeys(question.settings_first))
            self._agenda.again(question.settings_of)
        for targets in taken_from(self._to_learn):
            self._agenda.add(targets, self._clock.now())
        # What is about to be believed waits to be confirmed (rule 7); and whoever refused us may be gone when the event
        # stream, which lived on, breaks off: then we look before the next retry is due.
        if self._retry_at is not None and self._signals.resync.is_set():
            self._retry_at = min(self._retry_at, self._snapshot_begun + self._times.snapshot_spacing)

    def _next_job(self, now: float) -> tuple[float, Callable[[], None]]:
        """The most urgent of what is due, else what is due next.

        While it fails, snapshots alone are tried; where Asterisk answers, the event stream still needs its heartbeat.
        """
        if self._retry_at is not None and not self._answers:
            return self._retry_at, self._look
        sign_due = self._life_sign_due
        if self._signals.heartbeat_wanted.is_set() and self._signals.heartbeat_due.is_set():
            sign_due = 0.0
        jobs = [(sign_due, self._give_sign_of_life)]
        if self._retry_at is not None:
            return min((self._retry_at, self._look), jobs[0], key=lambda job: job[0])
        if self._settings_first:
            # What is asked together with them is to be answered afterwards.
            return min(jobs[0], (self._question_pace.ready_at, self._read_settings_first), key=lambda job: job[0])
        jobs.append((self._snapshot_due(), self._look))
        if self._questions:
            jobs.append((self._question_pace.ready_at, self._answer_one))
        if self._agenda:
            jobs.append((self._settings_pace.ready_at, self._read_settings_of_one))
        ready = (job for job in jobs if job[0] <= now)
        return next(ready, None) or min(jobs, key=lambda job: job[0])

    # ---------------------------------------------------------------- signs of life

    def _give_sign_of_life(self) -> None:
        """Post the heartbeat that must come back as an event; without a stream that waits for it, just ask."""
        self._life_sign_due = time.monotonic() + self._times.life_sign_every
        # Before it is posted: a stream that is opened meanwhile sets it again.
        self._signals.heartbeat_due.clear()
        self._has_heartbeat = self._signals.heartbeat_wanted.is_set()
        if not (self._has_heartbeat and self._post_heartbeat()):
            info = self._client.info()
            if info.startup_time != self._startup_time:
                self._signals.resync.set()
        self.alive_at = self._clock.now()

    def _post_heartbeat(self) -> bool:
        """Whether it was posted. If not, the event stream notices by itself: nothing comes back."""
        self._signals.heartbeat_asked(time.monotonic())
        try:
            self._client.user_event(HEARTBEAT)
        except AriNotFound:
            return False
        except AriDenied as error:
            if error.status != 403:
                raise
            return False
        return True

    # ---------------------------------------------------------------- snapshots

    def _snapshot_due(self) -> float:
        if self._signals.resync.is_set():
            return self._snapshot_begun + self._times.snapshot_spacing
        every = self._pbx.poll_every
        if not self._signals.events_up.is_set():
            every = min(every, self._times.poll_without_events)
        return self._snapshot_begun + every

    def _look(self) -> None:
        """Take a snapshot and offer it."""
        self._signals.resync.clear()
        self._snapshot_begun = time.monotonic()
        asked_at = self._clock.now()
        # The endpoints first: those of a new Asterisk must not appear under the old one's startup_time.
        listing = self._client.listing(self._wanted(), MOST_WATCHED)
        info = self._client.info()
        self._look_for_drivers(listing)
        self.alive_at = self._clock.now()
        self._startup_time = info.startup_time
        self._agenda.renew((info.startup_time, info.last_reload_time), self.alive_at, info.configured_for)
        self._works(asked_at, listing.why)
        seen = snapshot(
            self._pbx.name,
            asked_at,
            listing,
            info,
            missing_drivers=self._missing_drivers,
            follows_settings=self._follows_settings,
        )
        self._listed = {observation.target for observation in seen.endpoints}
        self._agenda.keep(self._listed)
        self._inbox.offer(seen)
        self._say_oddities(listing)
        self._follows_settings = False
        self.last_snapshot_at = asked_at
        if not self._has_heartbeat:
            self._life_sign_due = time.monotonic() + self._times.life_sign_every

    def _wanted(self) -> Callable[[EndpointState], bool]:
        """Say which endpoints a list is read for; what was listed before needs no look at the watch sections."""
        pbx, is_watched = self._pbx.name, self._is_watched
        if is_watched is not self._listed_for:
            self._listed, self._listed_for = set(), is_watched
        known: Set[tuple[str, str, str]] = self._listed

        def is_wanted(endpoint: EndpointState) -> bool:
            name = (pbx, endpoint.technology, endpoint.resource)
            return name in known or is_watched(Target(*name))

        return is_wanted

    def _say_oddities(self, listing: EndpointList) -> None:
        """Log names that are none when there are more than before, and the first text that was cut."""
        if listing.unnamed > self._said_unnamed:
            self._said_unnamed = listing.unnamed
            log.warning(
                "pbx %s: endpoints whose names are empty or longer than %d characters are not watched: %d",
                self._pbx.name,
                LONGEST_NAME,
                listing.unnamed,
            )
        if self._client.shorten.cut and not self._has_said_cut:
            self._has_said_cut = True
            log.warning(CUT_TEXT, self._pbx.name, LONGEST_TEXT)

    def _look_for_drivers(self, listing: EndpointList) -> None:
        """Ask whether the channel drivers are loaded. No event tells when one is unloaded (seen on 16 and 22)."""
        self._technologies.update(DRIVERS.keys() & {endpoint.technology for endpoint in listing.endpoints})
        before, self._missing_drivers = self._missing_drivers, self._client.missing_drivers(self._technologies)
        if set(before) - set(self._missing_drivers):
            # What could not be read without the driver can be read now.
            self._agenda.expire()

    def _works(self, at: float, why_listed_singly: str) -> None:
        """Note that REST works; a remark about it is reported when it changes."""
        if self._retry_at is not None:
            self._retry_at = None
            self._signals.rest_is_back()
        self._repeats.worked()
        remarks = (why_listed_singly, certificate_remark(self._client.certificate_ends_at(), self._clock.wall()))
        remark = "; ".join(filter(None, remarks))
        if remark != self._remark:
            self._remark = remark
            self._inbox.offer(ConnectionReport(self._pbx.name, Channel.REST, at, remark=remark, alive_at=self.alive_at))

    def _failed(self, error: AriError, asked_at: float) -> None:
        """Report a look that failed, and say when to look again."""
        self._repeats.failed(f"{error.call}: {error.what}")
        waits = self._times.retries
        wait = waits[min(self._repeats.failures, len(waits)) - 1]
        if error.trouble is Trouble.DENIED:
            wait = self._times.denied
        elif error.trouble is Trouble.STARTING:
            wait = self._times.starting
        self._retry_at = time.monotonic() + wait
        self._answers = error.trouble is Trouble.UNEXPECTED
        # After a recovery the remark is told anew.
        self._remark = ""
        self._inbox.offer(
            ConnectionReport(
                self._pbx.name,
                Channel.REST,
                self._clock.now(),
                error.trouble,
                error.what,
                alive_at=self.alive_at,
                asked_at=asked_at,
            )
        )

    # ---------------------------------------------------------------- questions

    def _answer_one(self) -> None:
        """Ask about one endpoint. What failed is asked again after the PBX answers."""
        target = next(iter(self._questions))
        self._question_pace.spend()
        try:
            self._ask_about(target)
        except AriUnexpected as error:
            self._unreadable.failed(error.what)
        # Not before: a PBX that fails now is asked again.
        self._questions.pop(target, None)

    def _ask_about(self, target: Target) -> None:
        """Ask for the state; "offline" is not believed before the device state was asked, too (rule 3)."""
        at = self._clock.now()
        try:
            listed = self._client.endpoint(target.technology, target.resource)
        except AriNotFound:
            words = "not listed"
            self._inbox.offer(Observation(target, Health.UNKNOWN, at, Source.ANSWER, Witness.ENDPOINT, words))
            return
        answer = endpoint_answer(target, listed.state, at, Source.ANSWER)
        device = self._look_closer(target) if answer.health is Health.DOWN else None
        if not isinstance(device, Removed):
            self._inbox.offer(answer)
        if device:
            self._inbox.offer(device)
        self.alive_at = self._clock.now()

    def _look_closer(self, target: Target) -> Observation | Removed | None:
        """Ask whether what is offline is still there: its device state, then Asterisk's configuration.

        INVALID alone says little: so is the device of every endpoint whose channel driver is not loaded.
        """
        device = self._device_of(target, self._clock.now())
        is_configured = self._client.is_configured(target)
        if is_configured is False:
            return Removed(target, self._clock.now(), Source.ANSWER)
        if not isinstance(device, Removed):
            return device
        has_driver = self._client.has_driver(target.technology)
        if has_driver and target.technology not in CONFIGURABLE:
            return device
        if has_driver is False:
            # That concerns all of them: the snapshot says so.
            self._signals.resync.set()
        words = "device state INVALID, though it was not removed"
        return Observation(target, Health.UNKNOWN, device.at, Source.ANSWER, Witness.DEVICE, words)

    def _device_of(self, target: Target, at: float) -> Observation | Removed | None:
        """Ask for the device state. Asterisk has an answer for every name: a 404 comes of a proxy in between."""
        try:
            state = self._client.device_state(target.endpoint)
        except AriNotFound:
            self._mangled.failed(SLASHES)
            return Observation(target, Health.UNKNOWN, at, Source.ANSWER, Witness.DEVICE, "device state cannot be read")
        self._mangled.worked()
        return device_sighting(target, state, at, Source.ANSWER)

    # ---------------------------------------------------------------- settings

    def _read_settings_first(self) -> None:
        """Read the settings of one endpoint, on which it depends what the answers to a question are worth."""
        target = next(iter(self._settings_first))
        self._question_pace.spend()
        self._read_settings(target)
        self._settings_first.pop(target, None)
        # The next snapshot is the answer to the same question, if it wants one.
        self._follows_settings = self._signals.resync.is_set()

    def _read_settings_of_one(self) -> None:
        before = self._client.requests
        try:
            self._read_settings(self._agenda.next())
        finally:
            self._settings_pace.spend(self._client.requests - before)

    def _read_settings(self, target: Target) -> None:
        at = self._clock.now()
        found: EndpointSettings | Removed
        try:
            settings = self._client.settings(target, at)
        except AriUnexpected as error:
            self._unreadable.failed(error.what)
        else:
            if settings is None:
                # There are none any more, though the endpoint is listed until the next restart.
                found = Removed(target, at, Source.ANSWER)
            elif self._is_probed(target):
                found = settings
            else:
                # What nobody asks for is not kept for twenty thousand.
                found = replace(settings, ways=None)
            self._inbox.offer(found)
        # Not before: a PBX that fails now is asked again.
        self._agenda.done(target, self._clock.now())


def certificate_remark(ends_at: float | None, wall: float) -> str:
    """What to say about a certificate that ends soon; "" about any other."""
    if ends_at is None or ends_at - wall > CERTIFICATE_WARNING:
        return ""
    days = max(0, int((ends_at - wall) // DAY))
    until = datetime.fromtimestamp(ends_at, UTC)
    return f"the certificate ends in {days} day{'' if days == 1 else 's'} ({until:%Y-%m-%d %H:%M} UTC)"
