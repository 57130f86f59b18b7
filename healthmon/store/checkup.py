"""Looks for damage: of the file, by SQLite's own check, and of what the rows say of each other, by our rules."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from healthmon.errors import ForeignDatabase
from healthmon.store.connect import errors_named
from healthmon.store.database import recognise_head
from healthmon.store.lock import look_at_lock
from healthmon.store.readonly import connect_to_look, refuse_missing, refuse_older, schema_of
from healthmon.store.schema import NO_END

#: More damage of the file is not listed: its backup is needed.
MOST_FINDINGS = 20

#: Called with what is being looked at.
OnStep = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Rule:
    """What must hold for all rows: the words about those for which it does not, and the SQL that counts them."""

    broken: str
    count: str


def _belongs(table: str, column: str, parent: str, broken: str) -> Rule:
    """Each row of a table names one of another."""
    return Rule(
        f"{table}: {broken}",
        f"""SELECT COUNT(*) FROM {table} t WHERE NOT EXISTS (SELECT 1 FROM {parent} p WHERE p.id = t.{column})""",  # noqa: S608 (names of ours)
    )


RULES = (
    _belongs("states", "check_id", "checks", "of a check that is not there"),
    _belongs("transitions", "check_id", "checks", "of a check that is not there"),
    _belongs("transitions", "cause", "words", "their cause has no words"),
    _belongs("veils", "check_id", "checks", "of a check that is not there"),
    _belongs("veils", "why", "words", "their reason has no words"),
    *(
        _belongs(table, "check_id", "checks", "of a check that is not there")
        for table in ("daily", "round_trips", "rtt_minutes", "rtt_hours", "rtt_days")
    ),
    _belongs("notifications", "incident_id", "incidents", "of an incident that is not there"),
    _belongs("incident_notes", "incident_id", "incidents", "of an incident that is not there"),
    _belongs("report_deliveries", "report_id", "reports", "of a report that is not there"),
    _belongs("acknowledgements", "incident_id", "incidents", "of an incident that is not there"),
    Rule(
        "incidents: they last, and nobody would be told of their end",
        "SELECT COUNT(*) FROM incidents WHERE closed_at IS NULL AND NOT telling",
    ),
    Rule(
        "veils: a check is veiled twice at once",
        f"""SELECT COUNT(*) FROM
        (SELECT check_id FROM veils WHERE until = {NO_END!r} GROUP BY check_id HAVING COUNT(*) > 1) AS twice""",  # noqa: S608
    ),
)


@dataclass(frozen=True, slots=True)
class Checkup:
    """What was found; nothing is good. ``schema`` is the number of the database's form."""

    path: Path
    size_bytes: int
    schema: int
    findings: tuple[str, ...]


def check_up(path: Path, on_step: OnStep) -> Checkup:
    """Look through the whole database, as it is at this moment. Raises a StoreError where there is none of ours."""
    lock = look_at_lock(path)
    refuse_missing(path)
    recognise_head(path)
    with closing(connect_to_look(path, lock)) as connection:
        schema = schema_of(connection, path)
        refuse_older(path, schema)
        try:
            with errors_named(path):
                connection.execute("BEGIN")
                findings = tuple(_damage(connection, on_step)) or tuple(_broken_rules(connection, on_step))
        except ForeignDatabase as error:
            findings = (error.what,)
    return Checkup(path, path.stat().st_size, schema, findings)


def _damage(connection: sqlite3.Connection, on_step: OnStep) -> Iterator[str]:
    on_step("the file")
    for (finding,) in connection.execute(f"PRAGMA integrity_check({MOST_FINDINGS})"):
        if finding != "ok":
            yield from (f"the file: {line}" for line in finding.splitlines() if line.strip())


def _broken_rules(connection: sqlite3.Connection, on_step: OnStep) -> Iterator[str]:
    for rule in RULES:
        on_step(rule.broken.partition(":")[0])
        count = connection.execute(rule.count).fetchone()[0]
        if count:
            yield f"{rule.broken} ({count:,})"
