"""What Asterisk's word about an endpoint is worth, given how Asterisk checks it: pure functions."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from healthmon.config.sections.shared import Hold
from healthmon.config.sections.watch import WatchConfig
from healthmon.model import LOST, ContactChange, ContactStatus, EndpointSettings, Health, Kind, Loss, Target
from healthmon.text.sipuri import is_over_connection

#: Beyond one cycle of OPTIONS and its time-out, so that the second check has surely failed (rule 9, seconds).
QUALIFY_MARGIN = 2.0

#: Beyond the time-out of a check that was asked for, until its result can be read (seconds).
DEMAND_MARGIN = 1.0

#: That of an endpoint of which it is not known how it is checked: most are checked once a minute (seconds).
USUAL_CYCLE = 65.0

#: RFC 3261's T1 and T2, as res_pjsip has them unless timer_t1 is set (milliseconds).
FIRST_RETRANSMISSION = 500.0
LONGEST_RETRANSMISSION = 4000.0

NOT_QUALIFIED = "not qualified: Asterisk does not check it"
NAME_NOT_CHECKED = "never checked: Asterisk sends no OPTIONS to a name with a space, or with letters that are not ASCII"
NO_AOR = "no AOR: Asterisk has no address to check"
NO_CONTACT = "its AOR takes no contact: Asterisk has no address to check"
NOT_REPORTED = "not reported yet: Asterisk says unknown"
NOT_LISTED = "not listed"
EXPIRES_ONLY = "not qualified: its loss is noticed only when its registration expires"
#: Of chan_sip and IAX2 only what a check finds shows that there is one.
NOT_SHOWN = "not qualified, as far as ARI shows: its loss is noticed only when its registration expires"
ONE_EXPIRES_ONLY = "one of its contacts is not qualified: the loss of all is noticed only when its registration expires"
#: How the reasons of a grace begin; the time or the length follows. Asterisk is looked at all the while.
IN_GRACE = "in grace:"
RESTARTED = f"{IN_GRACE} Asterisk restarted at"
FROZE = f"{IN_GRACE} Asterisk was frozen for"
#: A registration that was there before nobody could see it. It is believed either way when its hold is over.
NOT_SEEN_AGAIN = f"{IN_GRACE} not registered since it can be seen again"
RECONFIGURED = "not checked yet: its qualify settings have changed"
#: Qualify was switched on: "online" of before says nothing.
UNCHECKED_YET = "not checked yet: its qualify was switched on a moment ago"
GRACES = (RESTARTED, FROZE, RECONFIGURED)

#: Why it is up, where the event of a contact tells.
CONTACT_IS_BACK = "contact reachable"

#: Beyond one cycle of OPTIONS and its time-out, until everything that lives was checked (seconds).
GRACE_MARGIN = 5.0
#: That of an endpoint whose settings are not read yet is the longest that is known, within these bounds (seconds).
SHORTEST_UNKNOWN_CYCLE, LONGEST_WAIT = 65.0, 300.0

#: Why a hold is longer than is configured, and yet shorter than a cycle of Asterisk's checks.
CHECKED_AGAIN = "Asterisk was asked to check it again"

NOT_YET_KNOWN = "not yet known whether it is checked"

#: Of whoever is asked by our own OPTIONS, and has answered none since it is: that is no outage, and what to do.
NEVER_ANSWERED = "it never has answered our OPTIONS: check the address and port, or set probe = no"

#: What stands beside the word of an Asterisk that takes only 2xx for an answer, where we get none, either.
NO_ANSWER = "no answer"
#: Of whoever answers us, though Asterisk has given up by then; the value of the option and a bracket follow.
LATER_THAN_ASTERISK_WAITS = "later than Asterisk waits (qualify_timeout = "
#: Of whoever is registered, and has answered neither Asterisk nor us: Asterisk refuses calls to an Unreachable contact.
NEVER_ANSWERED_ASTERISK = (
    "never answered OPTIONS: Asterisk sends it no calls because of that; if it answers none at all, set "
    "qualify_frequency = 0 for its AOR"
)


def why_unknown(word: Health, settings: EndpointSettings | None) -> str:
    """Why this word of Asterisk's says nothing about the endpoint, or "" if it does.

    A static contact that is not qualified is "online" for ever, dead or not: never a green. "Offline" of such an
    endpoint is true all the same. What has no address is "offline" for ever, in use or not.
    """
    if settings is not None and not settings.has_address:
        if not settings.aors:
            return NO_AOR
        return NO_CONTACT
    if word is Health.UNKNOWN:
        return NOT_REPORTED
    if word is Health.DOWN or settings is None or not settings.known:
        return ""
    if settings.has_unqualified_static_contact:
        return NOT_QUALIFIED
    return ""


def has_unchecked_name(target: Target) -> bool:
    """Whether Asterisk sends no OPTIONS to such an endpoint: its name has a space, or what is not ASCII."""
    return target.technology == "PJSIP" and (" " in target.resource or not target.resource.isascii())


def remark_for(settings: EndpointSettings | None, *, is_check_seen: bool) -> str:
    """What should be shown beside an "up".

    ``is_check_seen``: Asterisk said of it what only a check can tell.
    """
    if settings is None:
        return NOT_YET_KNOWN
    if not settings.known:
        if is_check_seen:
            return ""
        return NOT_SHOWN
    if not settings.is_qualified:
        return EXPIRES_ONLY
    if settings.has_unqualified_registered_contact:
        return ONE_EXPIRES_ONLY
    return ""


def contradicts(
    settings: EndpointSettings | None, change: ContactChange, contacts: Mapping[str, ContactStatus]
) -> bool:
    """Whether a word about a contact does not fit how the endpoint is checked, as far as that was read.

    ``contacts``: those of which an event has spoken before. A new contact is NonQualified until its first check; a
    known one is so when its qualify was switched off. Of which of several AORs a new one is, only the settings tell.
    """
    if settings is None or not settings.known:
        return False
    if change.status is ContactStatus.NON_QUALIFIED:
        is_new = bool(contacts) and change.uri not in contacts
        if is_new:
            return settings.aors > 1
        return settings.is_qualified
    is_checked = change.status in (ContactStatus.REACHABLE, ContactStatus.UNREACHABLE)
    return is_checked and not settings.is_qualified


def unreachable(contacts: Mapping[str, ContactStatus]) -> int:
    """How many of these contacts Asterisk calls unreachable."""
    return sum(status in LOST for status in contacts.values())


def losses_in_words(lost: int, contacts: int, *, may_have_more: bool) -> str:
    """Say that some contacts of an endpoint are lost, or all of several; "": none is, or it has no other.

    Of ``contacts`` an event has spoken; there may be more of which none did.
    """
    if 0 < lost < contacts:
        return f"{lost} of {contacts} contacts unreachable"
    if not lost or (lost == 1 and not may_have_more):
        return ""
    if lost == 1:
        return "1 contact unreachable"
    return f"{lost} contacts unreachable"


def loss_of_last_contact(uri: str, before: ContactStatus, settings: EndpointSettings | None) -> Loss:
    """How an endpoint lost a contact that was removed, given what it was before.

    What Asterisk checks, and found there until then, has taken back its registration. Of what it does not check nobody
    can tell that from a registration that expired, nor of what came by a connection from one that was cut
    (res_pjsip_registrar: "due to transport shutdown").
    """
    if before is ContactStatus.UNREACHABLE:
        return Loss.NO_ANSWER
    if is_over_connection(uri):
        return Loss.CONNECTION_ENDED
    if before is ContactStatus.NON_QUALIFIED:
        return Loss.REGISTRATION_ENDED
    is_checked = settings is not None and settings.known and settings.is_qualified
    if before is ContactStatus.REACHABLE or is_checked:
        return Loss.LOGGED_OUT
    return Loss.REGISTRATION_ENDED


def why_down(loss: Loss, said: str, settings: EndpointSettings | None) -> str:
    """Say why an endpoint is down, in words for people; behind them what Asterisk said."""
    why: str = loss
    if not loss:
        # No event told more than that it is offline.
        why = Loss.NO_ANSWER
        if settings is not None and settings.known and not settings.has_static_contact:
            why = "not registered, or does not answer OPTIONS"
    if why == Loss.NO_ANSWER and settings is not None and settings.takes_2xx_only:
        # It may well answer, with 503 at each time: Asterisk does not say.
        why = "answers OPTIONS with no 2xx, or not at all"
    if said:
        return f"{why} ({said})"
    return why


def least_round_trip(rtt_ms: float) -> float:
    """The least that a round trip can have taken, given the time from the first OPTIONS to the answer (milliseconds).

    The answer may be that to a retransmission: by RFC 3261 those go out after 0.5, 1.5, 3.5, 7.5 s, and then every 4 s.
    """
    sent_at, wait = 0.0, FIRST_RETRANSMISSION
    while sent_at + wait <= rtt_ms:
        sent_at, wait = sent_at + wait, min(2 * wait, LONGEST_RETRANSMISSION)
    return rtt_ms - sent_at


def kind_of(target: Target, settings: EndpointSettings | None, watch: WatchConfig) -> Kind:
    """Whether it is a provider or a phone: the watch section's word, else that of Asterisk's configuration."""
    return watch.kind or kind_by_settings(target, settings)


def kind_by_settings(target: Target, settings: EndpointSettings | None) -> Kind:
    """Whether Asterisk's configuration makes it a provider or a phone; a phone while that is not known."""
    if settings is None:
        return Kind.PHONE
    if not settings.known:
        # ARI shows no settings of chan_sip and IAX2; phones that speak IAX2 have died out, trunks have not.
        is_trunk = target.technology == "IAX2"
    else:
        is_trunk = settings.has_static_contact or settings.has_outbound_auth
    if is_trunk:
        return Kind.PROVIDER
    return Kind.PHONE


