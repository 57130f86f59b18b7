"""Who must be told what about an incident: pure functions, asked whenever something changed.

Alerting is level-triggered: ``decide()`` compares what is so with what one URL was told, and returns the message
that is missing. ``says()`` is asked when a message is about to be sent, with the facts of that moment; it returns
what the message will leave its reader believing. Together they keep the promise that outside silences the last
message equals the truth.

There is no reopening: an outage that comes back is a new incident.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from healthmon.model import WAS_NOT_THE_LINE, Ending, Incident, Kind, Reason, Said, Told

#: After so long nobody is told any more how an incident ended (seconds); its URL may be gone from the configuration.
TELLING_ENDS_AFTER = 86400.0

#: Endings that are good news, and told as such.
GOOD_ENDINGS = (Ending.RECOVERED, Ending.STABLE, *WAS_NOT_THE_LINE)

#: Why a URL is told of an incident for the first time.
FIRST_REASONS = (Reason.OPENED, Reason.ESCALATED, Reason.FLAPPING)

#: What is true for as long as it lasts.
_STILL_REASONS = (
    *FIRST_REASONS[:2],
    Reason.WIDENED,
    Reason.CHANGED,
    Reason.ACKNOWLEDGED,
    Reason.REMINDER,
    Reason.LONG_GONE,
)

#: The message that something must be done about it; all else that is told as changed has another number.
TO_DO = (Reason.CHANGED, 0)

#: What says that something is down, and not only that it comes and goes.
_TOLD_DOWN = (Reason.OPENED, Reason.ESCALATED, Reason.CHANGED, Reason.STABLE)

#: What is told again and again, unless somebody takes note.
AGAIN = (Reason.REMINDER, Reason.LONG_GONE)


class DailyLine(Struct, frozen=True):
    """What is long gone is told in one line at a fixed time of the day."""

    #: The number of this day; 0: the time has not come.
    day: int = 0
    #: It tells of what was down, and was told, at that moment already.
    down_before: float = 0.0


class Policy(Struct, frozen=True):
    """What besides the incident and the messages so far bears on the decision."""

    #: The waits before the first reminder, the second, …; the last one repeats. Empty: none is wanted.
    remind_every: tuple[float, ...] = ()
    #: A bigger incident that is still open is told instead of this one.
    is_explained: bool = False
    #: A group, or an earlier check of the same thing, explains it and is still open: its end is told with that one's.
    waits_for_bigger: bool = False
    #: An earlier check of the same thing explained it, and is well again: that this lasts must be told anew.
    is_left: bool = False
    #: Nobody can see whether it lasts: what is due meanwhile is told when it can be seen, if it lasts then.
    is_out_of_sight: bool = False
    #: The silence or maintenance window that speaks of it, "silence 12"; "": none. Of what is over: now, too; it holds
    #: back that what was told to come and go is stable.
    muted_by: str = ""
    #: Somebody knows of it: no reminders.
    is_acknowledged: bool = False
    #: It has been down for so long that one line a day is told of it instead of reminders; None: it has not.
    daily_line: DailyLine | None = None
    #: This URL is told only because nobody took note of it in time.
    is_escalation: bool = False
    #: It was seen up, and is believed so after ``up_after``: that it lasts is told so much later (seconds); 0.0: it was
    #: not.
    recovering_for: float = 0.0
    #: When it is believed up at the earliest (seconds UTC): nobody is reminded before, also where a reminder has been
    #: due for long, for nobody could see it; 0.0: it was not seen up.
    recovers_at: float = 0.0
    #: It has become known what its reader can do; who has not been told yet is told with the rest.
    has_more_to_say: bool = False
    #: This URL is an on-call service, which is told that somebody took note.
    is_ticket: bool = False


def decide(incident: Incident, told: Told, policy: Policy, now: float) -> tuple[Reason, int] | None:
    """Return the reason and serial of the message that one URL must still be booked, or None: it has them all.

    Ask again after booking, until the answer is None.
    """
    if incident.is_open:
        return _while_open(incident, told, policy, now)
    if policy.waits_for_bigger:
        return None
    end = _once_closed(incident, told)
    # It was told to be down, and not only to come and go.
    was_told_down = any(reason in _TOLD_DOWN for reason, _ in told.booked)
    if end is not None and end[0] is Reason.STABLE and policy.muted_by and not was_told_down:
        return None
    return end


def _while_open(incident: Incident, told: Told, policy: Policy, now: float) -> tuple[Reason, int] | None:
    if policy.muted_by:
        return None
    acknowledged = (Reason.ACKNOWLEDGED, 0)
    if policy.is_ticket and incident.acked_at is not None and told.is_alarmed and acknowledged not in told.booked:
        # The service calls people though somebody took note here.
        return acknowledged
    if policy.is_explained or policy.is_out_of_sight:
        return None
    if told.said is None:
        return _while_untold(incident, told, policy)
    anew = _turn(incident, told) or _left(incident, told, policy) or _further(incident, told, policy)
    return anew or _reminder(incident, told, policy, now)


def _while_untold(incident: Incident, told: Told, policy: Policy) -> tuple[Reason, int] | None:
    """Nobody at this URL knows yet.

    A message that was booked and explained away by incident 840 is booked anew with serial 840 when that one is
    over; so each bigger incident costs one more message at most, and an undeliverable one is not repeated for ever.
    """
    reason = Reason.OPENED
    if policy.is_escalation:
        reason = Reason.ESCALATED
    first: tuple[Reason, int] | None = (reason, incident.explained_by or 0)
    if first in told.booked or told.waiting:
        first = None
    turn = _turn(incident, told)
    if policy.is_escalation:
        return first or turn
    if incident.flapping:
        return turn
    return turn or first


def _left(incident: Incident, told: Told, policy: Policy) -> tuple[Reason, int] | None:
    """It was told before its thing was down: who hears that this is over must not think that all is well."""
    serial = incident.explained_by or 0
    row = (Reason.CHANGED, serial)
    # Who heard of it for the first time when that was over has heard it since.
    was_told_since = any((reason, serial) in told.booked for reason in (Reason.OPENED, Reason.ESCALATED))
    is_owed = row not in told.booked and not was_told_since
    if policy.is_left and told.is_alarmed and not incident.flapping and is_owed:
        return row
    return None


def _further(incident: Incident, told: Told, policy: Policy) -> tuple[Reason, int] | None:
    """What was told is still so, and yet not the same: more of a group is down, or it is degraded, not down, …"""
    if told.waiting or incident.flapping or not told.is_alarmed:
        return None
    if is_wider(incident, told.size):
        return Reason.WIDENED, 1 + _count(told, Reason.WIDENED)
    if told.said is not _lasting(incident):
        changes = [serial for reason, serial in told.booked if reason is Reason.CHANGED]
        return Reason.CHANGED, 1 + max(changes, default=0)
    if policy.has_more_to_say and TO_DO not in told.booked:
        # It is as it was told, and something must be done about it: told once.
        return TO_DO
    return None


def is_wider(incident: Incident, told_size: int) -> bool:
    """Whether at least twice as many of a site are down as its reader was told (0: of no number)."""
    return incident.kind is Kind.SITE and 0 < 2 * told_size <= incident.down


def _lasting(incident: Incident) -> Said:
    """What is to be believed of what lasts."""
    if incident.flapping:
        return Said.DOWN
    if incident.is_unseen:
        return Said.UNSEEN
    if incident.is_partial:
        return Said.DEGRADED
    return Said.DOWN


def _turn(incident: Incident, told: Told) -> tuple[Reason, int] | None:
    """That it changes too often is told once in each episode, and once that it has stopped."""
    flapping, stable = (Reason.FLAPPING, incident.flap_episodes), (Reason.STABLE, incident.flap_episodes)
    if incident.flapping:
        if flapping in told.booked:
            return None
        return flapping
    if flapping in told.booked and stable not in told.booked:
        return stable
    return None


def _reminder(incident: Incident, told: Told, policy: Policy, now: float) -> tuple[Reason, int] | None:
    line = policy.daily_line
    if line is None:
        due_at = reminder_due_at(told, policy)
        if due_at is None or now < due_at:
            return None
        return Reason.REMINDER, 1 + _count(told, Reason.REMINDER)
    if policy.is_acknowledged or told.waiting or not told.is_alarmed:
        return None
    line_of_today = (Reason.LONG_GONE, line.day)
    is_old = max(incident.believed_at, told.opened_at) <= line.down_before
    if not is_old or line_of_today in told.booked or now < policy.recovers_at:
        return None
    return line_of_today


def _count(told: Told, reason: Reason) -> int:
    return sum(booked is reason for booked, _ in told.booked)


def reminder_due_at(told: Told, policy: Policy) -> float | None:
    """When the next reminder falls due (seconds, UTC), or None: no reminder is wanted, or a message still waits.

    While it seems to recover, a reminder waits for whether it does.
    """
    waits = policy.remind_every
    is_wanted = bool(waits) and not policy.is_acknowledged and policy.daily_line is None
    if not is_wanted or told.waiting or not told.is_alarmed:
        return None
    due_at = told.said_at + waits[min(_count(told, Reason.REMINDER), len(waits) - 1)]
    return max(due_at + policy.recovering_for, policy.recovers_at)


def _once_closed(incident: Incident, told: Told) -> tuple[Reason, int] | None:
    """The end is told to those, and only to those, who believe that it still lasts."""
    if not told.is_alarmed:
        return None
    end = (Reason.RESOLVED, 0)
    if incident.ending not in GOOD_ENDINGS:
        end = (Reason.ENDED, 0)
    elif incident.ending is Ending.STABLE and (Reason.FLAPPING, incident.flap_episodes) in told.booked:
        end = (Reason.STABLE, incident.flap_episodes)
    if end in told.booked:
        return None
    return end


def opened_at(booked: Mapping[tuple[Reason, int], float]) -> float:
    """When an outage was booked to be told, given when each row was booked; 0.0: it was not."""
    opened = [at for (reason, _), at in booked.items() if reason is Reason.OPENED]
    flapping = [at for (reason, _), at in booked.items() if reason is Reason.FLAPPING]
    return max(opened, default=min(flapping, default=0.0))


def is_finished(incident: Incident, told: Told) -> bool:
    """Whether nothing is left to be said about this incident at this URL."""
    return not incident.is_open and not told.waiting and _once_closed(incident, told) is None


def says(reason: Reason, incident: Incident, newest_said: Said | None) -> Said | None:
    """Return what this message will leave its reader believing, or None: there is nothing to say any more.

    ``newest_said`` is the newest that was delivered or is in doubt at this URL; rows of one claim are asked in the
    order in which they were booked, each with what the one before it says. A row in doubt may count itself: it
    is then sent again with the facts of now.
    """
    if reason is Reason.ESCALATED and incident.acked_at is not None and newest_said is None:
        # Somebody took note of it before this could be sent.
        return None
    if reason in (Reason.RESTARTED, Reason.NOTED):
        return Said.UP
    if incident.is_open:
        return _says_while_open(reason, incident)
    return _says_once_closed(reason, incident, newest_said)


def _says_once_closed(reason: Reason, incident: Incident, newest_said: Said | None) -> Said | None:
    if reason in FIRST_REASONS:
        # Over before it could be sent, or perhaps sent: this one message tells the whole of it. What was over in a
        # silence, what turned out to be none, and what another check of the same thing explained, is told to those only
        # who were told that it was down.
        is_no_news = bool(incident.muted_by) or incident.ending in WAS_NOT_THE_LINE or incident.was_explained
        if newest_said is Said.UP or (newest_said is None and is_no_news):
            return None
        return Said.WAS_DOWN
    if reason in (Reason.WIDENED, Reason.CHANGED, Reason.ACKNOWLEDGED, *AGAIN) or newest_said in (None, Said.WAS_DOWN):
        # Never a lone "up" for a "down" that nobody saw.
        return None
    return Said.UP


def _says_while_open(reason: Reason, incident: Incident) -> Said | None:
    # What flapped is stable meanwhile, and still down: the row STABLE, booked in that moment, tells so.
    if reason is Reason.FLAPPING and incident.flapping:
        return Said.DOWN
    if reason is Reason.STABLE and not incident.flapping:
        return _lasting(incident)
    if reason in AGAIN and incident.acked_at is not None:
        return None
    if reason in _STILL_REASONS:
        return _lasting(incident)
    return None
