"""Structs as rows of a table and back, by the struct's own fields: a new field is a new column, and no more.

A column is called like its field. What is called ``at``, ``since`` or ``until``, or ends so, is a time, and is kept on
the database's own timeline; other numbers are kept as they are. A target is three columns. What is no single value (a
tuple, another struct) is kept as JSON, where None is ``null``; a list of numbers is one of times.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from enum import StrEnum
from sys import intern
from types import NoneType, UnionType
from typing import Any, Generic, NamedTuple, TypeVar, get_args, get_origin

import msgspec
from msgspec import Struct, convert
from msgspec.structs import asdict, astuple, fields

from healthmon.model import Target
from healthmon.store.sqlite.connect import Stored
from healthmon.store.timeline import Timeline

Row = dict[str, Any]

#: The columns of a target.
TARGET = ("pbx", "technology", "resource")

_IS_TIME = re.compile(r"(.+_)?(at|since|until)")

T = TypeVar("T", bound=Struct)
Key = TypeVar("Key")
Value = TypeVar("Value")


class Meanings(dict[Key, Value]):
    """What the values of a column mean. Another one was overwritten: that is damage, as ``errors_named`` says."""

    def __missing__(self, key: Key) -> Value:
        """Say what is there instead."""
        raise msgspec.ValidationError(f"{key!r} is none of those that are known")


#: How an empty list is kept.
NOTHING = "[]"
_TIMES = msgspec.json.Decoder(list[float])

#: Makes the one of the other: what a struct has, and what a column holds.
Convert = Callable[[Any, Timeline], Any]


class Conversion(NamedTuple):
    """How a value is written and read; None: as it is."""

    write: Convert | None = None
    read: Convert | None = None


#: Of a time, which the codec converts itself: most values are times.
TIME = Conversion()


class Codec(Generic[T]):
    """How one struct is kept: in a table that has these columns, or in several that have them together."""

    def __init__(
        self,
        struct: type[T],
        *,
        renamed: Mapping[str, str] | None = None,
        left_out: Collection[str] = (),
        shared: Collection[str] = (),
        is_checked: bool = False,
    ) -> None:
        """Look at the fields of a struct. ``renamed``: columns that have another name than their field.

        ``left_out``: fields that are not kept. ``shared``: texts that many rows have, in memory once. ``is_checked``:
        each value has to be of its field's type, of structs of which there are few.
        """
        self._is_checked = is_checked
        self._struct = struct
        self._renamed = dict(renamed or {})
        self._times: list[str] = []
        self._time_places: list[int] = []
        self._writes: list[tuple[str, int, Convert]] = []
        self._reads: list[tuple[int, Convert]] = []
        self._left_out: list[tuple[int, Any]] = []
        #: Where the target's columns begin; None: it has none.
        self._target: int | None = None
        columns: list[str] = []
        for place, field in enumerate(fields(struct)):
            if field.name in left_out:
                self._left_out.append((place, field.default))
                continue
            column = self._renamed.get(field.name, field.name)
            if field.type is Target:
                self._target = len(columns)
                columns += TARGET
                continue
            conversion = _conversion(field.name, field.type, is_shared=field.name in shared)
            if conversion is TIME:
                self._times.append(column)
                self._time_places.append(len(columns))
            if conversion.write is not None:
                self._writes.append((column, len(columns), conversion.write))
            if conversion.read is not None:
                self._reads.append((len(columns), conversion.read))
            columns.append(column)
        #: In the order of the fields.
        self.columns = tuple(columns)

    def row(self, value: T, timeline: Timeline) -> Row:
        """Return what the columns hold, by their names; the names of fields that are no columns may be among them."""
        row = asdict(value)
        for field, column in self._renamed.items():
            row[column] = row[field]
        # The engine's rows are on the timeline. Calls for each time would take longer than all the rest.
        if timeline.shift or timeline.earlier:
            for column in self._times:
                row[column] = timeline.stored_or_none(row[column])
        for column, _, write in self._writes:
            row[column] = write(row[column], timeline)
        if self._target is not None:
            row["pbx"], row["technology"], row["resource"] = row["target"]
        return row

    def values(self, value: T, timeline: Timeline) -> list[Any]:
        """Return what the columns hold, in their order: for rows of which there are many.

        ``Session.write_values`` takes half as long for these as for values with names.
        """
        values = list(astuple(value))
        for place, _ in reversed(self._left_out):
            del values[place]
        if self._target is not None:
            values[self._target : self._target + 1] = values[self._target]
        if timeline.shift or timeline.earlier:
            for place in self._time_places:
                values[place] = timeline.stored_or_none(values[place])
        for _, place, write in self._writes:
            values[place] = write(values[place], timeline)
        return values

    def of(self, row: Stored, timeline: Timeline) -> T:
        """Make the struct of a row that has its columns, and perhaps others."""
        return self.of_values([row[column] for column in self.columns], timeline)

    def of_values(self, values: list[Any], timeline: Timeline) -> T:
        """Make the struct of what its columns hold, in their order."""
        if timeline.shift or timeline.earlier:
            for place in self._time_places:
                values[place] = timeline.shown_or_none(values[place])
        for place, read in self._reads:
            values[place] = read(values[place], timeline)
        if self._target is not None:
            end = self._target + len(TARGET)
            values[self._target : end] = [named(*values[self._target : end])]
        for place, default in self._left_out:
            values.insert(place, default)
        made = self._struct(*values)
        if self._is_checked:
            convert(asdict(made), self._struct)
        return made


def _conversion(name: str, kind: Any, *, is_shared: bool) -> Conversion:
    """Say how a field is kept. Raises TypeError where nothing is known of such a type."""
    is_optional, kind = _without_none(kind)
    if kind is float and _IS_TIME.fullmatch(name):
        return TIME
    if is_shared:
        return Conversion(read=_shared)
    if kind in _BY_TYPE:
        return _BY_TYPE[kind]
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return Conversion(_texts(kind), _members(kind, is_optional=is_optional))
    if get_origin(kind) is tuple or (isinstance(kind, type) and issubclass(kind, Struct)):
        if is_optional:
            kind = kind | None
        return Conversion(_json, _of_json(kind))
    raise TypeError(f"{name}: no column is known that holds {kind}")


def _without_none(kind: Any) -> tuple[bool, Any]:
    """Say whether a type has None, and what else it is."""
    if not isinstance(kind, UnionType):
        return False, kind
    [only] = [part for part in get_args(kind) if part is not NoneType]
    return True, only


def _stored_list(times: tuple[float, ...], timeline: Timeline) -> str:
    if not times:
        # Most of them.
        return NOTHING
    return _json([timeline.stored(at) for at in times], timeline)


def _shown_list(text: str, timeline: Timeline) -> tuple[float, ...]:
    if text == NOTHING:
        return ()
    return tuple(timeline.shown(at) for at in _TIMES.decode(text))


def _number(value: bool, _timeline: Timeline) -> int:
    # SQLite's module asks of all but plain numbers and texts what they are, which takes longer than to write them.
    return int(value)


def _truth(value: int, _timeline: Timeline) -> bool:
    return bool(value)


def _shared(text: str, _timeline: Timeline) -> str:
    return intern(text)


def _texts(kind: type[StrEnum]) -> Convert:
    # As plain texts, for the same reason as plain numbers.
    texts: dict[str | None, str | None] = {None: None, **{member: str(member) for member in kind}}
    return lambda member, _timeline: texts[member]


def _members(kind: type[StrEnum], *, is_optional: bool) -> Convert:
    # Looking into a dictionary is ten times faster than asking an enum.
    members: Meanings[str | None, StrEnum | None] = Meanings({str(member): member for member in kind})
    if is_optional:
        members[None] = None
    return lambda text, _timeline: members[text]


def _json(value: Any, _timeline: Timeline) -> str:
    return msgspec.json.encode(value).decode()


def _of_json(kind: Any) -> Convert:
    decoder = msgspec.json.Decoder(kind)
    return lambda text, _timeline: decoder.decode(text)


_BY_TYPE = {
    str: Conversion(),
    int: Conversion(),
    float: Conversion(),
    bool: Conversion(_number, _truth),
    tuple[float, ...]: Conversion(_stored_list, _shown_list),
}


def upsert(table: str, key: Iterable[str], columns: Iterable[str]) -> str:
    """Make the SQL that writes a row, new or not; the parameters are named like the columns. The key may be of them."""
    keys = tuple(key)
    others = [column for column in columns if column not in keys]
    names = (*keys, *others)
    values = ", ".join(f":{name}" for name in names)
    changes = ", ".join(f"{name} = excluded.{name}" for name in others)
    return (
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values}) "  # noqa: S608 (names of ours)
        f"ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {changes}"
    )


def insert(table: str, columns: Iterable[str]) -> str:
    """Make the SQL that adds a row; the parameters are named like the columns."""
    names = tuple(columns)
    values = ", ".join(f":{name}" for name in names)
    return f"INSERT INTO {table} ({', '.join(names)}) VALUES ({values})"  # noqa: S608 (names of ours)


def target_row(target: Target) -> Row:
    """Name a target by its three columns."""
    return {"pbx": target.pbx, "technology": target.technology, "resource": target.resource}


def target_of(row: Stored) -> Target:
    """Read a target from its three columns."""
    return named(row["pbx"], row["technology"], row["resource"])


def named(pbx: str, technology: str, resource: str) -> Target:
    """Make a target whose texts are shared: SQLite makes each anew, and a daemon may hold 20,000 targets for years."""
    return Target(intern(pbx), intern(technology), intern(resource))
