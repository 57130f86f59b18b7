"""Rows of the history as CSV, as JSON lines, or as Parquet, page by page."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from functools import lru_cache
from io import TextIOWrapper
from typing import Any, BinaryIO, Protocol

from healthmon.errors import ExitCode, HealthmonError
from healthmon.report.words import harmless, rfc3339
from healthmon.store.export import Column, Row, Sort


class MissingExtra(HealthmonError):
    """What would write this format is not installed."""

    exit_code = ExitCode.USAGE


class RowWriter(Protocol):
    """Writes rows in one format to a file that stays open."""

    def write(self, rows: Sequence[Row]) -> None:
        """Write one page."""

    def finish(self) -> None:
        """Write what stands at the end."""


class CsvWriter:
    """RFC 4180, with a header. Made for spreadsheets: a text that one would take for a formula is defused."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        self._text = TextIOWrapper(file, encoding="utf-8", newline="")
        self._writer = csv.writer(self._text)
        self._writer.writerow([column.name for column in columns])
        self._cells = [_CSV_CELLS[column.sort] for column in columns]

    def write(self, rows: Sequence[Row]) -> None:
        """Write one page."""
        cells = self._cells
        self._writer.writerows([cell(value) for cell, value in zip(cells, row, strict=True)] for row in rows)

    def finish(self) -> None:
        """Hand on what is kept; the file stays open."""
        self._text.detach()


class JsonLinesWriter:
    """One JSON object on each line."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        import msgspec  # noqa: PLC0415  (the other formats do not need it)

        self._file = file
        self._names = [column.name for column in columns]
        self._times = [number for number, column in enumerate(columns) if column.sort is Sort.TIME]
        self._encode = msgspec.json.Encoder().encode_lines

    def write(self, rows: Sequence[Row]) -> None:
        """Write one page."""
        self._file.write(self._encode([self._object(row) for row in rows]))

    def _object(self, row: Row) -> dict[str, Any]:
        values = list(row)
        for number in self._times:
            values[number] = rfc3339(values[number])
        return dict(zip(self._names, values, strict=True))

    def finish(self) -> None:
        """Nothing stands at the end."""


class ParquetWriter:
    """Apache Parquet, each page a row group. Raises MissingExtra."""

    def __init__(self, file: BinaryIO, columns: Sequence[Column]) -> None:
        try:
            import pyarrow  # noqa: PLC0415  (an extra)
            from pyarrow import parquet  # noqa: PLC0415
        except ImportError:
            raise MissingExtra(
                "parquet is written by pyarrow, which is not installed; with it: pip install 'healthmon[parquet]'"
            ) from None
        types = {Sort.TEXT: pyarrow.string(), Sort.INTEGER: pyarrow.int64(), Sort.TIME: pyarrow.timestamp("ms", "UTC")}
        self._columns = columns
        self._schema = pyarrow.schema([(column.name, types[column.sort]) for column in columns])
        self._table = pyarrow.table
        self._writer = parquet.ParquetWriter(file, self._schema, compression="zstd")

    def write(self, rows: Sequence[Row]) -> None:
        """Write one page."""
        by_column = zip(self._columns, zip(*rows, strict=True), strict=True)
        arrays = {column.name: [_PARQUET_CELLS[column.sort](value) for value in values] for column, values in by_column}
        self._writer.write_table(self._table(arrays, schema=self._schema))

    def finish(self) -> None:
        """Write the footer."""
        self._writer.close()


def _as_it_is(value: Any) -> Any:
    return value


def _milliseconds(at: float | None) -> int | None:
    return None if at is None else round(at * 1000)


@lru_cache(maxsize=50_000)
def _harmless(text: str | None) -> str | None:
    """The same names and causes come again and again."""
    return None if text is None else harmless(text)


_CSV_CELLS: dict[Sort, Callable[[Any], Any]] = {Sort.TEXT: _harmless, Sort.INTEGER: _as_it_is, Sort.TIME: rfc3339}
_PARQUET_CELLS: dict[Sort, Callable[[Any], Any]] = {
    Sort.TEXT: lambda value: None if value is None else str(value),
    Sort.INTEGER: _as_it_is,
    Sort.TIME: _milliseconds,
}

WRITERS: dict[str, Callable[[BinaryIO, Sequence[Column]], RowWriter]] = {
    "csv": CsvWriter,
    "jsonl": JsonLinesWriter,
    "parquet": ParquetWriter,
}
