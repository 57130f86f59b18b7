"""The files with templates of the user's: read them, and have them tried."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from healthmon.config.findings import shown_path
from healthmon.config.loading.draft import DraftSection
from healthmon.config.loading.ini import why_unreadable
from healthmon.config.sections.receiver import TemplateFile
from healthmon.config.values import Unsuitable

#: A file longer than this is no text of a message (bytes).
LARGEST = 100_000


class TemplateRule(Struct, frozen=True):
    """What is to be done about templates.

    ``is_fatal``: one that is broken makes the file unusable. Else it is a warning, and our own words are used: a
    daemon that does not start tells nobody anything.
    """

    #: Says with file and line why a template cannot be used, or None.
    why_broken: Callable[[TemplateFile], str | None] = lambda _template: None
    is_fatal: bool = False


def resolve_templates(section: DraftSection, folder: Path, rule: TemplateRule) -> None:
    """Put what the files hold in the place of their names; leave out what is broken."""
    for option in ("subject_template", "body_template"):
        name = section.values.pop(option, None)
        if name is None:
            continue
        try:
            template = _read(folder / name)
            trouble = rule.why_broken(template)
        except Unsuitable as unsuitable:
            trouble = str(unsuitable)
        if trouble is None:
            section.values[option] = template
        elif rule.is_fatal:
            section.problem(option, trouble)
        else:
            section.warning(option, f"{trouble}; healthmon's own words are used")


def _read(path: Path) -> TemplateFile:
    try:
        with path.open("rb") as file:
            raw = file.read(LARGEST + 1)
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Unsuitable(f"{shown_path(path)} is not UTF-8") from None
    except (OSError, ValueError) as error:
        raise Unsuitable(f"{shown_path(path)} cannot be read: {why_unreadable(error)}") from None
    if len(raw) > LARGEST:
        raise Unsuitable(f"{shown_path(path)} has more than {LARGEST // 1000} kB")
    if not text.strip():
        raise Unsuitable(f"{shown_path(path)} is empty")
    return TemplateFile(path, text)