def effective_hold(hold: Hold, settings: EndpointSettings | None) -> Hold:
    """The hold that is in force: one lost OPTIONS makes a contact unreachable until the next check (rule 9).

    So it does of one of several contacts.
    """
    cycle = known_cycle(settings)
    if hold.down_after_exact or cycle is None or cycle <= min(hold.down_after, hold.degraded_after):
        return hold
    return replace(hold, down_after=max(hold.down_after, cycle), degraded_after=max(hold.degraded_after, cycle))


def outlasting_a_cycle(hold: Hold, settings: EndpointSettings | None) -> Hold:
    """The hold of an offline endpoint that is in use all the same: that explains it for one cycle of checks at most."""
    cycle = known_cycle(settings)
    if cycle is None:
        cycle = USUAL_CYCLE
    return replace(hold, down_after=max(hold.down_after, cycle))


def is_checked_otherwise(before: EndpointSettings | None, settings: EndpointSettings) -> bool:
    """Whether Asterisk checks this endpoint otherwise than before, so that it must do so first; unknown: perhaps."""
    return settings.is_qualified and (before is None or before.qualify_frequency != settings.qualify_frequency)


def first_check_within(settings: EndpointSettings | None, longest: float) -> float:
    """Until when after a start, or after its settings changed, Asterisk has surely checked an endpoint (seconds).

    ``longest``: that of all endpoints whose settings are known. 0: it is not checked at all.
    """
    if settings is None:
        return min(max(longest, SHORTEST_UNKNOWN_CYCLE), LONGEST_WAIT)
    if not settings.is_qualified:
        return 0.0
    return settings.qualify_frequency + settings.qualify_timeout + GRACE_MARGIN


def known_cycle(settings: EndpointSettings | None) -> float | None:
    """How long it takes at most until a second check has failed (seconds); None: it is not known to be checked."""
    if settings is None or not settings.known or not settings.is_qualified:
        return None
    return settings.qualify_frequency + settings.qualify_timeout + QUALIFY_MARGIN
