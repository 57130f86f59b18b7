"""What the web process needs from a configuration: where to listen, and what every command that looks needs.

No secret is read, and what is wrong in other sections does not keep anybody from looking.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from healthmon.config.findings import Findings
from healthmon.config.loading.database_settings import DatabaseSettings, load_database_settings
from healthmon.config.loading.draft import draft_of, read_file
from healthmon.config.sections.web import WEB, WebConfig
from healthmon.errors import ConfigError


class WebSettings(Struct, frozen=True):
    """What [web] says, and where the database is."""

    web: WebConfig
    where: DatabaseSettings


def load_web_settings(path: Path, environ: Mapping[str, str]) -> WebSettings:
    """Read what the web process needs. Raises ConfigError, also for what is wrong in [web]."""
    where = load_database_settings(path, environ)
    form, findings = Findings(str(path)), Findings(str(path))
    sections = [section for section in read_file(path, form) if section.kind == WEB.kind]
    draft = draft_of(sections, {WEB.kind: WEB}, findings)
    if findings.problems:
        raise ConfigError(findings.problems)
    return WebSettings(draft.of(WEB.kind)[0].record(), where)
