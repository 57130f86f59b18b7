"""``healthmon db`` for people and for programs. Pure."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from healthmon.report.admin.growth import Outlook
from healthmon.report.formatting import counted, duration, moment, rfc3339, rounded
from healthmon.report.tables import Cell, Column, Screen, Sort, line, table
from healthmon.store.read.sizes import DAY, Sizes, TableSize
from healthmon.store.sqlite.backup import Backup
from healthmon.store.sqlite.checkup import Checkup
from healthmon.store.write.maintenance import Pruned

#: A disk that is full later than this is nobody's concern (seconds).
FAR_AWAY = 100 * 365 * DAY


def size(number: float) -> str:
    """Write a size for people: ``812 bytes``, ``57.3 kB``, ``1.50 GB``."""
    for unit, name, digits in ((1e9, "GB", 2), (1e6, "MB", 1), (1e3, "kB", 1)):
        if number >= unit:
            return f"{number / unit:,.{digits}f} {name}"
    return f"{number:.0f} bytes"


def checkup_text(found: Checkup, screen: Screen) -> str:
    """Say what is wrong, or that nothing is."""
    schema = ""
    if found.schema is not None:
        schema = f", schema {found.schema}"
    about = f"{found.path}: {size(found.size_bytes)}{schema}"
    if not found.findings:
        return line(f"{about}: no damage found.", screen)
    findings = (line(f"  {finding}", screen) for finding in found.findings)
    lines = [line(f"{about}: damaged.", screen, "bold red"), *findings]
    advice = "Stop the daemon, keep this file, and put a backup in its place: see docs/database.md."
    return "".join([*lines, line(advice, screen)])


def checkup_data(found: Checkup) -> dict[str, Any]:
    """Write it as the fields of ``docs/json.md``."""
    return {
        "path": str(found.path),
        "size_bytes": found.size_bytes,
        "schema": found.schema,
        "ok": not found.findings,
        "findings": list(found.findings),
    }


def backup_text(backup: Backup, screen: Screen) -> str:
    """Say where the copy is."""
    return line(f"{backup.path}: {size(backup.size_bytes)}, schema {backup.schema}; looked through, no damage.", screen)


def pruned_text(pruned: Pruned, screen: Screen) -> str:
    """Say what is gone, and what it brought."""
    gone = f"Removed {counted(pruned.changes, 'change')} and {counted(pruned.incidents, 'incident')}"
    lines = [line(f"{gone}; {size(pruned.size_before_bytes)} before, {size(pruned.size_bytes)} now.", screen)]
    if pruned.hint:
        lines.append(line(f"The file kept its length: {pruned.hint}.", screen))
    return "".join(lines)


def sizes_text(sizes: Sizes, coming: Outlook, now: float, zone: ZoneInfo, screen: Screen) -> str:
    """Show the size of each table, and where that leads."""
    log = ""
    if sizes.log_bytes:
        log = f", its log {size(sizes.log_bytes)}"
    whole = f"{size(sizes.size_bytes)}, of it {size(sizes.free_bytes)} free{log}; schema {sizes.schema}"
    columns = [
        Column("TABLE", Sort.NAME),
        Column("ROWS", Sort.NUMBER),
        Column("SIZE", Sort.NUMBER),
        Column("A ROW", Sort.NUMBER),
        Column("ROWS A DAY", Sort.NUMBER),
        Column("SINCE"),
    ]
    rows = [_size_cells(its, zone) for its in sizes.tables if its.rows]
    return (
        line(f"{sizes.path}: {whole}", screen)
        + "\n"
        + table(columns, rows, screen)
        + "\n"
        + "".join(line(sentence, screen) for sentence in _outlook(sizes, coming, now, zone))
    )


def _size_cells(its: TableSize, zone: ZoneInfo) -> list[Cell]:
    """Write the size of one table."""
    of_a_row, rows_per_day, since = "", "", ""
    if its.rows_per_day:
        of_a_row = f"{its.size_bytes / its.rows:,.0f} bytes"
    if its.rows_per_day is not None:
        rows_per_day = f"{its.rows_per_day:,.0f}"
        if 0 < its.rows_per_day < 1:
            rows_per_day = "<1"
    if its.oldest_at is not None:
        since = moment(its.oldest_at, zone)
    texts = (its.name, f"{its.rows:,}", size(its.size_bytes), of_a_row, rows_per_day, since)
    return [Cell(text) for text in texts]


def _outlook(sizes: Sizes, coming: Outlook, now: float, zone: ZoneInfo) -> list[str]:
    said = [f"{size(sizes.disk_free_bytes)} are free on the disk."]
    if not coming.added_bytes_per_day:
        said.append("It is too young to tell how it grows; ask again in a day.")
    elif coming.disk_full_at is not None and coming.disk_full_at - now < FAR_AWAY:
        when = moment(coming.disk_full_at, zone)
        said.append(
            f"It grows by {size(coming.growth_bytes_per_day)} a day: the disk is full in "
            f"{duration(coming.disk_full_at - now)}, on {when[:10]}."
        )
    elif coming.growth_bytes_per_day:
        said.append(
            f"It grows by {size(coming.growth_bytes_per_day)} a day, up to about {size(coming.final_bytes)}: "
            "then as much goes as comes."
        )
    else:
        said.append(f"{size(coming.added_bytes_per_day)} come each day, and as much goes: it does not grow any more.")
    if not sizes.can_shrink:
        said.append("It cannot get shorter yet: with the daemon stopped, healthmon db prune writes it anew, once.")
    return said


def sizes_data(sizes: Sizes, coming: Outlook) -> dict[str, Any]:
    """Write it as the fields of ``docs/json.md``."""
    return {
        "path": str(sizes.path),
        "schema": sizes.schema,
        "size_bytes": sizes.size_bytes,
        "free_bytes": sizes.free_bytes,
        "log_bytes": sizes.log_bytes,
        "disk_free_bytes": sizes.disk_free_bytes,
        "can_shrink": sizes.can_shrink,
        "added_bytes_per_day": round(coming.added_bytes_per_day),
        "growth_bytes_per_day": round(coming.growth_bytes_per_day),
        "final_bytes": round(coming.final_bytes),
        "disk_full_at": rfc3339(coming.disk_full_at),
        "tables": [
            {
                "name": its.name,
                "rows": its.rows,
                "size_bytes": its.size_bytes,
                "rows_per_day": rounded(its.rows_per_day, 1),
                "oldest_at": rfc3339(its.oldest_at),
            }
            for its in sizes.tables
        ],
    }
