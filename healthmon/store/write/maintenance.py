"""What an administrator does to the database while no daemon runs: prune it at once, give a PBX another name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from msgspec import Struct
from msgspec.structs import replace

from healthmon.errors import DatabaseLocked, DatabaseUnwritable, ExitCode, HealthmonError
from healthmon.store.rows import SILENCES
from healthmon.store.session import Session
from healthmon.store.sqlite.disk import free_bytes
from healthmon.store.sqlite.lock import Lock, look_at_lock
from healthmon.store.sqlite.pragmas import size_of
from healthmon.store.sqlite.readonly import refuse_missing
from healthmon.store.sqlite.space import can_shrink, rewrite, space_to_rewrite
from healthmon.store.write.orders import connect_to_write, refuse_reader
from healthmon.store.write.pruning import Cuts
from healthmon.store.write.writer import Writer

#: Rows of a batch when nobody waits.
PRUNED_AT_ONCE = 2_000

#: Every table that names PBXs.
TABLES_WITH_PBX = ("checks", "contacts", "freshness", "incidents", "pbx_states", "restarts", "settings")

#: What pruning removes, and what is said of it.
COUNTED = {"transitions": "change", "incidents": "incident"}


class RenameRefused(HealthmonError):
    """There is no PBX of the old name, or there is one of the new name."""

    exit_code = ExitCode.USAGE


class Pruned(Struct, frozen=True):
    """What pruning by hand did. Sizes are those of the file."""

    changes: int
    incidents: int
    size_before_bytes: int
    size_bytes: int
    #: Why the file did not get shorter; "" if it did all that it can.
    hint: str = ""


def open_for_maintenance(path: Path, now: float) -> Maintainer:
    """Take the database for oneself. Raises DatabaseLocked while a daemon runs, or another StoreError."""
    refuse_missing(path)
    refuse_reader(path)
    holder = look_at_lock(path)
    if holder.is_held:
        raise DatabaseLocked(path, f"the daemon (process {holder.pid or 'unknown'}) is using it; stop it first")
    lock = Lock(path)
    try:
        session = connect_to_write(path)
        try:
            return Maintainer(Writer(session, lock.release, now), session)
        except BaseException:
            session.close()
            raise
    except BaseException:
        lock.release()
        raise


class Maintainer:
    """The connection of one command that has the database for itself."""

    def __init__(self, writer: Writer, session: Session) -> None:
        #: What a daemon would do in its spare time is done through this.
        self.writer = writer
        self._session = session

    def __enter__(self) -> Maintainer:
        """Use it in a ``with`` statement."""
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Write the log back, and let a daemon in."""
        self.writer.close()

    # ---------------------------------------------------------------- pruning

    def last_alive_at(self) -> float | None:
        """Return until when the last daemon is known to have run; None: there was none."""
        with self._session.asking() as timeline:
            return timeline.shown_or_none(self._session.of_daemon("alive_at"))

    def prune(self, cuts: Cuts, on_step: Callable[[int], None]) -> Pruned:
        """Remove all history from before the cuts, and let the file get shorter. ``on_step`` gets the rows so far.

        What each day amounted to must have been read before: it is made from what goes.
        """
        size, counts = self._size(), self._counts()
        rows = 0
        while seen := self.writer.prune(cuts, PRUNED_AT_ONCE):
            rows += seen
            on_step(rows)
        hint = self._shrink()
        left = self._counts()
        changes, incidents = (counts[table] - left[table] for table in COUNTED)
        return Pruned(changes, incidents, size, self._size(), hint)

    def _shrink(self) -> str:
        """Write a file anew that cannot get shorter page by page; return why that was not done."""
        path = self._session.path
        if can_shrink(self._session.connection):
            return ""
        needed, free = space_to_rewrite(path), free_bytes(path.parent)
        if free < needed:
            return (
                f"to get shorter it must be written anew once, which takes {needed / 1e6:,.0f} MB of free space; "
                f"there are {free / 1e6:,.0f} MB"
            )
        try:
            rewrite(self._session.connection, path)
        except DatabaseUnwritable as error:
            return f"it could not be written anew: {error.what}"
        return ""

    def _size(self) -> int:
        with self._session.errors_named():
            return size_of(self._session.connection)

    def _counts(self) -> dict[str, int]:
        with self._session.errors_named():
            return {table: self._session.value(f"SELECT COUNT(*) FROM {table}") for table in COUNTED}  # noqa: S608 (ours)

    # ---------------------------------------------------------------- another name

    def rename_pbx(self, old: str, new: str) -> int:
        """Give all that is known of a PBX to another name; return how many checks that is about.

        Silences that name it exactly speak of the new name. Raises RenameRefused; then nothing is changed.
        """
        names = {"old": old, "new": new}
        with self._session.transaction():
            in_tables = " UNION ".join(f"SELECT pbx FROM {table}" for table in TABLES_WITH_PBX)  # noqa: S608 (ours)
            # Receivers' incidents are of no PBX.
            known = [row["pbx"] for row in self._session.execute(f"{in_tables} ORDER BY pbx") if row["pbx"]]
            if old not in known:
                raise RenameRefused(f"there is no PBX {old} in the database; {_there_are(known)}")
            if new in known:
                raise RenameRefused(f"there is a PBX {new} in the database already, with a history of its own")
            for table in TABLES_WITH_PBX:
                self._session.execute(f"UPDATE {table} SET pbx = :new WHERE pbx = :old", names)  # noqa: S608 (ours)
            self._rename_in_silences(old, new)
            return int(self._session.value("SELECT COUNT(*) FROM checks WHERE pbx = :new", names))

    def _rename_in_silences(self, old: str, new: str) -> None:
        timeline = self._session.timeline
        for row in self._session.rows("SELECT * FROM silences"):
            silence = SILENCES.of(row, timeline)
            if old in silence.matcher.pbxs:
                pbxs = tuple({old: new}.get(pbx, pbx) for pbx in silence.matcher.pbxs)
                matcher = replace(silence.matcher, pbxs=pbxs)
                renamed = SILENCES.row(replace(silence, matcher=matcher), timeline)
                self._session.execute("UPDATE silences SET matcher = :matcher WHERE id = :id", renamed)


def _there_are(names: list[str]) -> str:
    if not names:
        return "there is none"
    if len(names) == 1:
        return f"there is {names[0]}"
    return f"there are {', '.join(names)}"
