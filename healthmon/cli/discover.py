"""``healthmon discover``: what each PBX has, and sections to paste."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

import click

from healthmon.ari.messages import EndpointState
from healthmon.cli.common import progress, screen
from healthmon.cli.registrations import asked_registrations, registration_lines
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AriError, ExitCode
from healthmon.report.admin.discovery import (
    NO_ENDPOINTS,
    NOT_CHECKED,
    Discovered,
    discovered,
    discovery_data,
    in_the_list_only,
    lack_of_drivers,
    missing_modules_in_words,
    sections_to_paste,
    what_to_delete,
)
from healthmon.report.formatting import duration
from healthmon.report.json_text import json_text
from healthmon.report.tables import Cell, Column, Sort, table
from healthmon.sources.survey import Survey, WithProgress, seconds_through_ari, survey

if TYPE_CHECKING:
    from healthmon.sources.manager.survey import ManagerSurvey

_COLUMNS = (
    Column("endpoint", Sort.NAME),
    Column("kind"),
    Column("because", Sort.PROSE),
    Column("checked"),
    Column("watch", Sort.NAME),
)
#: Shown where the configuration speaks of customers.
_CUSTOMER = Column("customer", Sort.NAME)

#: A person who waits for so long is told before how long it will take (seconds).
WORTH_SAYING_S = 10.0


@click.command("discover")
@click.option("--pbx", "only", multiple=True, metavar="PATTERN", help="Ask only these PBXs; may be repeated.")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@click.pass_obj
def command(config_path: Path, only: tuple[str, ...], as_json: bool) -> None:
    """Ask each PBX for its endpoints, and print watch sections that fit them.

    Says for each endpoint whether it is a provider or a phone, why, and whether Asterisk checks it (qualify).
    Nothing is changed, here or at the PBX. Exit code 1 if a PBX could not be asked.
    """
    config = load(config_path)
    unknown = [name for name in only if not any(fnmatchcase(pbx.name, name) for pbx in config.pbxs)]
    if unknown:
        raise click.BadParameter(f"no PBX of this name is configured: {', '.join(unknown)}", param_hint="--pbx")
    found: list[Discovered] = []
    registrations: dict[str, ManagerSurvey] = {}
    failures = 0
    for pbx in config.pbxs:
        if only and not any(fnmatchcase(pbx.name, name) for name in only):
            continue
        try:
            surveyed = survey(pbx, _asking(pbx), by_manager=True)
        except AriError as error:
            click.echo(f"healthmon: {error}", err=True)
            failures += 1
        else:
            failures += _complaints(pbx.name, surveyed)
            found += [discovered(endpoint, surveyed.states[endpoint.target], config) for endpoint in surveyed.settings]
            found += [in_the_list_only(target, surveyed.states[target]) for target in surveyed.unconfigured]
            if pbx.ami:
                registrations |= _registrations(pbx, config, surveyed)
    if as_json:
        click.echo(json_text(discovery_data(found, registrations, config.customers)))
    else:
        _print(found, config, registrations)
    if failures:
        raise SystemExit(ExitCode.PROBLEM)


def _asking(pbx: PbxConfig) -> WithProgress:
    """Show how far it is, and say before that how long it will take."""
    show = progress(f"asking {pbx.name}")

    def shown(endpoints: Sequence[EndpointState]) -> Iterable[EndpointState]:
        lasts = seconds_through_ari(len(endpoints))
        if lasts >= WORTH_SAYING_S:
            advice = "with a manager interface (ami in its section) it takes seconds"
            if pbx.ami:
                advice = "its manager interface tells nothing of them; write = reporting is what that needs"
            click.echo(
                f"healthmon: pbx {pbx.name}: asking ARI about {len(endpoints):,} endpoints takes some "
                f"{duration(lasts)}; {advice}",
                err=True,
            )
        return show(endpoints)

    return shown


def _complaints(pbx: str, found: Survey) -> int:
    """Say what keeps a PBX from being watched; return whether there is anything."""
    if not found.states:
        click.echo(f"healthmon: pbx {pbx}: {NO_ENDPOINTS}", err=True)
    if found.missing_drivers:
        click.echo(f"healthmon: pbx {pbx}: {lack_of_drivers(found.missing_drivers)}", err=True)
    if found.missing_modules:
        click.echo(f"healthmon: pbx {pbx}: {missing_modules_in_words(found.missing_modules)}", err=True)
    return int(bool(found.missing_modules))


def _registrations(pbx: PbxConfig, config: Config, surveyed: Survey) -> dict[str, ManagerSurvey]:
    """Ask which registration belongs to which endpoint; what keeps us from knowing is said, and no more."""
    try:
        configured = surveyed.states.keys() - set(surveyed.unconfigured)
        return {pbx.name: asked_registrations(pbx, config, configured)}
    except AmiError as error:
        click.echo(f"healthmon: {error}", err=True)
        return {}


def _print(found: Sequence[Discovered], config: Config, registrations: Mapping[str, ManagerSurvey]) -> None:
    """Print a table for each PBX, the registrations, the endpoints that nobody can see, and the sections."""
    has_customers = bool(config.customers.names)
    columns = list(_COLUMNS)
    if has_customers:
        columns.append(_CUSTOMER)
    for pbx in dict.fromkeys(endpoint.target.pbx for endpoint in found):
        some = [endpoint for endpoint in found if endpoint.target.pbx == pbx]
        click.echo(f"{pbx}: {len(some)} endpoints")
        rows = []
        for shown in some:
            words = [shown.target.endpoint, str(shown.kind or "-"), shown.why, shown.qualified, shown.watch or "-"]
            if has_customers:
                words.append(shown.customer or "-")
            rows.append([Cell(text) for text in words])
        click.echo(table(columns, rows, screen()))
    for name, of_pbx in registrations.items():
        for line in (*registration_lines(name, of_pbx, nobody="of no endpoint"), ""):
            click.echo(line)
    unseen = sum(endpoint.qualified == NOT_CHECKED for endpoint in found)
    if unseen:
        click.echo(
            f"{unseen} of {len(found)} endpoints are not checked by Asterisk (qualify_frequency is 0), so nobody can\n"
            "see at once when they are gone. Set qualify_frequency = 60 on their AORs in pjsip.conf.\n"
        )
    if found:
        to_delete = what_to_delete(found, config)
        click.echo(f"# ready to paste into {config.path}" + (f"; {to_delete}" if to_delete else ""))
        click.echo(sections_to_paste(found, [receiver.name for receiver in config.receivers]), nl=False)
