"""Which waiting rows become a message, and what each of them says (bookkeeping 5 and 6)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from heapq import nsmallest
from itertools import chain, groupby
from operator import itemgetter

from msgspec import Struct, field
from msgspec.structs import replace

from healthmon.core.alerting.decide import GOOD_ENDINGS, is_wider, says
from healthmon.model import (
    PARTIAL_CHECKS,
    SEEN_PAST_ARI,
    Check,
    Health,
    Incident,
    Kind,
    Reason,
    Said,
    Severity,
    Target,
    asks_for_help,
)
from healthmon.store.codec import target_of
from healthmon.store.outbox.failing_channels import FailingChannel, channels_that_fail
from healthmon.store.read.degraded import with_degraded_since
from healthmon.store.read.remembered import SAID, read_caller_names, read_incident
from healthmon.store.read.unseen import IS_UNSEEN, with_unseen
from healthmon.store.rows import INCIDENTS
from healthmon.store.schema import INSTANCE
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored

#: What a silence or a maintenance window mutes is held back while it lasts; so is that something lasts which nobody can
#: see. That somebody took note of it is told to an on-call service all the same.
NOT_HELD = f"""NOT EXISTS (SELECT 1 FROM incidents i WHERE i.id = n.incident_id AND i.closed_at IS NULL
        AND (i.muted_by <> '' OR (n.reason <> 'acknowledged' AND {IS_UNSEEN})))"""  # noqa: S608 (constants of ours)

#: Whether a row of ``notifications n`` may be told in the quiet time of its URL, if there is one at ``:moment``.
NOT_QUIET = """NOT EXISTS (SELECT 1 FROM urls quiet JOIN incidents loud ON loud.id = n.incident_id
        WHERE quiet.url_id = n.url_id AND quiet.quiet_until > :moment
        AND quiet.quiet_except NOT LIKE '%' || loud.severity || '%')"""

# A row waits for the earlier ones of its incident, so that what is said keeps its order.
_DUE = f"""SELECT n.id, n.incident_id, n.reason, n.in_doubt FROM notifications n
    WHERE n.url_id = :url_id AND n.state = 'waiting' AND (:as_tickets OR n.reason <> 'ended') AND n.due_at <= :now
    AND {NOT_HELD}
    AND {NOT_QUIET}
    AND NOT EXISTS (SELECT 1 FROM notifications earlier
        WHERE earlier.incident_id = n.incident_id AND earlier.url_id = n.url_id AND earlier.state = 'waiting'
        AND earlier.id < n.id AND earlier.due_at > :now)
    ORDER BY n.incident_id, n.id LIMIT :limit"""  # noqa: S608 (a constant of ours)

# Rides along with a message, causes none.
_RIDING_ALONG = f"""SELECT n.id, n.incident_id, n.reason, n.in_doubt FROM notifications n
    WHERE n.url_id = :url_id AND n.state = 'waiting' AND n.reason = 'ended' AND {NOT_QUIET}
    ORDER BY n.incident_id, n.id LIMIT :limit"""  # noqa: S608 (a constant of ours)

_NEWEST_SAID = f"""SELECT {SAID} AS said, size FROM notifications
    WHERE incident_id = :incident_id AND url_id = :url_id AND {SAID} IS NOT NULL
    ORDER BY claim DESC, id DESC LIMIT 1"""  # noqa: S608 (a constant of ours)

_COUNT_CLAIM = """INSERT INTO urls (url_id, claims) VALUES (:url_id, 1)
    ON CONFLICT (url_id) DO UPDATE SET claims = urls.claims + 1"""

_CANCEL = """UPDATE notifications SET state = 'cancelled', why = :why, finished_at = :now WHERE id = :id"""

_SEND = """UPDATE notifications SET state = 'sending', claim = :claim, claimed_at = :now, says = :says,
    in_doubt = :in_doubt, size = :size, severity = :severity WHERE id = :id"""

_FIRST_SEVERITY = """SELECT severity FROM notifications
    WHERE incident_id = :incident_id AND url_id = :url_id AND severity <> '' ORDER BY claim, id LIMIT 1"""

# Before schema 19 messages were booked without it, and their tickets had keys that nobody knows any more.
_HAS_TICKET = """SELECT EXISTS (SELECT 1 FROM notifications
    WHERE incident_id = :incident_id AND url_id = :url_id AND severity <> '')"""

_KEY = f"""SELECT d.identity, i.opened_at FROM daemon d JOIN incidents i ON i.id = :incident_id
    WHERE d.instance = '{INSTANCE}'"""  # noqa: S608 (a constant of ours)

_REFUSED = """SELECT m.address FROM notifications n JOIN missed m ON m.notification_id = n.id
    WHERE n.incident_id = :incident_id AND n.url_id = :url_id AND m.state = 'refused'"""

_OPEN = "SELECT i.* FROM incidents i WHERE i.telling AND i.closed_at IS NULL ORDER BY i.id"

# A manager interface that is away is told by itself: its PBX is not down. Nor is what nobody can see.
_UNEXPLAINED = f"""SELECT i.id, i.kind, i.severity, i.health, i.check_name, i.pbx, i.technology, i.resource, EXISTS (
        SELECT 1 FROM notifications n WHERE n.incident_id = i.id AND n.url_id = :url_id
        AND n.state IN ('waiting', 'sending', 'undeliverable')) AS is_undelivered FROM incidents i
    WHERE i.closed_at IS NULL AND i.muted_by = '' AND i.check_name <> 'manager' AND NOT EXISTS (
        SELECT 1 FROM incidents bigger WHERE bigger.id = i.explained_by AND bigger.closed_at IS NULL)
    AND NOT {IS_UNSEEN}"""  # noqa: S608 (a constant of ours)

_UNSEEN_PBXS = """SELECT pbx FROM incidents
    WHERE closed_at IS NULL AND check_name = 'connection' AND health IN ('down', 'unknown')"""

# What this URL was told to last again, after it ended otherwise: it is watched anew.
_TOLD_ANEW = """SELECT newer.id FROM incidents ended JOIN incidents newer
    ON newer.pbx = ended.pbx AND newer.technology = ended.technology AND newer.resource = ended.resource
        AND newer.check_name = ended.check_name AND newer.id > ended.id AND newer.closed_at IS NULL
    WHERE ended.id = :id AND EXISTS (SELECT 1 FROM notifications n
        WHERE n.incident_id = newer.id AND n.url_id = :url_id AND n.says IS NOT NULL)"""

# What is known not to be well, though its endpoint may be reached again: not what seems to be well by now, what nobody
# can see, or that our OPTIONS were not answered, which they were not before that either.
_LEFT_BESIDE = """SELECT i.* FROM incidents i
    JOIN checks c ON c.pbx = i.pbx AND c.technology = i.technology AND c.resource = i.resource AND c.name = i.check_name
    JOIN states s ON s.check_id = c.id
    WHERE i.closed_at IS NULL AND i.muted_by = '' AND s.veil = '' AND s.pending IS NOT 'up'
    AND (i.check_name = 'registration' OR (i.check_name = 'options' AND i.health = 'degraded')) ORDER BY i.id"""

# While the manager interface is away nobody knows how these are, also before that is believed (``is_believed``).
_UNKNOWN_REGISTRATIONS = """SELECT * FROM (SELECT c.id, c.pbx, c.technology, c.resource, s.veil, EXISTS (
        SELECT 1 FROM incidents i WHERE i.closed_at IS NULL AND i.check_name = 'manager' AND i.pbx = c.pbx)
        AS is_believed
    FROM checks c JOIN states s ON s.check_id = c.id WHERE c.name = 'registration' AND s.veil <> '') AS hidden
    WHERE is_believed OR veil LIKE 'manager interface: %' ORDER BY id"""

#: So many of the things are named of which a message does not speak; the last of them, too, if it alone were left.
NAMED_OTHERS = 3

# Of those that are told of: over the years, most incidents are explained by another.
_EXPLAINING = """SELECT i.id FROM incidents i WHERE i.telling
    AND EXISTS (SELECT 1 FROM incidents smaller WHERE smaller.explained_by = i.id)"""

_EXPLAINED = """WITH RECURSIVE smaller (id) AS (
        SELECT id FROM incidents WHERE explained_by = :id
        UNION SELECT i.id FROM smaller JOIN incidents i ON i.explained_by = smaller.id)
    SELECT incidents.* FROM smaller JOIN incidents ON incidents.id = smaller.id
    WHERE incidents.id <> :id ORDER BY incidents.id"""

#: The gravest first.
_SEVERITIES, _KINDS = [str(severity) for severity in Severity], [str(kind) for kind in Kind]

#: Where several rows of one incident would say the same, the first of these speaks for all.
_SPEAKS_FIRST = (
    Reason.OPENED,
    Reason.ESCALATED,
    Reason.WIDENED,
    Reason.CHANGED,
    Reason.FLAPPING,
    Reason.STABLE,
    Reason.RESOLVED,
    Reason.ENDED,
    Reason.ACKNOWLEDGED,
    Reason.REMINDER,
    Reason.LONG_GONE,
    Reason.RESTARTED,
    Reason.NOTED,
)


class ClaimedRow(Struct, frozen=True):
    """One line of a message: what is told about one incident, with the facts as they were at claiming."""

    notification_id: int
    reason: Reason
    says: Said
    incident: Incident
    #: The same may have arrived already: an earlier attempt ended without a result.
    possibly_repeated: bool
    #: The smaller incidents that this one explains, and those that these explain.
    explained: tuple[Incident, ...] = ()
    #: Those of them that last, and of which this URL was told, or is told in this message; of a group: once it is over.
    told: frozenset[int] = frozenset()
    #: Other checks of the same endpoint that are not well yet, as far as that is known, though it can be reached again;
    #: of a group: of all its endpoints.
    not_back: tuple[Incident, ...] = ()
    #: Open incidents of which this message does not speak, that no bigger open one explains, and that may be told of;
    #: the worst of them, and what the rest are.
    others_down: int = 0
    others: tuple[Incident, ...] = ()
    others_unnamed: tuple[Kind, ...] = ()
    #: What the caller ids of these endpoints call them.
    caller_names: Mapping[Target, str] = field(default_factory=dict)
    #: For an on-call service only: what it knows the incident by, the same for ever; and how urgent it was at first.
    key: str = ""
    first_severity: Severity | None = None
    #: Notifications of other incidents that end with this message, and have no line in it: the same lasts anew.
    ends: tuple[int, ...] = ()
    #: Its reader knows of it; told again because somebody has to have the registration tried again.
    is_known: bool = False
    #: The endpoints that can be reached again with this, and of which nobody knows whether they are registered.
    unknown_registrations: tuple[Target, ...] = ()


class Claim(Struct, frozen=True):
    """What one message must tell one URL. ``id`` counts the claims of this URL."""

    id: int
    url_id: str
    rows: tuple[ClaimedRow, ...]
    #: Other channels that should tell the same, and cannot.
    failing: tuple[FailingChannel, ...] = ()
    #: Addresses of this URL that refused the beginning of what is told to be over: they are asked about by themselves.
    unaware: frozenset[str] = frozenset()
    #: By how much the wall clock was ahead of healthmon's own time when these facts were read.
    ahead: float = 0.0


class Line(Struct, frozen=True):
    """A row that is to be sent."""

    id: int
    reason: Reason
    says: Said
    incident: Incident
    #: What earlier attempts may have said.
    in_doubt: Said | None
    #: The row in whose line of the message it is contained; 0: it has a line of its own.
    within: int = 0
    #: Its reader knows of it; told again because somebody has to have the registration tried again.
    is_known: bool = False


class Choice(Struct, frozen=True):
    """What becomes of the rows that are due: lines of the message, and rows that have nothing to say (with why)."""

    lines: tuple[Line, ...] = ()
    cancelled: tuple[tuple[int, str], ...] = ()

    def __add__(self, other: Choice) -> Choice:
        """Take both."""
        return Choice.all_of((self, other))

    @classmethod
    def all_of(cls, choices: Collection[Choice]) -> Choice:
        """Take all, thousands too."""
        lines = chain.from_iterable(choice.lines for choice in choices)
        return cls(tuple(lines), tuple(chain.from_iterable(choice.cancelled for choice in choices)))


def make_claim(
    session: Session,
    url_id: str,
    now: float,
    *,
    limit: int,
    joining: float,
    as_tickets: bool = False,
) -> Claim | None:
    """Mark what is due as being sent, and return it with its facts. Call it inside a writing transaction.

    ``as_tickets``: each row is an event of its own, so that nothing rides along, and each has a key.
    """
    timeline = session.timeline
    moment = timeline.stored(now)
    parameters = {"url_id": url_id, "now": moment, "moment": moment, "limit": limit, "as_tickets": as_tickets}
    due = session.rows(_DUE, parameters)
    if due and joining:
        due = session.rows(_DUE, {**parameters, "now": timeline.stored(now + joining)})
    choice = _choice(session, due, url_id, {})
    if choice.lines and not as_tickets:
        said = {line.incident.id: line.says for line in choice.lines}
        ended = _choice(session, session.rows(_RIDING_ALONG, parameters), url_id, said)
        choice += Choice(_ended_within(session, ended.lines, choice.lines, url_id), ended.cancelled)
    if as_tickets:
        choice = _known_there(session, choice, url_id)
    if choice == Choice():
        # Nothing is written, so that the engine is not made to look.
        return None
    session.execute(_COUNT_CLAIM, parameters)
    claim_id = session.value("SELECT claims FROM urls WHERE url_id = :url_id", parameters)
    _book(session, choice, claim_id, moment)
    if not choice.lines:
        return None
    failing = channels_that_fail(session, url_id, (line.incident.id for line in choice.lines), now)
    rows = _with_ends(with_facts(session, [line for line in choice.lines if not line.within], url_id, now), choice)
    if as_tickets:
        return Claim(claim_id, url_id, with_keys(session, rows, url_id), failing, ahead=timeline.shift)
    unaware = set[str]()
    for row in rows:
        if row.says is Said.UP:
            refused = session.rows(_REFUSED, {"incident_id": row.incident.id, "url_id": url_id})
            unaware.update(address for (address,) in refused)
    return Claim(claim_id, url_id, rows, failing, frozenset(unaware), timeline.shift)


def _ended_within(session: Session, ended: Sequence[Line], beside: Sequence[Line], url_id: str) -> tuple[Line, ...]:
    """Give no line of its own to what lasts again, and is told: "no longer watched" would contradict that."""
    told = {(line.incident.target, line.incident.check): line.id for line in beside}
    lines: list[Line] = []
    for line in ended:
        within = told.get((line.incident.target, line.incident.check), 0)
        if not within and session.row(_TOLD_ANEW, {"id": line.incident.id, "url_id": url_id}) is not None:
            within = beside[0].id
        lines.append(replace(line, within=within))
    return tuple(lines)


def _known_there(session: Session, choice: Choice, url_id: str) -> Choice:
    """Leave out what speaks of a ticket that has the key of an earlier version: the service knows no other."""
    lines: list[Line] = []
    cancelled = list(choice.cancelled)
    for line in choice.lines:
        opens_it = line.says is not Said.UP and line.reason is not Reason.ACKNOWLEDGED
        about = {"incident_id": line.incident.id, "url_id": url_id}
        if opens_it or session.value(_HAS_TICKET, about):
            lines.append(line)
        else:
            cancelled.append((line.id, "its ticket was opened before the upgrade: resolve it there by hand"))
    return Choice(tuple(lines), tuple(cancelled))


def _choice(session: Session, rows: list[Stored], url_id: str, said_with_it: Mapping[int, Said]) -> Choice:
    """``said_with_it``: what the same message says already."""
    chosen: list[Choice] = []
    for number, of_incident in groupby(rows, key=itemgetter("incident_id")):
        newest = session.row(_NEWEST_SAID, {"incident_id": number, "url_id": url_id})
        said, told_size = said_with_it.get(number), 0
        if newest is not None:
            said, told_size = said or Said(newest["said"]), newest["size"]
        chosen.append(choose(read_incident(session, number), list(of_incident), said, told_size))
    return Choice.all_of(chosen)


def choose(
    incident: Incident, rows: Iterable[Mapping[str, object] | Stored], said: Said | None, told_size: int
) -> Choice:
    """Decide what the due rows of one incident say, in the order of booking; one line at most remains.

    ``said`` is the newest that was delivered or is in doubt at this URL, with ``told_size`` of a group down.
    """
    speaking: list[Line] = []
    silent: list[tuple[int, str]] = []
    # That it is as it was told is worth a message if what explained it is over, or somebody must act.
    has_more_to_say = incident.was_explained or asks_for_help(incident.cause)
    for row in rows:
        number, reason, doubt = int(str(row["id"])), Reason(str(row["reason"])), row["in_doubt"]
        would_say = says(reason, incident, said)
        is_no_change = reason is Reason.CHANGED and would_say is said
        is_no_wider = reason is Reason.WIDENED and not is_wider(incident, told_size)
        is_stale = is_no_wider or (is_no_change and not has_more_to_say)
        if would_say is None or (is_stale and not doubt):
            silent.append((number, _why_nothing(incident, said)))
        else:
            is_known = is_no_change and not doubt and asks_for_help(incident.cause)
            said = would_say
            in_doubt = None
            if doubt:
                in_doubt = Said(str(doubt))
            speaking.append(Line(number, reason, would_say, incident, in_doubt, is_known=is_known))
    if not speaking:
        return Choice((), tuple(silent))
    return _speak_once(speaking) + Choice((), tuple(silent))


def _speak_once(speaking: Sequence[Line]) -> Choice:
    """Let one row speak for all: of those that say what the last one says, the weightiest."""
    candidates = [line for line in speaking if line.says == speaking[-1].says]
    chosen = min(candidates, key=lambda line: _SPEAKS_FIRST.index(line.reason))
    doubt = next((line.in_doubt for line in reversed(speaking) if line.in_doubt), None)
    line = Line(chosen.id, chosen.reason, chosen.says, chosen.incident, doubt, is_known=chosen.is_known)
    others = (other.id for other in speaking if other.id != chosen.id)
    return Choice((line,), tuple((number, f"told together with: {chosen.reason}") for number in others))


def _why_nothing(incident: Incident, said: Said | None) -> str:
    if incident.is_open:
        return "no longer so"
    if said is None and incident.muted_by:
        return f"over, and nobody was told: {incident.muted_by}"
    if said is None:
        return "over before anybody was told"
    if said.is_bad:
        return "over meanwhile"
    return "its end has been told already"


def _book(session: Session, choice: Choice, claim_id: int, now: float) -> None:
    session.execute_many(_CANCEL, [{"id": number, "why": why, "now": now} for number, why in choice.cancelled])
    session.execute_many(
        _SEND,
        [
            {
                "id": line.id,
                "claim": claim_id,
                "now": now,
                "says": line.says,
                "in_doubt": line.in_doubt,
                "size": line.incident.down,
                "severity": line.incident.severity,
            }
            for line in choice.lines
        ],
    )


def with_facts(session: Session, lines: Sequence[Line], url_id: str, now: float) -> tuple[ClaimedRow, ...]:
    """Return what is to be sent, with the facts of this moment."""
    explaining = {row["id"] for row in session.execute(_EXPLAINING)}
    explained: dict[int, tuple[Incident, ...]] = {line.incident.id: () for line in lines}
    for number in explaining & explained.keys():
        # Also what is explained by a group that it explains.
        rows = session.rows(_EXPLAINED, {"id": number})
        explained[number] = tuple(INCIDENTS.of(row, session.timeline) for row in rows)
    # A group that lasts is told as a whole: who knows which of its thousands is asked of no one.
    asked = (line.incident for line in lines if not (line.incident.is_open and line.incident.kind.is_group))
    lasting = {smaller.id for incident in asked for smaller in explained[incident.id] if smaller.is_open}
    told = {number for number in lasting if _knows_of(session, number, url_id)}
    not_back = _not_back(session, lines, explained)
    unknown_registrations = _unknown_registrations(session, lines, explained)
    spoken_of = {line.incident.id for line in lines} | told
    spoken_of |= {left.id for lefts in not_back.values() for left in lefts}
    others = [row for row in _others(session, url_id) if row["id"] not in spoken_of]
    # What this channel did not take yet may be what it refuses, by its very name: it must not spoil the others.
    here = {line.incident.target for line in lines}
    may_be_named = [row for row in others if not row["is_undelivered"] or target_of(row) in here]
    most = NAMED_OTHERS
    if len(others) == len(may_be_named) == NAMED_OTHERS + 1:
        most = len(others)
    worst = nsmallest(most, may_be_named, key=_weight)
    named = tuple(read_incident(session, row["id"]) for row in worst)
    named_numbers = {incident.id for incident in named}
    unnamed = tuple(Kind(row["kind"]) for row in others if row["id"] not in named_numbers)
    told_of = (*named, *(line.incident for line in lines), *chain.from_iterable(explained.values()))
    caller_names = _caller_names(session, told_of)
    return tuple(
        ClaimedRow(
            notification_id=line.id,
            reason=line.reason,
            says=line.says,
            incident=with_unseen(session, with_degraded_since(session, line.incident), now),
            possibly_repeated=line.in_doubt is not None,
            explained=explained[line.incident.id],
            told=frozenset(smaller.id for smaller in explained[line.incident.id] if smaller.id in told),
            not_back=not_back.get(line.incident.id, ()),
            is_known=line.is_known,
            unknown_registrations=unknown_registrations.get(line.incident.id, ()),
            others_down=len(others),
            others=named,
            others_unnamed=unnamed,
            caller_names=caller_names,
        )
        for line in lines
    )


def _not_back(
    session: Session, lines: Sequence[Line], explained: Mapping[int, tuple[Incident, ...]]
) -> dict[int, tuple[Incident, ...]]:
    """What is not well yet of that which can be reached again, and has no line of its own; by what is over."""
    ended = (line.incident for line in lines if line.incident.ending in GOOD_ENDINGS)
    over = [incident for incident in ended if incident.is_of_reachability]
    if not over:
        return {}
    here = {line.incident.id for line in lines}
    left = [INCIDENTS.of(row, session.timeline) for row in session.rows(_LEFT_BESIDE)]
    found: dict[int, tuple[Incident, ...]] = {}
    for incident in over:
        of_it = {smaller.target for smaller in explained[incident.id]} | {incident.target}
        lefts = tuple(other for other in left if other.target in of_it and other.id not in here)
        if lefts:
            found[incident.id] = lefts
    return found


def _unknown_registrations(
    session: Session, lines: Sequence[Line], explained: Mapping[int, tuple[Incident, ...]]
) -> dict[int, tuple[Target, ...]]:
    """The endpoints that can be reached again while their registrations cannot be seen, by what is over.

    With a PBX that can be seen again these are all that it has, if its manager interface is away for longer: it is
    connected to anew after each restart of Asterisk.
    """
    ended = (line.incident for line in lines if line.incident.ending in GOOD_ENDINGS)
    over = [incident for incident in ended if incident.is_of_reachability or incident.check == Check.CONNECTION]
    if not over:
        return {}
    rows = list(session.rows(_UNKNOWN_REGISTRATIONS))
    unknown = [target_of(row) for row in rows]
    believed = {target_of(row) for row in rows if row["is_believed"]}
    found: dict[int, tuple[Target, ...]] = {}
    for incident in over:
        back = {incident.target}
        back |= {part.target for part in explained[incident.id] if part.is_of_reachability and not part.is_open}
        if incident.check == Check.CONNECTION:
            back = {target for target in believed if target.pbx == incident.target.pbx}
        found[incident.id] = tuple(target for target in unknown if target in back)
    return found


def _caller_names(session: Session, incidents: Iterable[Incident]) -> dict[Target, str]:
    """What people call the endpoints of these incidents, as far as their caller ids tell."""
    return read_caller_names(session, {incident.target for incident in incidents if incident.target.is_endpoint})


def _with_ends(rows: Iterable[ClaimedRow], choice: Choice) -> tuple[ClaimedRow, ...]:
    """Give the rows of a message what ends with them without a line of its own."""
    ends: dict[int, list[int]] = defaultdict(list)
    for line in choice.lines:
        ends[line.within].append(line.id)
    return tuple(replace(row, ends=tuple(ends[row.notification_id])) for row in rows)


def _others(session: Session, url_id: str) -> Iterator[Stored]:
    """What is down, and nothing open explains. Of what is behind a PBX that cannot be seen nobody knows how it is."""
    unseen = {pbx for (pbx,) in session.rows(_UNSEEN_PBXS)}
    for row in session.execute(_UNEXPLAINED, {"url_id": url_id}):
        if row["pbx"] not in unseen or not row["resource"] or row["check_name"] in SEEN_PAST_ARI:
            yield row


def _weight(row: Stored) -> tuple[int, bool, int, int]:
    """Put what matters most first: what is down before what works in part, providers before phones."""
    works_in_part = row["health"] == Health.DEGRADED or row["check_name"] in PARTIAL_CHECKS
    return _SEVERITIES.index(row["severity"]), works_in_part, _KINDS.index(row["kind"]), row["id"]


def with_keys(session: Session, rows: Iterable[ClaimedRow], url_id: str) -> tuple[ClaimedRow, ...]:
    """Give rows the key of their incident. It is made of what never changes, whoever sets the clock."""
    keyed = []
    for row in rows:
        about = {"incident_id": row.incident.id, "url_id": url_id}
        [(identity, opened_at)] = session.rows(_KEY, about)
        first, severity = session.row(_FIRST_SEVERITY, about), row.incident.severity
        if first is not None:
            severity = Severity(first["severity"])
        key = f"healthmon-{identity}-{row.incident.id}-{opened_at:.0f}"
        keyed.append(replace(row, key=key, first_severity=severity))
    return tuple(keyed)


def lasting_tickets(session: Session, url_id: str) -> tuple[ClaimedRow, ...]:
    """Read the open incidents that this URL was told of, with their keys."""
    incidents = [INCIDENTS.of(row, session.timeline) for row in session.rows(_OPEN)]
    caller_names = _caller_names(session, incidents)
    rows = (
        ClaimedRow(
            0,
            Reason.OPENED,
            says(Reason.OPENED, incident, None) or Said.DOWN,
            incident,
            possibly_repeated=False,
            caller_names=caller_names,
        )
        for incident in incidents
        if _knows_of(session, incident.id, url_id)
    )
    return with_keys(session, rows, url_id)


def _knows_of(session: Session, incident_id: int, url_id: str) -> bool:
    """Whether this URL was told, or is told in this message, that an incident lasts."""
    newest = session.row(_NEWEST_SAID, {"incident_id": incident_id, "url_id": url_id})
    return newest is not None and Said(newest["said"]).is_bad
