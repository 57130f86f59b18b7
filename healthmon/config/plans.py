"""What a report needs from a configuration: times of the week, and sites. No secret is read.

Reports are for people, too, who may not read secrets; problems elsewhere in the file do not stop them. A problem with
these times does: the figures would be wrong.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from healthmon.config import resolve
from healthmon.config.build import maintenance_of, site_of, working_hours_of
from healthmon.config.findings import Findings
from healthmon.config.parser import read_draft
from healthmon.config.reader import read_sections, read_text
from healthmon.config.secrets import Secrets
from healthmon.config.types import Plans
from healthmon.errors import ConfigError, Problem

#: How a PBX on the machine of healthmon is usually written.
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def load_plans(path: Path, environ: Mapping[str, str]) -> Plans:
    """Read the plans of a configuration. Raises ConfigError if one of them is wrong."""
    findings = Findings(str(path))
    text = read_text(path, findings)
    if text is None:
        raise ConfigError(findings.problems)
    draft = read_draft(read_sections(text, findings), findings)
    resolve.healthmon(draft, Secrets(environ, path.absolute().parent))
    for section in draft.of("watch"):
        resolve.own_timezone(section, draft)
    for section in draft.of("maintenance"):
        resolve.maintenance(section, draft)
    wrong = [problem for problem in findings.problems if _is_about_plans(problem)]
    if wrong:
        raise ConfigError(wrong)
    hours = {section.name: working_hours_of(section) for section in draft.of("watch")}
    return Plans(
        maintenance=tuple(maintenance_of(section) for section in draft.of("maintenance")),
        working_hours={name: times for name, times in hours.items() if times},
        sites=tuple(site_of(section) for section in draft.of("site")),
        hosts={section.name: _host(section.values["url"]) for section in draft.of("pbx") if "url" in section.values},
    )


def _host(url: str) -> str:
    """Name the machine of a PBX; "127.0.0.1" would say nothing to a reader elsewhere."""
    host = urlsplit(url).hostname or ""
    return os.uname().nodename if host in _THIS_MACHINE else host


def _is_about_plans(problem: Problem) -> bool:
    """Whether a problem makes the plans wrong."""
    kind = problem.section.partition(" ")[0]
    return kind in ("maintenance", "site") or problem.option in ("working_hours", "timezone")
