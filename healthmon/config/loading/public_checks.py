"""What [public NAME] sections say of others: a page must list what there is, and somebody must answer."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

from healthmon.config.findings import nearest, shown
from healthmon.config.loading.draft import Draft, DraftSection
from healthmon.config.sections.public import PBX, SITE, WATCH, ListedLine
from healthmon.config.values import WILDCARDS

#: A page's name stands in its address.
_ADDRESS = re.compile(r"[A-Za-z0-9_-]{1,64}")


def check_public(draft: Draft) -> None:
    """Note every problem of pages for everybody that shows only beside the other sections."""
    for page in draft.of("public"):
        if not _ADDRESS.fullmatch(page.name):
            page.problem("", "the name stands in the address of the page: letters a to z, digits, - and _ only")
        lines = page.values.get("show", ())
        _same_name_twice(page, lines)
        for line in lines:
            _is_there(page, line, draft)
            _warn_of_unwatched(page, line, draft)
    pages = draft.of("public")
    if pages and draft.of("web")[0].values.get("listen") is None:
        pages[0].warning("", "nobody is answered: [web] has no listen")


def _same_name_twice(page: DraftSection, lines: Iterable[ListedLine]) -> None:
    seen = set()
    for line in lines:
        if line.name in seen:
            page.problem("show", f"{shown(line.name)}: two lines have this name; nobody could tell them apart")
        seen.add(line.name)


def _is_there(page: DraftSection, line: ListedLine, draft: Draft) -> None:
    """Refuse names of sections that are not in the file."""
    of_endpoints = [pbx for pbx, colon, _ in (name.partition(":") for name in line.endpoints) if colon]
    named = ((PBX, [*line.pbxs, *(pbx for pbx in of_endpoints if "/" not in pbx)]), (WATCH, line.watches))
    for kind, patterns in named:
        known = draft.names(kind)
        for pattern in patterns:
            if not any(fnmatchcase(name, pattern) for name in known):
                page.problem(
                    "show", f"{shown(pattern)}: there is no such [{kind} …] section", suggestion=nearest(pattern, known)
                )
    sites = draft.names(SITE)
    for pattern in line.sites:
        if not any(fnmatchcase(name, pattern) for name in sites) and not _may_be_address(pattern):
            page.problem(
                "show",
                f"{shown(pattern)}: there is no such [site …] section, and it is no address and no network",
                suggestion=nearest(pattern, sites),
            )


def _may_be_address(pattern: str) -> bool:
    """Whether a site without a section may be called so: by its address or network; patterns may mean one."""
    from ipaddress import ip_network  # noqa: PLC0415  (status and report have no need of it)

    if not WILDCARDS.isdisjoint(pattern):
        return True
    try:
        ip_network(pattern)
    except ValueError:
        return False
    return True


def _warn_of_unwatched(page: DraftSection, line: ListedLine, draft: Draft) -> None:
    """Warn of an endpoint that no section watches: how it is will never be known."""
    for name in line.endpoints:
        if not WILDCARDS.isdisjoint(name) or name.startswith("REGISTRATION/"):
            continue
        _, _, plain = name.rpartition(":")
        is_watched = any(
            fnmatchcase(plain, pattern) for watch in draft.of("watch") for pattern in watch.values.get("endpoints", ())
        )
        if not is_watched:
            page.warning("show", f"{shown(name)}: no [watch …] section takes it, so how it is will not be known")
