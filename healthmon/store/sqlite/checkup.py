"""Looks for damage: of the file, by SQLite's own check, and of what the rows say of each other, by our rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from itertools import chain
from pathlib import Path

from msgspec import Struct

from healthmon.errors import DatabaseUnwritable, ForeignDatabase, StoreError
from healthmon.store.schema import APPLICATION_ID, INSTANCE, MIGRATIONS, NO_END
from healthmon.store.sqlite.connect import errors_named, open_connection
from healthmon.store.sqlite.database import MAGIC, check_not_too_new, has_log, read_head, recognise_head, schema_version
from healthmon.store.sqlite.readonly import connect_to_look, refuse_missing, refuse_older

#: More damage of the file is not listed: its backup is needed.
MOST_FINDINGS = 20

#: What SQLite knows of.
_PAGE_SIZES = {2**power for power in range(9, 17)}

#: How SQLite keeps a value, by the kind of its column.
_KEPT_AS = {
    "INTEGER": "integer",
    "SMALLINT": "integer",
    "BOOLEAN": "integer",
    "DOUBLE PRECISION": "real",
    "TEXT": "text",
}

#: No time, and no number of seconds, is larger: the end of the year 9999, which is the last one that can be shown.
_LARGEST = 253_402_300_799.0

#: There will never be so many schemas; a number like this tells that something else stands where it should.
_SURELY_DAMAGED = 10_000

#: Called with what is being looked at.
OnStep = Callable[[str], None]


class Invariant(Struct, frozen=True):
    """What must hold for all rows: the words about those for which it does not, and the SQL that counts them."""

    broken: str
    count: str


def _belongs(table: str, column: str, parent: str, broken: str) -> Invariant:
    """Each row of a table names one of another."""
    return Invariant(
        f"{table}: {broken}",
        f"""SELECT COUNT(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = t.{column})""",  # noqa: S608 (names of ours)
    )


INVARIANTS = (
    _belongs("states", "check_id", "checks", "of a check that is not there"),
    _belongs("transitions", "check_id", "checks", "of a check that is not there"),
    _belongs("transitions", "cause", "words", "their cause has no words"),
    _belongs("veils", "check_id", "checks", "of a check that is not there"),
    _belongs("veils", "why", "words", "their reason has no words"),
    *(
        _belongs(table, "check_id", "checks", "of a check that is not there")
        for table in ("daily", "measurements", "measured_minutes", "measured_hours", "measured_days")
    ),
    _belongs("notifications", "incident_id", "incidents", "of an incident that is not there"),
    _belongs("missed", "notification_id", "notifications", "of a message that is not there"),
    _belongs("incident_notes", "incident_id", "incidents", "of an incident that is not there"),
    _belongs("report_deliveries", "report_id", "reports", "of a report that is not there"),
    _belongs("acknowledgements", "incident_id", "incidents", "of an incident that is not there"),
    Invariant(
        "daemon: its row is not there",
        f"SELECT 1 - COUNT(*) FROM daemon WHERE instance = {INSTANCE!r}",  # noqa: S608 (a word of ours)
    ),
    Invariant(
        "incidents: they last, and nobody would be told of their end",
        "SELECT COUNT(*) FROM incidents WHERE closed_at IS NULL AND NOT telling",
    ),
    Invariant(
        "veils: a check is veiled twice at once",
        f"""SELECT COUNT(*) FROM
        (SELECT check_id FROM veils WHERE until = {NO_END!r} GROUP BY check_id HAVING COUNT(*) > 1) AS twice""",  # noqa: S608
    ),
)


class Checkup(Struct, frozen=True):
    """What was found; nothing is good. ``schema`` is the number of the database's form; None: it cannot be read."""

    path: Path
    size_bytes: int
    schema: int | None
    findings: tuple[str, ...]


class Damaged(Exception):
    """Something is broken so badly that no more can be looked at. Its words are a finding."""


def check_up(path: Path, on_step: OnStep) -> Checkup:
    """Look through the whole database, as it is at this moment: whatever is wrong with the file is a finding.

    Raises a StoreError where there is none, it may not be read, or it is that of another program or version.
    """
    refuse_missing(path)
    schema: int | None = None
    try:
        _look_at_head(path)
        with closing(connect_to_look(path)) as connection, _damage_named(path):
            schema = _schema(connection, path)
            connection.execute("BEGIN")
            findings = tuple(_damage(connection, on_step)) or (
                *_wrong_values(connection, on_step),
                *_broken_rules(connection, on_step),
            )
    except Damaged as error:
        findings = (f"the file: {error}",)
    return Checkup(path, path.stat().st_size, schema, findings)


