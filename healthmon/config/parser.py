"""``load()``: an INI file -> Config, or ConfigError with every problem of the file at once.

In this order: the form of the file (``reader``), each option by itself (``options``, ``values``), what options name
outside of the file (``resolve``), what sections say about each other (``checks``), and then the frozen values.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from healthmon.config import checks, resolve, values
from healthmon.config.build import build
from healthmon.config.draft import Draft, DraftSection
from healthmon.config.findings import Findings, nearest, shown
from healthmon.config.options import KINDS, Option, SectionKind
from healthmon.config.reader import Section, Value, read_sections, read_text
from healthmon.config.secrets import VARIABLE, Secrets, is_readable_by_all
from healthmon.config.templates import TemplateRule, resolve_templates
from healthmon.config.types import Config
from healthmon.config.values import ALL, NOBODY, Unsuitable
from healthmon.errors import ConfigError


def load(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    why_refused: Callable[[str], str | None] | None = None,
    remark: Callable[[str], str | None] | None = None,
    templates: TemplateRule | None = None,
    why_no_report: Callable[[Sequence[str]], str | None] | None = None,
    hostname: str | None = None,
) -> Config:
    """Read and check a configuration file. Raises ``ConfigError`` with all problems at once.

    ``why_refused`` says why a receiver's URL cannot be used, or None; ``remark`` what its author should know. Without
    them URLs are not checked further. The same goes for ``templates``, and for ``why_no_report`` with the arguments of
    a report.
    """
    findings = Findings(str(path))
    text = read_text(path, findings)
    if text is None:
        raise ConfigError(findings.problems)
    draft = read_draft(read_sections(text, findings), findings)
    secrets = Secrets(environ, path.absolute().parent)
    _resolve(draft, secrets, hostname or os.uname().nodename, why_refused, templates or TemplateRule())
    for section in draft.of("schedule"):
        resolve.schedule(section, draft.names("receiver"), why_no_report)
    if remark is not None:
        resolve.remarks(draft.of("receiver"), remark)
    checks.check(draft)
    _warn_if_readable(path, draft)
    if findings.problems:
        raise ConfigError(findings.problems)
    return build(path, draft)


def read_draft(sections: list[Section], findings: Findings) -> Draft:
    """Keep what is known by kind and name, each once, and read the options."""
    known: dict[str, DraftSection] = {}
    for section in sections:
        kind = _kind(section, findings)
        if kind:
            draft = DraftSection(section, kind, findings)
            _read_options(draft, is_repeated=section.header in known)
            known.setdefault(section.header, draft)
    for kind in KINDS.values():
        if not kind.is_named and kind.kind not in known:
            known[kind.kind] = DraftSection(Section(kind.kind, "", 0), kind, findings)
            _read_options(known[kind.kind])
    return Draft(list(known.values()), findings)


def _kind(section: Section, findings: Findings) -> SectionKind | None:
    """Find the kind of a section, and check whether it has a name as it should."""
    kind = KINDS.get(section.kind)
    what, suggestion = "", ""
    if kind is None:
        guess = nearest(section.kind, KINDS)
        what = f"unknown section; the sections are {', '.join(_form(known) for known in KINDS.values())}"
        suggestion = f"[{f'{guess} {shown(section.name)}'.strip()}]" if guess else ""
    elif not kind.is_named and section.name:
        what = f"there is only one such section, {_form(kind)}"
    elif kind.is_named and not section.name:
        what = f"this section needs a name: {_form(kind)}"
    elif kind.is_named and not values.is_name(section.name):
        what = values.NAMES
    elif section.kind == "receiver" and section.name in (ALL, NOBODY):
        what = f"{section.name} has a meaning of its own; choose another name"
    if what:
        findings.problem(what, line=section.line, section=section.header, suggestion=suggestion)
        return None
    return kind


def _form(kind: SectionKind) -> str:
    return f"[{kind.kind} NAME]" if kind.is_named else f"[{kind.kind}]"


def _read_options(draft: DraftSection, *, is_repeated: bool = False) -> None:
    """Read each option by itself, fill in the defaults, and note what is unknown, missing or wrong.

    A section that repeats another misses nothing: what to do about it was said already.
    """
    for name, value in draft.section.values.items():
        option = draft.kind.option(name)
        if option:
            _read_option(draft, option, value)
        else:
            _unknown_option(draft, name)
    for option in draft.kind.options:
        if draft.is_given(option.name):
            continue
        if option.required and not is_repeated:
            draft.problem(option.name, "is missing")
        elif option.default:
            draft.values[option.name] = option.parse(option.default)


def _unknown_option(draft: DraftSection, name: str) -> None:
    """Suggest the nearest name, or say in which section an option of this name stands."""
    guess = nearest(name, [option.name for option in draft.kind.options])
    elsewhere = [_form(kind) for kind in KINDS.values() if kind.option(name)]
    hint = f"; it belongs in {' or '.join(elsewhere)}" if elsewhere else ""
    if not hint and draft.section.kind == "receiver" and not guess:
        hint = "; a line of urls is indented"
    draft.problem(name, f"unknown option{hint}", suggestion="" if hint else guess)


def _read_option(draft: DraftSection, option: Option, value: Value) -> None:
    """Read the value of a known option. Nothing of a secret is shown."""
    if not value.text:
        draft.problem(option.name, f"is empty; {_instead(option)}")
    elif len(value.lines) > 1 and not option.is_list:
        draft.problem(
            option.name,
            f"this line is indented, so it continues {option.name}; begin it at the margin",
            line=value.lines[1][0],
        )
    elif VARIABLE.search(value.text) and not option.is_secret and not option.name.endswith("_file"):
        draft.problem(
            option.name, "${…} is filled in only in password, urls, heartbeat_url and the options that end in _file"
        )
    else:
        try:
            draft.values[option.name] = option.parse(value.text)
        except Unsuitable as unsuitable:
            for one in (unsuitable, *unsuitable.also):
                draft.problem(option.name, str(one), suggestion=one.suggestion)


def _instead(option: Option) -> str:
    if option.required or option.is_secret:
        return "give it a value"
    return f"without this line it is {option.default or option.otherwise}"


def _resolve(
    draft: Draft,
    secrets: Secrets,
    hostname: str,
    why_refused: Callable[[str], str | None] | None,
    templates: TemplateRule,
) -> None:
    """Look up what options name outside of the file."""
    receivers = draft.names("receiver")
    resolve.healthmon(draft, secrets)
    for section in draft.of("pbx"):
        resolve.pbx(section, secrets, hostname)
        resolve.told(section, receivers)
    for section in draft.of("watch"):
        resolve.told(section, receivers)
        resolve.own_timezone(section, draft)
    for section in draft.of("receiver"):
        resolve.receiver(section, secrets, why_refused)
        resolve_templates(section, secrets.folder, templates)
    for section in draft.of("maintenance"):
        resolve.maintenance(section, draft)


def _warn_if_readable(path: Path, draft: Draft) -> None:
    """Warn when secrets stand in a file that every user can read."""
    secrets = [
        option.name
        for section in draft.sections
        for option in section.kind.options
        if option.is_secret
        and section.is_given(option.name)
        and not VARIABLE.fullmatch(section.section.values[option.name].text)
    ]
    if secrets and is_readable_by_all(path):
        draft.findings.warning("holds secrets, and every user of this machine can read it; chmod o-r")
