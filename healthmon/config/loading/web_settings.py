"""What the web process needs from a configuration: where to listen, who may ask, what a report needs.

Of secrets it reads hashes alone; and what is wrong in other sections does not keep anybody from looking.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from healthmon.config.customers import Customers
from healthmon.config.findings import Findings
from healthmon.config.loading import resolve
from healthmon.config.loading.checks import check_web, customers_of
from healthmon.config.loading.database_settings import DatabaseSettings, load_database_settings
from healthmon.config.loading.draft import draft_of, read_file
from healthmon.config.loading.plans import load_plans
from healthmon.config.loading.secrets import Secrets
from healthmon.config.plans import Plans
from healthmon.config.sections.general import HEALTHMON
from healthmon.config.sections.pbx import PBX
from healthmon.config.sections.public import PUBLIC, PublicConfig
from healthmon.config.sections.user import TOKEN, USER, TokenConfig, UserConfig
from healthmon.config.sections.watch import WATCH
from healthmon.config.sections.web import WEB, WebConfig
from healthmon.errors import ConfigError

#: The configuration calls nothing a site.
NO_PLANS = Plans()
NO_CUSTOMERS = Customers()


class WebSettings(Struct, frozen=True):
    """What [web] says, who may ask, where the database is, what sites are called, and the language of pages."""

    #: The configuration itself.
    path: Path
    web: WebConfig
    where: DatabaseSettings
    plans: Plans = NO_PLANS
    language: str = "en"
    users: tuple[UserConfig, ...] = ()
    tokens: tuple[TokenConfig, ...] = ()
    customers: Customers = NO_CUSTOMERS
    #: Status pages for everybody.
    public: tuple[PublicConfig, ...] = ()


def load_web_settings(path: Path, environ: Mapping[str, str]) -> WebSettings:
    """Read what the web process needs. Raises ConfigError, also for what is wrong with who may ask."""
    where = load_database_settings(path, environ)
    form, findings = Findings(str(path)), Findings(str(path))
    kinds = {kind.kind: kind for kind in (WEB, HEALTHMON, USER, TOKEN, PUBLIC)}
    draft = draft_of([section for section in read_file(path, form) if section.kind in kinds], kinds, findings)
    resolve.credentials(draft, Secrets(environ, path.absolute().parent))
    for page in draft.of(PUBLIC.kind):
        resolve.as_in_general(page, draft.general)
    check_web(draft)
    # Of [healthmon] it is the language alone.
    wrong = [
        problem for problem in findings.problems if problem.section != HEALTHMON.kind or problem.option == "language"
    ]
    if wrong:
        raise ConfigError(wrong)
    users, tokens = draft.records(USER.kind), draft.records(TOKEN.kind)
    customers = NO_CUSTOMERS
    if any(not guest.limits.are_none for guest in (*users, *tokens)):
        customers = _customers(path)
    language = HEALTHMON.value_of("language", draft.general.values)
    try:
        plans = load_plans(path, environ)
    except ConfigError:
        # Where sites and times of maintenance are wrong, pages are made without them.
        plans = Plans(names=where.names)
    [web] = draft.records(WEB.kind)
    return WebSettings(
        path,
        web,
        where,
        plans,
        language,
        users=users,
        tokens=tokens,
        customers=customers,
        public=draft.records(PUBLIC.kind),
    )


def _customers(path: Path) -> Customers:
    """Read whose what is, where somebody sees only a part.

    Raises ConfigError for whatever is wrong with PBXs and watch sections: somebody would see what is another's.
    """
    from healthmon.config.kinds import KINDS  # noqa: PLC0415  (where nobody is limited they are not needed)

    findings = Findings(str(path))
    sections = read_file(path, findings)
    owned = [section for section in sections if section.kind in (PBX.kind, WATCH.kind) or section.kind not in KINDS]
    draft = draft_of(owned, KINDS, findings)
    if findings.problems:
        raise ConfigError(findings.problems)
    return customers_of(draft)
