"""A suite's list of packages, and what must be installed together (the dependency closure)."""

import re
from collections import defaultdict

from msgspec import Struct

from .errors import NotInMirror

_FIELD = re.compile(r"^(Package|Version|Depends|Pre-Depends|Provides|Filename|SHA256): (.*)$", re.MULTILINE)


class Package(Struct, frozen=True):
    """One paragraph of a Packages file, as far as the lab needs it."""

    name: str
    version: str
    #: Every group lists alternatives, the preferred one first.
    depends: tuple[tuple[str, ...], ...]
    filename: str
    sha256: str

    @property
    def upstream(self) -> str:
        """The version without epoch and packaging suffixes: "22.10.1" of "1:22.10.1+dfsg-1"."""
        return re.split(r"[+~-]", self.version.partition(":")[2] or self.version)[0]


class Index:
    """The packages of one suite, found by their name or by a name that they provide."""

    def __init__(self, text: str) -> None:
        self._paragraphs: dict[str, str] = {}
        self._providers: dict[str, list[str]] = defaultdict(list)
        for paragraph in text.split("\n\n"):
            if not paragraph.startswith("Package: "):
                continue
            name = paragraph[9 : paragraph.index("\n")]
            self._paragraphs[name] = paragraph
            if "\nProvides: " in paragraph:
                for provided in _groups(dict(_FIELD.findall(paragraph))["Provides"]):
                    self._providers[provided[0]].append(name)

    def __contains__(self, name: str) -> bool:
        return name in self._paragraphs

    def package(self, name: str) -> Package:
        """The package of that very name; NotInMirror when the suite has none."""
        if name not in self:
            raise NotInMirror(f"no package {name} in this suite")
        fields = dict(_FIELD.findall(self._paragraphs[name]))
        depends = _groups(fields.get("Pre-Depends", "")) + _groups(fields.get("Depends", ""))
        return Package(name, fields["Version"], depends, fields["Filename"], fields["SHA256"])

    def closure(self, roots: tuple[str, ...], without: tuple[str, ...] = ()) -> list[Package]:
        """All packages that `roots` need, themselves included, less those whose name begins as `without` says.

        Version bounds are not looked at: within one suite of a released mirror they hold.
        """
        chosen: dict[str, Package] = {}
        todo = list(roots)
        while todo:
            name = todo.pop(0)
            if name not in chosen:
                chosen[name] = self.package(name)
                for group in chosen[name].depends:
                    if not any(alternative.startswith(without) or alternative in chosen for alternative in group):
                        todo.append(self._choose(group, needed_by=name))
        return list(chosen.values())

    def _choose(self, group: tuple[str, ...], needed_by: str) -> str:
        for alternative in group:
            if alternative in self:
                return alternative
            if self._providers[alternative]:
                return self._providers[alternative][0]
        raise NotInMirror(f"{needed_by} needs {' or '.join(group)}, which this suite has not got")


def _groups(field: str) -> tuple[tuple[str, ...], ...]:
    """`a (>= 1) | b, c:any` -> (("a", "b"), ("c",))."""
    groups = [group.split("|") for group in field.split(",") if group.strip()]
    return tuple(tuple(re.split(r"[\s(:\[]", name.strip())[0] for name in group) for group in groups)
