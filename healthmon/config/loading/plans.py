"""Reads what a report needs from a configuration: times of the week, and sites. No secret is read.

Reports are for people, too, who may not read secrets; problems elsewhere in the file do not stop them. A problem with
these times does: the figures would be wrong.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from healthmon.config.findings import Findings
from healthmon.config.loading import resolve
from healthmon.config.loading.draft import draft_of, read_file
from healthmon.config.plans import Plans
from healthmon.config.sections.general import HEALTHMON
from healthmon.config.sections.maintenance import MAINTENANCE
from healthmon.config.sections.names import NAMES
from healthmon.config.sections.pbx import PBX
from healthmon.config.sections.site import SITE
from healthmon.config.sections.watch import WATCH
from healthmon.errors import ConfigError

#: How a PBX on the machine of healthmon is usually written.
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")

#: When a site is down; a mistake in them leaves the default.
_HOLDS = ("site_share", "site_down_after")

_KINDS = {kind.kind: kind for kind in (HEALTHMON, PBX, WATCH, MAINTENANCE, SITE, NAMES)}
#: Where a problem makes the plans wrong.
_SECTIONS_OF_PLANS, _OPTIONS_OF_PLANS = ("maintenance", "site"), ("working_hours", "timezone")


def load_plans(path: Path, environ: Mapping[str, str]) -> Plans:
    """Read the plans of a configuration. Raises ConfigError if one of them is wrong."""
    findings = Findings(str(path))
    sections = [section for section in read_file(path, findings) if section.kind in _KINDS]
    draft = draft_of(sections, _KINDS, findings)
    resolve.timezone(draft.general, environ)
    for section in draft.sections:
        resolve.as_in_general(section, draft.general)
    for section in draft.of("maintenance"):
        resolve.maintenance(section, draft)
    wrong = [
        problem
        for problem in findings.problems
        if problem.section.partition(" ")[0] in _SECTIONS_OF_PLANS or problem.option in _OPTIONS_OF_PLANS
    ]
    if wrong:
        raise ConfigError(wrong)
    hours = {watch.name: WATCH.value_of("working_hours", watch.values) for watch in draft.of("watch")}
    holds = {name: draft.general.values[name] for name in _HOLDS if name in draft.general.values}
    return Plans(
        maintenance=draft.records("maintenance"),
        working_hours={name: times for name, times in hours.items() if times},
        sites=draft.records("site"),
        names=draft.of("names")[0].record().given,
        **holds,
        hosts={pbx.name: _host(pbx.values["url"]) for pbx in draft.of("pbx") if "url" in pbx.values},
    )


def _host(url: str) -> str:
    """Name the machine of a PBX; "127.0.0.1" would say nothing to a reader elsewhere."""
    host = urlsplit(url).hostname or ""
    if host in _THIS_MACHINE:
        return os.uname().nodename
    return host
