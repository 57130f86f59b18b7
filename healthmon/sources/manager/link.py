"""How one PBX's manager interface stands, and what all that ask it have in common."""

from __future__ import annotations

import logging
import time

from msgspec import Struct
from msgspec.structs import replace

from healthmon.ami.client import MAY_NOT_ASK, MAY_ONLY_HEAR
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import Trouble
from healthmon.model import Channel, ConnectionReport, Target
from healthmon.sources.inbox import Inbox
from healthmon.sources.repeats import Repeats
from healthmon.times.clock import Clock

log = logging.getLogger(__name__)

NO_EVENTS = "no events; the user {user} may not read them: manager.conf needs read = system. Asked every {every:g} s"
NO_LIST = f"{MAY_ONLY_HEAR}. Logs in again at a reload of healthmon"
#: No more registrations of a PBX are known by events alone: nobody can tell which of them there are.
MOST_BY_EVENTS = 200
TOO_MANY = f". Events tell of more than {MOST_BY_EVENTS} registrations, and the others are not looked at"
#: What was changed in manager.conf counts from the next login on.
AGAIN = "{what}; logs in again every {every:g} min, and at a reload of healthmon"


class ManagerTimes(Struct, frozen=True):
    """How patient those are who ask a manager interface, seconds."""

    timeout: float = 5.0
    ping_every: float = 10.0
    #: It is looked so often whether there is something to do besides waiting for events.
    patience: float = 0.25
    #: Waits after the first, second, … failure.
    retries: tuple[float, ...] = (1.0, 2.0, 5.0, 10.0)
    #: Whoever is refused, or lacks a right, logs in again so seldom: fail2ban counts refused logins.
    denied: float = 300.0
    #: Whoever finds that another session has its user tries again so seldom: each time is a refused login, too.
    in_use: float = 60.0
    #: Asterisk tells so soon after a login that it has booted, and has all of its configuration.
    booted_within: float = 60.0
    #: The endpoints of a PBX are known so soon after healthmon has started, or it has none that are watched.
    learned_within: float = 20.0
    #: Two lists are at least so far apart.
    apart: float = 1.0
    #: After a round of all contacts there is none for so many times as long as it took.
    rest: float = 10.0


class ManagerLink:
    """What is known of the connection, and of the endpoints behind it. Owned by the thread of the source.

    ``adjust()`` may be called by any thread.
    """

    def __init__(self, pbx: PbxConfig, inbox: Inbox, clock: Clock, times: ManagerTimes | None = None) -> None:
        self.pbx = pbx
        self.inbox = inbox
        self.clock = clock
        self.times = times or ManagerTimes()
        #: All endpoints that are watched, in the order in which they were learned.
        self.endpoints: dict[Target, None] = {}
        #: ARI has listed them; until then they are those that were there before healthmon was restarted.
        self.are_listed = False
        #: Events come: Asterisk has said that it has booted, which it does with each login.
        self.has_events = False
        #: Our user may ask for the list of registrations.
        self.may_list = True
        #: So many registrations are known by events alone that no others are taken in, and one was not.
        self.has_too_many = False
        #: By the steady clock.
        self._connected_at = 0.0
        #: What was known of registrations before this connection is to be forgotten: nobody can ask how they are.
        self._is_to_forget = False
        self._repeats = Repeats(log, f"pbx {pbx.name}: manager interface")
        #: How it stands, as it was reported last; None: not yet.
        self._report: ConnectionReport | None = None

    def adjust(self, pbx: PbxConfig) -> None:
        """Go on with another ``poll_every``."""
        self.pbx = pbx

    def begin(self, now: float, *, has_events: bool, may_list: bool) -> None:
        """There is a new connection. ``has_events``: with the login came the event that Asterisk has booted."""
        self._connected_at = now
        self.has_events, self.may_list = has_events, may_list
        self._is_to_forget = not may_list
        self.has_too_many = False
        if has_events and not may_list:
            self.works(self.clock.now())

    @property
    def has_had_time(self) -> bool:
        """Whether Asterisk would have told by now that it has booted."""
        return time.monotonic() - self._connected_at > self.times.booted_within

    @property
    def knows_all(self) -> bool:
        """Whether what Asterisk does not list is not there: while it boots it has not read its configuration yet."""
        return self.has_events or self.has_had_time

    def works(self, at: float) -> None:
        """Report that it answers, and which right is missing: that of events is seen at the login."""
        self._repeats.worked()
        user, remark = self.pbx.ami_username, ""
        if not self.has_events:
            remark = self._tried_again(NO_EVENTS.format(user=user, every=self.pbx.poll_every))
        elif not self.may_list:
            remark = NO_LIST.format(user=user)
            if self.has_too_many:
                remark += TOO_MANY
        report = ConnectionReport(self.pbx.name, Channel.MANAGER, at, remark=remark, alive_at=at)
        self._tell(report, forgets=self._is_to_forget)
        self._is_to_forget = False

    def may_nothing(self) -> None:
        """Report that our user may neither hear events nor ask, as far as that is known while Asterisk may boot."""
        what = MAY_NOT_ASK.format(user=self.pbx.ami_username)
        self._repeats.failed(what)
        report = ConnectionReport(
            self.pbx.name, Channel.MANAGER, self.clock.now(), Trouble.DENIED, self._tried_again(what)
        )
        self._tell(report)

    def failed(self, what: str, trouble: Trouble) -> float:
        """Report what ended the connection, and return how long to wait before the next, seconds."""
        self._repeats.failed(what)
        if trouble is Trouble.DENIED:
            what = self._tried_again(what)
        self._tell(ConnectionReport(self.pbx.name, Channel.MANAGER, self.clock.now(), trouble, what))
        if trouble is Trouble.DENIED:
            return self.times.denied
        waits = self.times.retries
        return waits[min(self._repeats.failures, len(waits)) - 1]

    def is_to_be_renewed(self, *, at_once: bool) -> bool:
        """Whether to log in again for a right that is missing: a session keeps those of its login.

        ``at_once``: somebody may just have given it. Where there are events alone only then: with each login is
        forgotten what they told.
        """
        if at_once:
            return not (self.has_events and self.may_list)
        return not self.has_events and time.monotonic() - self._connected_at > self.times.denied

    def _tried_again(self, what: str) -> str:
        """Say when it is tried again, too."""
        return AGAIN.format(what=what, every=self.times.denied / 60)

    def say_again(self) -> None:
        """Report once more how it stands, to whoever asks."""
        if self._report is not None:
            self._tell(replace(self._report, at=self.clock.now()))

    def _tell(self, report: ConnectionReport, *, forgets: bool = False) -> None:
        self._report = report
        self.inbox.offer(replace(report, forgets=forgets))
