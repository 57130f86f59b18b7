"""``healthmon check-config``: every problem of the configuration at once; with ``--connect`` also of the PBXs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path

import click

from healthmon.cli.common import progress
from healthmon.cli.registrations import asked_registrations, registration_lines
from healthmon.cli.report_arguments import why_no_report
from healthmon.config.configuration import Config
from healthmon.config.describe import describe
from healthmon.config.loading.load import load
from healthmon.config.loading.templates import TemplateRule
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AmiUnreachable, AriError, AriUnreachable, ExitCode
from healthmon.model import Target
from healthmon.notify.channels.by_scheme import remark, why_refused
from healthmon.notify.templates.rendering import Rendering
from healthmon.notify.templates.samples import why_broken
from healthmon.report.admin.discovery import (
    disagreements,
    effective_holds,
    lack_of_drivers,
    matches_nothing,
    missing_modules_in_words,
    unchecked,
)
from healthmon.report.formatting import counted
from healthmon.sources.survey import Survey, survey

#: So many endpoints of a PBX are asked about through ARI; at 20 requests a second that takes some 50 s.
MOST_ASKED = 500


@click.command("check-config")
@click.option("--connect", is_flag=True, help="Also ask each PBX: does it answer, and does its configuration agree?")
@click.pass_obj
def command(config_path: Path, connect: bool) -> None:
    """Check the configuration, and say what it means.

    Lists every problem with its file, line, section and option, and exits with 78 if there is one. With --connect
    each PBX is asked too; exit code 1 if one does not answer as it should.
    """
    with closing(Rendering()) as rendering:
        config = load(
            config_path,
            why_refused=why_refused,
            remark=remark,
            templates=TemplateRule(partial(why_broken, rendering=rendering), is_fatal=True),
            why_no_report=why_no_report,
        )
    for line in describe(config):
        click.echo(line)
    click.echo()
    for warning in config.warnings:
        click.echo(f"warning: {warning}", err=True)
    surveys = {pbx.name: _try(pbx, config) for pbx in config.pbxs} if connect else {}
    listed = {name: found.states for name, found in surveys.items() if found is not None}
    useless = list(matches_nothing(listed, config)) if connect else []
    for warning in useless:
        click.echo(f"warning: {warning}", err=True)
    warnings = len(config.warnings) + len(useless)
    managers_answer = [
        _try_manager(pbx, config, listed.get(pbx.name, {})) for pbx in config.pbxs if connect and pbx.ami
    ]
    is_complete = all(found is not None and not found.missing_modules for found in surveys.values())
    if is_complete and all(managers_answer):
        verdict = f"no mistakes, {counted(warnings, 'warning')}" if warnings else "no problems found"
        click.echo(f"{config_path}: {verdict}")
        return
    click.echo(f"{config_path}: the file itself has no {'mistakes' if warnings else 'problems'}")
    raise SystemExit(ExitCode.PROBLEM)


def _try(pbx: PbxConfig, config: Config) -> Survey | None:
    """Ask one PBX and print what comes of it; return that, or None: it did not let us look."""
    try:
        found = survey(
            pbx,
            progress(f"asking {pbx.name}"),
            wanted=lambda target: config.watch_for(target) is not None,
            most=MOST_ASKED,
            by_manager=True,
        )
    except AriError as error:
        verdict = "DOES NOT ANSWER" if isinstance(error, AriUnreachable) else "DOES NOT LET US LOOK"
        click.echo(f"pbx {pbx.name}: {verdict}: {error.call}: {error.what}\n")
        return None
    for line in _in_words(pbx, found, config):
        click.echo(line)
    click.echo()
    return found


def _try_manager(pbx: PbxConfig, config: Config, listed: Iterable[Target]) -> bool:
    """Ask the manager interface of one PBX and print what comes of it; whether it let us look."""
    try:
        found = asked_registrations(pbx, config, list(filter(config.is_watched, listed)))
    except AmiError as error:
        verdict = "DOES NOT ANSWER" if isinstance(error, AmiUnreachable) else "DOES NOT LET US LOOK"
        click.echo(f"pbx {pbx.name}: manager interface: {verdict}: {error.what}\n")
        return False
    for line in [*registration_lines(pbx.name, found, nobody="of no watched endpoint"), ""]:
        click.echo(line)
    return True


def _in_words(pbx: PbxConfig, found: Survey, config: Config) -> Iterator[str]:
    watched = sum(config.watch_for(target) is not None for target in found.states.keys() - found.unconfigured)
    yield f"pbx {pbx.name}: Asterisk {found.info.version} answers; {len(found.states)} endpoints, {watched} watched"
    if found.missing_modules:
        yield f"    MISSING: {missing_modules_in_words(found.missing_modules)}"
    if len(found.settings) < watched:
        yield f"    only the first {len(found.settings)} were asked how they are checked"
    if found.unconfigured:
        yield f"    not in Asterisk's configuration, only in its list: {_first_names(found.unconfigured)}"
    for line in effective_holds(found.settings, config):
        yield f"    {line}"
    if found.remark:
        yield f"    warning: {found.remark}"
    if found.missing_drivers:
        yield f"    warning: {lack_of_drivers(found.missing_drivers)}"
    for line in disagreements(found.settings, config):
        yield f"    warning: {line}"
    unseen = unchecked(found.settings)
    if unseen:
        yield f"    warning: not checked by Asterisk (qualify_frequency is 0): {_first_names(unseen)}"


def _first_names(targets: Sequence[Target]) -> str:
    """Name the first five endpoints, and say how many more there are."""
    more = f", … and {len(targets) - 5} more" if len(targets) > 5 else ""
    return ", ".join(target.endpoint for target in targets[:5]) + more
