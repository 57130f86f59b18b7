"""An option of the file is declared once, where a record has its value; everything else follows from that.

``poll_every: float = option(values.duration("1s", "1h"), "How often …", default="60s")`` is a field of ``PbxConfig``,
and says how the option of that name is read, what it is without a line in the file, and what the administrator is told
of it. The parser, its sentences, ``config.example.ini``, the tables of ``docs/configuration.md`` and what a reload does
are made of these declarations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, ParamSpec

from msgspec import UNSET, Struct, field
from msgspec.structs import fields, replace

from healthmon.config import values

Declared = ParamSpec("Declared")

#: What the twin of a secret is called, which names a file that holds it: ``password_file``.
FILE = "_file"


class Option(Struct, frozen=True):
    """One option of one kind of section. Called, it returns the value that stands for no line in the file."""

    parse: Callable[[str], Any]
    #: For the administrator; the example file shows it word for word.
    sentence: str
    #: In the file; empty: the name of the field.
    name: str = ""
    #: As it would be written in the file; empty: there is none, and ``otherwise`` says what happens.
    default: str = ""
    #: What is done without this option, when that is no fixed value.
    otherwise: str = ""
    #: The value for that; without one, what is named outside of the file gives it.
    absent: Any = UNSET
    #: What the example file shows; empty: the default.
    example: str = ""
    required: bool = False
    #: May go on over several, indented lines.
    is_list: bool = False
    #: Its value is never shown, and a twin names a file that holds it. This is the twin's value in the example file.
    secret_file: str = ""
    #: What the administrator is told of the twin, if not the usual.
    file_sentence: str = "Instead of {name}: a file that holds it, or the name of a systemd credential."
    #: Asterisk must be connected to anew when it changes.
    reconnects: bool = False
    #: What a reload says when it has changed; empty: what it belongs to says so.
    when_changed: str = ""

    def __call__(self) -> Any:
        """Return the value without a line in the file. Raises TypeError if there is none."""
        if self.default:
            return self.parse(self.default)
        if self.absent is UNSET:
            raise TypeError(f"a value must be given: {self.sentence}")
        return self.absent

    @property
    def is_secret(self) -> bool:
        """Whether its value is never shown."""
        return bool(self.secret_file)

    def options(self, name: str) -> Iterator[Option]:
        """The option as it stands in the file, and the twin of a secret."""
        named = replace(self, name=self.name or name)
        yield named
        if self.is_secret:
            sentence = self.file_sentence.format(name=named.name)
            yield Option(values.path, sentence, named.name + FILE, otherwise=named.name, example=self.secret_file)

    def value(self, name: str, known: Mapping[str, Any]) -> Any:
        """Return the value of the field of this name, from what was read."""
        name = self.name or name
        if name in known:
            return known[name]
        return self()


class Several(Struct, frozen=True):
    """A field whose value is made of several options, or of one and something else."""

    #: Called with the values of the options by their names; what the file does not give is missing.
    make: Callable[..., Any]
    parts: tuple[Option, ...]
    #: Names of other values of the section that it is made of, too.
    uses: tuple[str, ...] = ()
    #: The value in a record that is not made from a file.
    absent: Any = UNSET
    when_changed: str = ""

    def __call__(self) -> Any:
        """Return the value for a record that is not made from a file. Raises TypeError if there is none."""
        if self.absent is UNSET:
            raise TypeError(f"a value must be given: {self.parts[0].sentence}")
        return self.absent

    def options(self, name: str) -> Iterator[Option]:
        """The options as they stand in the file."""
        del name
        for option in self.parts:
            yield from option.options(option.name)

    def value(self, name: str, known: Mapping[str, Any]) -> Any:
        """Return the value of the field of this name, from what was read."""
        del name
        names = (*(option.name for option in self.parts), *self.uses)
        return self.make(**{part: known[part] for part in names if part in known})


class Lines(Struct, frozen=True):
    """A field that holds each line of a section whose options are called as the user chooses."""

    #: Reads the name of an option.
    name_of: Callable[[str], str]
    #: One of the lines, as the example file shows it.
    line: Option
    when_changed: str = ""

    def __call__(self) -> dict[str, Any]:
        """Return the value without any line in the file."""
        return {}

    def options(self, name: str) -> Iterator[Option]:
        """The line that stands for all."""
        del name
        yield self.line

    def value(self, name: str, known: Mapping[str, Any]) -> dict[str, Any]:
        """Return all lines by their names."""
        del name
        return dict(known)


def _as_field(declare: Callable[Declared, Option | Several | Lines]) -> Callable[Declared, Any]:
    """Make the function that declares a field of a record."""

    def declared(*args: Declared.args, **kwargs: Declared.kwargs) -> Any:
        return field(default_factory=declare(*args, **kwargs))

    return declared


#: Declares a field that is one option.
option = _as_field(Option)
#: Declares a field that is made of several options.
made_of = _as_field(Several)
#: Declares the only field of a section whose options are called as the user chooses.
every_line = _as_field(Lines)


class SectionKind(Struct, frozen=True, dict=True):
    """One kind of section."""

    kind: str
    #: What a section becomes.
    record: type[Struct]
    #: Of the section in the example file; empty: such a section has no name, ``[healthmon]``.
    example_name: str
    #: What the example file says above it.
    about: str = ""
    #: Whether the example file has such a section, or only shows it behind #.
    is_in_example: bool = True

    @property
    def is_named(self) -> bool:
        """``[pbx NAME]`` has a name of its own; ``[healthmon]`` has none."""
        return bool(self.example_name)

    @cached_property
    def declared(self) -> dict[str, Option | Several | Lines]:
        """What is declared, by the name of the field."""
        factories = {info.name: info.default_factory for info in fields(self.record)}
        return {name: made for name, made in factories.items() if isinstance(made, Option | Several | Lines)}

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """Every option, in the order of the fields."""
        return tuple(option for name, declared in self.declared.items() for option in declared.options(name))

    def option(self, name: str) -> Option | None:
        """The option of this name, or None."""
        return next((option for option in self.options if option.name == name), None)

    @cached_property
    def lines(self) -> Lines | None:
        """How its lines are read, where they are called as the user chooses; None: its options have fixed names."""
        return next((declared for declared in self.declared.values() if isinstance(declared, Lines)), None)

    def value_of(self, name: str, known: Mapping[str, Any]) -> Any:
        """Make the value of the field of this name from what was read, and found to be right."""
        return self.declared[name].value(name, known)

    def fields_of(self, known: Mapping[str, Any]) -> dict[str, Any]:
        """Make the value of each field that is declared."""
        return {name: self.value_of(name, known) for name in self.declared}

    def record_of(self, known: Mapping[str, Any], **more: Any) -> Any:
        """Make the record; ``more``: its fields that are not declared."""
        return self.record(**self.fields_of(known), **more)
