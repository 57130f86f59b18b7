"""What is found while a file is read: problems (the file cannot be used) and warnings (it can)."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from healthmon.errors import Problem

#: A value longer than this is cut where it is shown.
SHOWN_LENGTH = 60


def shown(text: str, most: int = SHOWN_LENGTH) -> str:
    """Make a text from the file fit to print: no control characters, not endless."""
    unprintable = {ord(letter) for letter in text if not letter.isprintable()}
    clean = text.translate(dict.fromkeys(unprintable, "\N{REPLACEMENT CHARACTER}"))
    if len(clean) > most:
        return clean[: most - 1] + "…"
    return clean


def shown_path(path: Path) -> str:
    """Make the name of a file fit to print; it is of use only if it is whole."""
    return shown(str(path), 4096)


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that was probably meant, or nothing."""
    from difflib import get_close_matches  # noqa: PLC0415 (nearly all files hold no slip of the pen)

    by_lower = {name.lower(): name for name in known}
    close = get_close_matches(word.lower()[:SHOWN_LENGTH], list(by_lower), n=1, cutoff=0.6)
    if not close:
        return ""
    return by_lower[close[0]]


class Harmless(str):
    """A sentence of our own that holds no value of the file: it is shown as it is, and nothing blotted out of it."""

    __slots__ = ()


class Findings:
    """Collects what is wrong with one file. Nothing that is given to it may hold a secret."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._warnings: list[Problem] = []

    def problem(
        self, what: str, *, line: int = 0, section: str = "", option: str = "", suggestion: str = "", file: str = ""
    ) -> None:
        """Note something because of which the file cannot be used; ``file``: another one, that it names."""
        self.problems.append(Problem(file or self.file, line, shown(section), shown(option), what, suggestion))

    def warning(self, what: str, *, line: int = 0, section: str = "", option: str = "") -> None:
        """Note something that works, and that its author should know."""
        self._warnings.append(Problem(self.file, line, shown(section), shown(option), what))

    @property
    def warnings(self) -> tuple[str, ...]:
        """The warnings as lines to print, in the order of the file."""
        return tuple(str(warning) for warning in sorted(self._warnings))
