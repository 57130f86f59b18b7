"""What the web process needs from a configuration: where to listen, what every command that looks needs, and a report.

No secret is read, and what is wrong in other sections does not keep anybody from looking.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from healthmon.config.findings import Findings
from healthmon.config.loading.database_settings import DatabaseSettings, load_database_settings
from healthmon.config.loading.draft import draft_of, read_file
from healthmon.config.loading.plans import load_plans
from healthmon.config.plans import Plans
from healthmon.config.sections.general import HEALTHMON
from healthmon.config.sections.web import WEB, WebConfig
from healthmon.errors import ConfigError

#: The configuration calls nothing a site.
NO_PLANS = Plans()


class WebSettings(Struct, frozen=True):
    """What [web] says, where the database is, what sites are called, and the language of pages."""

    #: The configuration itself.
    path: Path
    web: WebConfig
    where: DatabaseSettings
    plans: Plans = NO_PLANS
    language: str = "en"


def load_web_settings(path: Path, environ: Mapping[str, str]) -> WebSettings:
    """Read what the web process needs. Raises ConfigError, also for what is wrong in [web]."""
    where = load_database_settings(path, environ)
    form, findings = Findings(str(path)), Findings(str(path))
    kinds = {WEB.kind: WEB, HEALTHMON.kind: HEALTHMON}
    draft = draft_of([section for section in read_file(path, form) if section.kind in kinds], kinds, findings)
    wrong = [problem for problem in findings.problems if problem.section == WEB.kind or problem.option == "language"]
    if wrong:
        raise ConfigError(wrong)
    language = HEALTHMON.value_of("language", draft.general.values)
    try:
        plans = load_plans(path, environ)
    except ConfigError:
        # Where sites and times of maintenance are wrong, pages are made without them.
        plans = Plans(names=where.names)
    return WebSettings(path, draft.of(WEB.kind)[0].record(), where, plans, language)
