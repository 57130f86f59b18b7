"""Rows of the history as CSV, as JSON lines, or as Parquet, page by page.

Each format is a context in which pages are written to a file that stays open; at its end stands what the format
wants there, unless something went wrong.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from io import RawIOBase, TextIOWrapper
from typing import Any, BinaryIO

from healthmon.errors import ExitCode, HealthmonError
from healthmon.model import DisplayNames, Target
from healthmon.report.formatting import harmless, rfc3339
from healthmon.report.json_text import without_controls
from healthmon.store.read.export_pages import ColumnType, ExportColumn, ExportRow


class MissingExtra(HealthmonError):
    """What would write this format is not installed."""

    exit_code = ExitCode.USAGE


def with_names(columns: Sequence[ExportColumn], names: DisplayNames) -> tuple[Sequence[ExportColumn], AddNames]:
    """Add a last column with what people call each target; nothing where nothing has a name."""
    if not names:
        return columns, list
    place = [column.name for column in columns].index("pbx")
    named = lru_cache(maxsize=50_000)(names.of)

    def add(rows: Sequence[ExportRow]) -> list[ExportRow]:
        return [(*row, named(Target(*row[place : place + 3])) or None) for row in rows]

    return (*columns, ExportColumn("called", ColumnType.TEXT)), add


#: So many rows make a group of a Parquet file: few are slow to read, many need memory.
ROW_GROUP = 20_000

#: Writes one page.
Write = Callable[[Sequence[ExportRow]], None]
#: Adds to each row of a page what its target is called.
AddNames = Callable[[Sequence[ExportRow]], list[ExportRow]]


@contextmanager
def csv_rows(file: BinaryIO, columns: Sequence[ExportColumn]) -> Iterator[Write]:
    """RFC 4180, with a header. Made for spreadsheets: a text that one would take for a formula is defused."""
    text = TextIOWrapper(file, encoding="utf-8", newline="")
    writer = csv.writer(text)
    cells = [_CSV_CELLS[column.sort] for column in columns]
    try:
        writer.writerow([column.name for column in columns])
        yield lambda rows: writer.writerows(
            [cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows
        )
    finally:
        # Or it would close the file when it is forgotten.
        text.detach()


@contextmanager
def json_lines(file: BinaryIO, columns: Sequence[ExportColumn]) -> Iterator[Write]:
    """One JSON object on each line."""
    import msgspec  # noqa: PLC0415  (the other formats do not need it)

    names = [column.name for column in columns]
    times = [number for number, column in enumerate(columns) if column.sort is ColumnType.TIME]
    encoder = msgspec.json.Encoder()

    def as_object(row: ExportRow) -> dict[str, Any]:
        values = list(row)
        for number in times:
            values[number] = rfc3339(values[number])
        return dict(zip(names, values, strict=True))

    def write(rows: Sequence[ExportRow]) -> None:
        lines = encoder.encode_lines([as_object(row) for row in rows])
        file.write(lines if lines.isascii() else without_controls(lines.decode()).encode())

    yield write


@contextmanager
def parquet_rows(file: BinaryIO, columns: Sequence[ExportColumn]) -> Iterator[Write]:
    """Apache Parquet. Pages wait in its own form, which is small, for a row group. Raises MissingExtra."""
    try:
        import pyarrow  # noqa: PLC0415  (an extra)
        from pyarrow import parquet  # noqa: PLC0415
    except ImportError:
        raise MissingExtra(
            "parquet is written by pyarrow, which is not installed; with it: pip install 'healthmon[parquet]'"
        ) from None
    types = {
        ColumnType.TEXT: pyarrow.string(),
        ColumnType.INTEGER: pyarrow.int64(),
        ColumnType.TIME: pyarrow.timestamp("ms", "UTC"),
    }
    schema = pyarrow.schema([(column.name, types[column.sort]) for column in columns])
    sink = _Sink(file)
    writer = parquet.ParquetWriter(sink, schema, compression="zstd")

    waiting: list[Any] = []

    def write(rows: Sequence[ExportRow]) -> None:
        by_column = zip(columns, zip(*rows, strict=True), strict=True)
        cells = [[_PARQUET_CELLS[column.sort](value) for value in values] for column, values in by_column]
        waiting.append(pyarrow.table(cells, schema=schema))
        if sum(table.num_rows for table in waiting) >= ROW_GROUP:
            write_group()

    def write_group() -> None:
        if waiting:
            writer.write_table(pyarrow.concat_tables(waiting), ROW_GROUP)
            waiting.clear()

    try:
        yield write
        write_group()
    except BaseException:
        # It insists on its footer, and would complain on stderr when it is forgotten.
        sink.is_abandoned = True
        raise
    finally:
        writer.close()


class _Sink(RawIOBase):
    """A file that takes no more once it is abandoned, and says nothing."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.is_abandoned = False

    def writable(self) -> bool:
        """Whether it can be written to."""
        return True

    def write(self, data: Any) -> int:
        """Hand on, as long as somebody wants it."""
        if self.is_abandoned:
            return len(data)
        return self._file.write(data)


def _as_it_is(value: Any) -> Any:
    return value


@lru_cache(maxsize=50_000)
def _harmless(text: str | None) -> str | None:
    """The same names and causes come again and again."""
    if text is None:
        return None
    return harmless(text)


def _text(value: str | None) -> str | None:
    if value is None:
        return None
    return str(value)


def _milliseconds(at: float | None) -> int | None:
    if at is None:
        return None
    return round(at * 1000)


_CSV_CELLS: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.TEXT: _harmless,
    ColumnType.INTEGER: _as_it_is,
    ColumnType.TIME: rfc3339,
}
_PARQUET_CELLS: dict[ColumnType, Callable[[Any], Any]] = {
    ColumnType.TEXT: _text,
    ColumnType.INTEGER: _as_it_is,
    ColumnType.TIME: _milliseconds,
}

FORMATS: dict[str, Callable[[BinaryIO, Sequence[ExportColumn]], AbstractContextManager[Write]]] = {
    "csv": csv_rows,
    "jsonl": json_lines,
    "parquet": parquet_rows,
}