def why_unreadable(path: Path) -> ForeignDatabase | None:
    """Say which tables hold what nobody can read, once something could not be read; None: none does.

    That is looked at only then: to look at each value each time would make every command slower.
    """
    try:
        with closing(connect_to_look(path)) as connection:
            findings = [*_wrong_values(connection, _in_silence), *_broken_rules(connection, _in_silence)]
    except (sqlite3.Error, StoreError, OSError):
        return None
    if not findings:
        return None
    what = f"the file is damaged: {'; '.join(findings)}; healthmon db check looks through it, and a backup is needed"
    return ForeignDatabase(path, what)


def _in_silence(_what: str) -> None:
    """Nobody waits for it."""


def _look_at_head(path: Path) -> None:
    """Compare the first bytes of the file with what they should be, and its size with what they say."""
    head, size = read_head(path), path.stat().st_size
    if size == 0:
        raise Damaged("it is empty")
    if head.magic != MAGIC:
        raise Damaged("it does not begin as a database does: it is none, or its beginning was overwritten")
    if head.page_size not in _PAGE_SIZES:
        raise Damaged("its beginning was overwritten")
    if not has_log(path) and size < head.page_size * head.pages:
        raise Damaged(f"its end is missing: {size:,} of {head.page_size * head.pages:,} bytes are there")
    if head.application_id != APPLICATION_ID and not _has_our_tables(path):
        recognise_head(path)


def _has_our_tables(path: Path) -> bool:
    """Whether a file that says that it is another program's holds what is ours."""
    try:
        with closing(open_connection(path, "mode=ro&immutable=1")) as connection:
            names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return {"checks", "transitions", "incidents"} <= names


@contextmanager
def _damage_named(path: Path) -> Iterator[None]:
    """Take all that SQLite cannot make sense of for damage. A file whose tables have changed is damaged, too."""
    try:
        with errors_named(path):
            yield
    except ForeignDatabase as error:
        raise Damaged(error.what.replace("the file is", "it is", 1)) from error
    except DatabaseUnwritable as error:
        code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN):
            raise
        raise Damaged(f"it cannot be read (SQLite: {error.__cause__})") from error
    except sqlite3.Error as error:
        raise Damaged(f"it is damaged (SQLite: {error})") from error


def _schema(connection: sqlite3.Connection, path: Path) -> int:
    schema = schema_version(connection)
    if not 0 < schema < _SURELY_DAMAGED or read_head(path).application_id != APPLICATION_ID:
        raise Damaged("its beginning was overwritten")
    check_not_too_new(path, schema, len(MIGRATIONS))
    refuse_older(path, schema)
    return schema


def _damage(connection: sqlite3.Connection, on_step: OnStep) -> Iterator[str]:
    on_step("the file")
    for (finding,) in connection.execute(f"PRAGMA integrity_check({MOST_FINDINGS})"):
        if finding != "ok":
            # It names the database above what it found there, and there is only one.
            yield from (f"the file: {line}" for line in finding.splitlines() if line.strip() and line[0] != "*")


def _wrong_values(connection: sqlite3.Connection, on_step: OnStep) -> Iterator[str]:
    """Find values of another kind than their column's, or too large: SQLite takes them, and nobody can read them."""
    on_step("the kinds of values")
    for table, columns in _our_columns():
        wrong = " OR ".join(f"({_is_wrong(*column)})" for column in columns)
        count = connection.execute(f"SELECT COUNT(*) FROM {table} WHERE {wrong}").fetchone()[0]  # noqa: S608
        if count:
            yield f"{table}: values of another kind than they should be ({count:,})"


def _is_wrong(name: str, kind: str, is_needed: bool) -> str:
    """Write the condition under which nobody can read what a column holds."""
    wrong = f"typeof({name}) <> '{_KEPT_AS[kind]}'"
    if not is_needed:
        wrong = f"{name} IS NOT NULL AND {wrong}"
    if _KEPT_AS[kind] == "real":
        wrong = f"{wrong} OR abs({name}) > {_LARGEST!r} AND {name} <> {NO_END!r}"
    return wrong


def _our_columns() -> Iterator[tuple[str, list[tuple[str, str, bool]]]]:
    """Say which columns our tables have, and of which kind; there may be tables of somebody else."""
    with closing(sqlite3.connect(":memory:")) as model:
        for statement in chain.from_iterable(MIGRATIONS):
            model.execute(statement)
        tables = model.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            asked = 'SELECT name, type, "notnull" FROM pragma_table_info(:table)'
            yield table, model.execute(asked, {"table": table}).fetchall()


def _broken_rules(connection: sqlite3.Connection, on_step: OnStep) -> Iterator[str]:
    for rule in INVARIANTS:
        on_step(rule.broken.partition(":")[0])
        count = connection.execute(rule.count).fetchone()[0]
        if count:
            yield f"{rule.broken} ({count:,})"
