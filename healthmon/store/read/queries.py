"""Read-only questions of the commands: what is believed, and what happened.

A reader creates and changes no file, so that any user of the daemon's group may ask, while the daemon runs and after
it has stopped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
from msgspec import DecodeError, Struct
from msgspec.structs import asdict

from healthmon.history.measurements import Measured, Summary
from healthmon.model import (
    EVENTS_OF_A_PBX,
    IDLE,
    CheckState,
    DisplayNames,
    EndpointSettings,
    Freshness,
    Incident,
    Kind,
    Note,
    PbxState,
    Place,
    PlacePeriod,
    Reason,
    Restart,
    Silence,
    Target,
    Transition,
    UnknownPeriod,
    UrlState,
    Workload,
)
from healthmon.store.codec import target_of, target_row
from healthmon.store.read.buckets import measured_of_target, newest_measured
from healthmon.store.read.histories import (
    TargetHistory,
    read_history,
    read_last_changes,
    read_life,
    read_unknown_of_pbxs,
)
from healthmon.store.read.incident_lists import (
    StoredIncidents,
    Wanted,
    count,
    count_causes,
    count_groups_alone,
    newest,
    numbered,
    of_sites,
)
from healthmon.store.read.known_targets import KnownTarget, read_known
from healthmon.store.read.meters import Meters
from healthmon.store.read.newest_reports import ReportFacts, read_newest_reports
from healthmon.store.read.remembered import (
    SENDING_SINCE,
    read_caller_names,
    read_freshness,
    read_outbound_auth,
    read_pbx_states,
    read_places,
    read_settings,
    read_states,
    read_states_of,
)
from healthmon.store.read.unseen import WAITS_FOR_SIGHT, with_unseen
from healthmon.store.rows import INCIDENTS, NOTES, REASONS, RESTARTS, SILENCES, URLS, place_period_of
from healthmon.store.schema import INSTANCE
from healthmon.store.session import Session
from healthmon.store.sqlite.connect import Stored, give_up_after, never_give_up
from healthmon.store.sqlite.hindrance import Hindrance, look_for_hindrance
from healthmon.store.sqlite.lock import LockFacts
from healthmon.store.sqlite.readonly import connect_reader
from healthmon.times.spans import Span
from healthmon.watchdog.pulse import has_stopped_committing

__all__ = [
    "DaemonFacts",
    "Hindrance",
    "KnownTarget",
    "NotificationRecord",
    "Reader",
    "ReportFacts",
    "StoredIncidents",
    "TargetHistory",
    "UrlFacts",
    "Wanted",
    "open_reader",
]

_WORKLOADS = msgspec.json.Decoder(Workload)


class DaemonFacts(Struct, frozen=True):
    """What is known of the daemon. ``is_running``: it seems to; whether it is stuck, or was killed, ``alive_at`` tells.

    ``hindrance``: why it is probably stuck, as far as that can be seen from outside.
    """

    alive_at: float | None
    started_at: float | None
    version: str
    pid: int | None
    is_running: bool
    hindrance: Hindrance | None = None
    workload: Workload = IDLE


class Recipient(Struct, frozen=True):
    """An address of a URL that does not take messages at present, while others do: "address 2 in to="."""

    place: str
    since: float
    why: str
    #: The mail server does not know it; else it may take them later.
    is_final: bool


class UrlFacts(UrlState, frozen=True):
    """How delivery to one receiver URL stands, for people. ``attempts`` count from the first failure."""

    attempts: int = 0
    #: Rows that wait or are being sent.
    waiting: int = 0
    #: Rows that wait until somebody can see whether their outages last.
    waiting_for_sight: int = 0
    #: Its quiet time as it was last noted: until when, perhaps in the past, and which severities are told all the same.
    quiet_until: float | None = None
    quiet_except: tuple[str, ...] = ()
    #: Addresses that do not take messages at present.
    recipients: tuple[Recipient, ...] = ()


class Missing(Struct, frozen=True):
    """What became of a message for one address that did not take it with the others of its URL."""

    incident_id: int
    url_id: str
    place: str
    reason: Reason
    state: str
    booked_at: float
    at: float | None
    attempts: int
    why: str


class NotificationRecord(Struct, frozen=True):
    """What became of one booking to tell somebody. ``at`` is when it ended, None: it has not."""

    incident_id: int
    url_id: str
    reason: Reason
    state: str
    booked_at: float
    at: float | None
    attempts: int
    why: str
    subject: str
    #: It waits for the end of its URL's quiet time.
    is_quiet: bool = False
    #: It waits until somebody can see whether its outage lasts.
    is_out_of_sight: bool = False


INCIDENTS_IN_WINDOW = f"""SELECT * FROM incidents WHERE closed_at IS NULL AND opened_at < :until
    UNION ALL SELECT * FROM incidents WHERE closed_at > :since AND opened_at < :until
    AND check_name NOT IN {EVENTS_OF_A_PBX}
    ORDER BY opened_at, id"""  # noqa: S608 (a word of ours)

INCIDENTS_OF_TARGET = """SELECT * FROM incidents WHERE pbx = :pbx AND technology = :technology AND resource = :resource
    AND opened_at < :until AND (closed_at IS NULL OR closed_at > :since) ORDER BY opened_at, id"""

FLAPS_IN_WINDOW = """SELECT pbx, technology, resource, check_name, opened_at, flap_episodes FROM incidents
    WHERE flap_episodes > 0 AND opened_at >= :since AND opened_at < :until"""


def open_reader(path: Path) -> Reader:
    """Open the database for reading. Raises a StoreError with one clear sentence where that cannot be done."""
    connection, lock = connect_reader(path)
    session = Session(path, connection)
    try:
        return Reader(session, lock)
    except BaseException:
        session.close()
        raise


class Reader:
    """All answers come from one moment: that of opening. Used by one thread; close it soon, the log grows meanwhile."""

    def __init__(self, session: Session, lock: LockFacts) -> None:
        self.path = session.path
        self._session = session
        self._lock = lock
        with session.errors_named():
            session.execute("BEGIN")
            self._timeline = session.read_timeline()

    def __enter__(self) -> Reader:
        """Close at the end."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        """Close the connection. A value that cannot be is named as damage, wherever it was looked at."""
        self.close()
        if isinstance(error, DecodeError):
            with self._session.errors_named():
                raise error

    def give_up_after(self, seconds: float) -> None:
        """Raise TookTooLong from what is asked so much later, until the moment is let go (seconds)."""
        give_up_after(self._session.connection, seconds)

    def end(self) -> None:
        """Let the moment go, and keep the connection."""
        never_give_up(self._session.connection)
        self._session.connection.rollback()

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def _rows(self, sql: str, parameters: dict[str, Any] | None = None) -> Iterator[Stored]:
        with self._session.errors_named():
            # Not "yield from": that would close what asks once the connection is closed, if somebody goes on no longer.
            for row in self._session.execute(sql, parameters or {}):  # noqa: UP028
                yield row

    # ---------------------------------------------------------------- now

    def daemon(self) -> DaemonFacts:
        """Say whether the daemon runs, and since when."""
        row = next(self._rows("SELECT * FROM daemon WHERE instance = :instance", {"instance": INSTANCE}))
        return DaemonFacts(
            alive_at=self._timeline.shown_or_none(row["alive_at"]),
            started_at=self._timeline.shown_or_none(row["started_at"]),
            version=row["version"],
            pid=self._lock.pid,
            is_running=self._lock.is_held,
            hindrance=look_for_hindrance(self.path, self._lock),
            workload=self._workload(row["workload"]),
        )

    def _workload(self, text: str) -> Workload:
        with self._session.errors_named():
            return _WORKLOADS.decode(text)

    def states(self) -> list[CheckState]:
        """Return what is believed of every check, ordered by target."""
        with self._session.errors_named():
            return list(read_states(self._session))

    def states_of(self, target: Target) -> list[CheckState]:
        """Return what is believed of the checks of one target."""
        with self._session.errors_named():
            return list(read_states_of(self._session, target))

    def pbx_states(self) -> list[PbxState]:
        """Return the state of every PBX, ordered by name."""
        with self._session.errors_named():
            return list(read_pbx_states(self._session))

    def freshness(self) -> list[Freshness]:
        """Return how fresh the view of every PBX is, ordered by name."""
        with self._session.errors_named():
            return list(read_freshness(self._session))

    def urls(self) -> list[UrlFacts]:
        """Return how delivery to every URL stands that was ever used, ordered by name."""
        rows = self._rows(
            f"""SELECT u.*, (SELECT COUNT(*) FROM notifications n WHERE n.url_id = u.url_id AND n.state = 'waiting')
                + (SELECT COUNT(*) FROM notifications n WHERE n.url_id = u.url_id AND n.state = 'sending') AS waiting,
                (SELECT COUNT(*) FROM notifications n JOIN incidents i ON i.id = n.incident_id
                    WHERE n.url_id = u.url_id AND {WAITS_FOR_SIGHT}) AS waiting_for_sight,
                {SENDING_SINCE}
            FROM urls u ORDER BY u.url_id"""  # noqa: S608 (a constant of ours)
        )
        recipients = self._recipients()
        return [
            UrlFacts(
                **asdict(URLS.of(row, self._timeline)),
                attempts=row["attempts"],
                waiting=row["waiting"],
                waiting_for_sight=row["waiting_for_sight"],
                quiet_until=self._timeline.shown_or_none(row["quiet_until"]),
                quiet_except=tuple(row["quiet_except"].split()),
                recipients=tuple(recipients.get(row["url_id"], ())),
            )
            for row in rows
        ]

    def _recipients(self) -> dict[str, list[Recipient]]:
        found: dict[str, list[Recipient]] = {}
        for row in self._rows("SELECT * FROM recipients ORDER BY url_id, place"):
            since = self._timeline.shown(row["failing_since"])
            recipient = Recipient(row["place"], since, row["last_error"], bool(row["is_final"]))
            found.setdefault(row["url_id"], []).append(recipient)
        return found

    # ---------------------------------------------------------------- incidents

    def open_incidents(self) -> list[Incident]:
        """Return what lasts, oldest first."""
        rows = self._rows("SELECT * FROM incidents WHERE closed_at IS NULL ORDER BY opened_at, id")
        return [INCIDENTS.of(row, self._timeline) for row in rows]

    def incidents(self, since: float, until: float) -> list[Incident]:
        """Return the incidents that overlap a window, oldest first."""
        return [
            INCIDENTS.of(row, self._timeline) for row in self._rows(INCIDENTS_IN_WINDOW, self._window(since, until))
        ]

    def count_incidents(self, wanted: Wanted) -> int:
        """Count the incidents that are wanted."""
        with self._session.errors_named():
            return count(self._session, wanted)

    def count_causes(self, wanted: Wanted) -> int:
        """Count what the outages of single targets go back to: those of a dead site are one."""
        with self._session.errors_named():
            return count_causes(self._session, wanted)

    def count_groups_alone(self, wanted: Wanted, *, without_maintenance: bool = False) -> int:
        """Count the outages of sites and lines to the world to which none of a single target goes back."""
        with self._session.errors_named():
            return count_groups_alone(self._session, wanted, without_maintenance=without_maintenance)

    def newest_incidents(self, wanted: Wanted, most: int | None = None) -> list[Incident]:
        """Return the incidents that are wanted, the newest first; at most so many."""
        with self._session.errors_named():
            numbers = newest(self._session, wanted, most)
            return list(numbered(self._session, wanted, numbers))

    def stored_incidents(self, wanted: Wanted) -> StoredIncidents:
        """Return all incidents that are wanted, the newest first, to be read once this reader is closed."""
        with self._session.errors_named():
            return StoredIncidents(self._session, wanted, newest(self._session, wanted))

    def site_incidents(self, wanted: Wanted) -> Iterator[Incident]:
        """Stream the incidents of sites that are wanted, in no order."""
        with self._session.errors_named():
            yield from of_sites(self._session, wanted)

    def incidents_of(self, target: Target, since: float, until: float) -> list[Incident]:
        """Return the incidents of one target that overlap a window, oldest first."""
        rows = self._rows(INCIDENTS_OF_TARGET, {**self._window(since, until), **target_row(target)})
        return [INCIDENTS.of(row, self._timeline) for row in rows]

    def with_unseen(self, incident: Incident, now: float) -> Incident:
        """Return an incident with the time that nobody saw of it, up to its end or to now."""
        with self._session.errors_named():
            alive_at, nobody_since = self.daemon().alive_at, None
            is_daemon_gone = not self._lock.is_held or (
                not self._lock.is_seen and has_stopped_committing(alive_at, now)
            )
            if is_daemon_gone:
                nobody_since = alive_at
            return with_unseen(self._session, incident, now, nobody_since)

    def flaps(self, since: float, until: float) -> list[tuple[Target, float, str, int]]:
        """Return what flapped: the target, when its incident opened, within a window, its check, how often it began."""
        rows = self._rows(FLAPS_IN_WINDOW, self._window(since, until))
        return [
            (target_of(row), self._timeline.shown(row["opened_at"]), row["check_name"], row["flap_episodes"])
            for row in rows
        ]

    def restarts(self, since: float, until: float, pbx: str | None = None) -> list[Restart]:
        """Return the restarts of Asterisk in a window, those of one PBX or of all, oldest first."""
        rows = self._rows(
            """SELECT * FROM restarts WHERE at >= :since AND at < :until AND (:pbx IS NULL OR pbx = :pbx)
            ORDER BY at, id""",
            {**self._window(since, until), "pbx": pbx},
        )
        return [RESTARTS.of(row, self._timeline) for row in rows]

    def incident(self, number: int) -> Incident | None:
        """Return the incident of this number, or None."""
        rows = self._rows("SELECT * FROM incidents WHERE id = :id", {"id": number})
        return next((INCIDENTS.of(row, self._timeline) for row in rows), None)

    def last_incident_number(self) -> int:
        """Return the highest number that an incident has had; 0: there was none."""
        [row] = self._rows("SELECT COALESCE(MAX(id), 0) AS number FROM incidents")
        return int(row["number"])

    def explained(self, number: int) -> list[Incident]:
        """Return the incidents that a bigger one explains, or explained at their end, oldest first."""
        rows = self._rows("SELECT * FROM incidents WHERE explained_by = :number ORDER BY id", {"number": number})
        return [INCIDENTS.of(row, self._timeline) for row in rows]

    def notes(self, incident_id: int) -> list[Note]:
        """Return the decisions about an incident that left no message, in the order of booking."""
        rows = self._rows("SELECT * FROM incident_notes WHERE incident_id = :id ORDER BY id", {"id": incident_id})
        return [NOTES.of(row, self._timeline) for row in rows]

    def silences(self, after: float) -> list[Silence]:
        """Return the silences that were not over at a time, oldest first."""
        rows = self._rows(
            "SELECT * FROM silences WHERE until > :after ORDER BY id", {"after": self._timeline.stored(after)}
        )
        return [SILENCES.of(row, self._timeline) for row in rows]

    def places(self, target: Target) -> list[PlacePeriod]:
        """Return where the contacts of an endpoint were, and when, oldest first."""
        rows = self._rows(
            """SELECT * FROM contacts WHERE pbx = :pbx AND technology = :technology AND resource = :resource
            ORDER BY since, id""",
            target_row(target),
        )
        return [place_period_of(row, self._timeline) for row in rows]

    def last_places(self) -> dict[Target, tuple[Place, ...]]:
        """Return where the contacts of each endpoint were seen last, the newest at the end."""
        with self._session.errors_named():
            return read_places(self._session)

    def settings(self) -> dict[Target, EndpointSettings]:
        """Return what Asterisk's configuration says of each endpoint, as it was read last."""
        with self._session.errors_named():
            return {settings.target: settings for settings in read_settings(self._session)}

    def with_outbound_auth(self, pbxs: Iterable[str]) -> frozenset[Target]:
        """Return the endpoints of these PBXs that have an ``outbound_auth``, as their settings were read last."""
        with self._session.errors_named():
            return read_outbound_auth(self._session, pbxs)

    def names(self, given: Mapping[str, str], wanted: Collection[Target] | None = None) -> DisplayNames:
        """Return what people call endpoints, at least those that are wanted (None: all).

        It is what the configuration says (``given``), else the name in the caller id.
        """
        with self._session.errors_named():
            return DisplayNames(given, read_caller_names(self._session, wanted))

    def newest_measured(self, check: str, metric: str, since: float) -> dict[Target, Summary]:
        """Return what was measured of each target's check in the full hours from ``since`` on, and in this one."""
        with self._session.errors_named():
            return newest_measured(self._session, check, metric, since)

    def measured_of(self, target: Target, since: float, until: float) -> dict[str, Measured]:
        """Return what was measured of each check of a target in a window, to the minute where that is still kept."""
        with self._session.errors_named():
            return measured_of_target(self._session, target, since, until)

    def silences_within(self, since: float, until: float) -> list[Silence]:
        """Return the silences that reach into a window, oldest first."""
        rows = self._rows(
            "SELECT * FROM silences WHERE until > :since AND since < :until ORDER BY id", self._window(since, until)
        )
        return [SILENCES.of(row, self._timeline) for row in rows]

    def tellings(self, incident_id: int) -> list[NotificationRecord]:
        """Return who was told what about an incident, or why not, in the order of booking."""
        rows = self._rows(
            f"""SELECT n.*, n.state = 'waiting' AND u.quiet_until IS NOT NULL
                AND u.quiet_except NOT LIKE '%' || i.severity || '%' AS is_quiet,
                {WAITS_FOR_SIGHT} AS is_out_of_sight
            FROM notifications n JOIN incidents i ON i.id = n.incident_id LEFT JOIN urls u ON u.url_id = n.url_id
            WHERE n.incident_id = :incident_id ORDER BY n.id""",  # noqa: S608 (constants of ours)
            {"incident_id": incident_id},
        )
        return [
            NotificationRecord(
                incident_id=row["incident_id"],
                url_id=row["url_id"],
                reason=REASONS[row["reason"]],
                state=row["state"],
                booked_at=self._timeline.shown(row["booked_at"]),
                at=self._timeline.shown_or_none(row["finished_at"]),
                attempts=row["attempts"],
                why=row["why"],
                subject=row["subject"],
                is_quiet=bool(row["is_quiet"]),
                is_out_of_sight=bool(row["is_out_of_sight"]),
            )
            for row in rows
        ]

    def missed(self, incident_id: int) -> list[Missing]:
        """Return which addresses missed a message about an incident that others of their URL have."""
        rows = self._rows(
            """SELECT m.*, n.reason, n.incident_id FROM notifications n JOIN missed m ON m.notification_id = n.id
            WHERE n.incident_id = :incident_id ORDER BY m.id""",
            {"incident_id": incident_id},
        )
        return [
            Missing(
                incident_id=row["incident_id"],
                url_id=row["url_id"],
                place=row["place"],
                reason=REASONS[row["reason"]],
                state=row["state"],
                booked_at=self._timeline.shown(row["booked_at"]),
                at=self._timeline.shown_or_none(row["finished_at"]),
                attempts=row["attempts"],
                why=row["why"],
            )
            for row in rows
        ]

    def silences_to_show(self, since: float, until: float) -> list[Silence]:
        """Return the silences that reach into a window and that whoever asks may know of, oldest first."""
        return self.silences_within(since, until)

    # ---------------------------------------------------------------- history

    def history(
        self,
        since: float,
        until: float,
        *,
        pbx: str | None = None,
        endpoint: str | None = None,
        watch: str | None = None,
        kind: Kind | None = None,
    ) -> Iterator[TargetHistory]:
        """Stream what happened to each check that was watched in a window, ordered by target.

        ``endpoint`` is a name or a shell pattern over names like ``PJSIP/101``; a PBX's own checks have the name "".
        """
        wanted = {**self._window(since, until), "pbx": pbx, "watch": watch, "kind": kind}
        with self._session.errors_named():
            for history in read_history(self._session, wanted):
                if endpoint is None or fnmatchcase(history.target.endpoint, endpoint):
                    yield history

    def life(self, target: Target, since: float, until: float) -> list[TargetHistory]:
        """Return what happened to each check of one target that was watched in a window."""
        with self._session.errors_named():
            wanted = {**self._window(since, until), **target_row(target)}
            return list(read_life(self._session, wanted))

    def last_changes(self, target: Target, most: int = 100) -> list[Transition]:
        """Return the last changes of all checks of one target, the newest first."""
        with self._session.errors_named():
            return list(read_last_changes(self._session, target, most))

    def history_of(self, target: Target, check: str, since: float, until: float) -> TargetHistory | None:
        """Return what happened to one check of one target in a window, or None: it was not watched."""
        return next((history for history in self.life(target, since, until) if history.check == check), None)

    def newest_reports(self) -> dict[str, ReportFacts]:
        """Return the newest report of each schedule, with what became of it."""
        with self._session.errors_named():
            return read_newest_reports(self._session)

    def known_targets(self) -> list[KnownTarget]:
        """Return everything of which there is any history: what was watched, then causes that have only incidents."""
        with self._session.errors_named():
            return list(read_known(self._session))

    def lasting(self, at: float) -> float:
        """Return a time as the database holds it: it stays the same when somebody sets the clock."""
        return self._timeline.stored(at)

    def left_out(self) -> list[Span]:
        """Return what the wall clock left out when it was set forward: nothing was there."""
        return self._timeline.left_out()

    def unknown_of_pbxs(self, since: float, until: float) -> dict[str, tuple[UnknownPeriod, ...]]:
        """Return, by PBX, when nothing behind it could be seen: it was blind, or healthmon was stopped."""
        with self._session.errors_named():
            return read_unknown_of_pbxs(self._session, self._window(since, until))

    def meters(self) -> Meters:
        """Return the questions about figures, asked of the same moment."""
        return Meters(self._session)

    def _window(self, since: float, until: float) -> dict[str, Any]:
        return {"since": self._timeline.stored(since), "until": self._timeline.stored(until)}
