"""``load()``: an INI file -> Config, or ConfigError with every problem of the file at once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from healthmon.config.configuration import Config
from healthmon.config.findings import Findings
from healthmon.config.kinds import KINDS
from healthmon.config.loading import checks, resolve
from healthmon.config.loading.draft import VARIABLE, Draft, draft_of, read_file
from healthmon.config.loading.ini import read_sections
from healthmon.config.loading.secrets import Secrets, is_readable_by_all
from healthmon.config.loading.templates import TemplateRule, resolve_templates
from healthmon.errors import ConfigError

#: What is said of a file with secrets that everybody can read.
READABLE_BY_ALL = "holds secrets, and every user of this machine can read it; chmod o-r"


def load(
    path: Path,
    *,
    environ: Mapping[str, str] = os.environ,
    why_refused: Callable[[str], str | None] | None = None,
    remark: Callable[[str], str | None] | None = None,
    templates: TemplateRule | None = None,
    why_no_report: Callable[[Sequence[str]], str | None] | None = None,
    hostname: str | None = None,
    text: str | None = None,
) -> Config:
    """Read and check a configuration file. Raises ``ConfigError`` with all problems at once.

    ``text``: what the file is going to hold; it need not be there yet.

    ``why_refused`` says why a receiver's URL cannot be used, or None; ``remark`` what its author should know. Without
    them URLs are not checked further. The same goes for ``templates``, and for ``why_no_report`` with the arguments of
    a report.
    """
    findings = Findings(str(path))
    if text is None:
        sections = read_file(path, findings)
    else:
        sections = read_sections(text, findings)
    draft = draft_of(sections, KINDS, findings)
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
    return _config(path, draft)


def _resolve(
    draft: Draft,
    secrets: Secrets,
    hostname: str,
    why_refused: Callable[[str], str | None] | None,
    templates: TemplateRule,
) -> None:
    """Look up what options name outside of the file."""
    receivers = draft.names("receiver")
    resolve.timezone(draft.general, secrets.environ)
    resolve.healthmon(draft.general, secrets)
    for section in draft.sections:
        resolve.as_in_general(section, draft.general)
    for section in draft.of("pbx"):
        resolve.pbx(section, secrets, hostname)
        resolve.told(section, receivers)
    for section in draft.of("watch"):
        resolve.told(section, receivers)
    for section in draft.of("receiver"):
        resolve.receiver(section, secrets, why_refused)
        resolve_templates(section, secrets.folder, templates)
    for section in draft.of("maintenance"):
        resolve.maintenance(section, draft)
    resolve.credentials(draft, secrets)


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
        draft.findings.warning(READABLE_BY_ALL)


def _config(path: Path, draft: Draft) -> Config:
    """Make the frozen values of a draft without problems."""
    general = draft.general
    general.values["history"] = draft.of("history")[0].record()
    return Config(
        path=path,
        pbxs=draft.records("pbx"),
        watches=draft.records("watch"),
        receivers=draft.records("receiver"),
        maintenance=draft.records("maintenance"),
        sites=draft.records("site"),
        names=draft.of("names")[0].record().given,
        schedules=draft.records("schedule"),
        web=draft.of("web")[0].record(),
        users=draft.records("user"),
        tokens=draft.records("token"),
        public=draft.records("public"),
        warnings=draft.findings.warnings,
        **general.kind.fields_of(general.values),
    )
