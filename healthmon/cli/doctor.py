"""``healthmon doctor``: what of a PBX, the configuration and this machine keeps healthmon from seeing, or telling."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import click
from msgspec.structs import replace

from healthmon.cli.common import progress
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.sections.pbx import PbxConfig
from healthmon.core.belief.evidence import LATER_THAN_ASTERISK_WAITS, NEVER_ANSWERED, NEVER_ANSWERED_ASTERISK
from healthmon.errors import StoreError
from healthmon.model import Check, CheckState, Health, Target
from healthmon.model.registrations import asks_for_help
from healthmon.notify.channels.by_scheme import why_refused
from healthmon.owners import become_owner
from healthmon.report.doctor.data import doctor_data
from healthmon.report.doctor.diagnosis import diagnose
from healthmon.report.doctor.qualify import is_worth_a_look
from healthmon.report.doctor.text import doctor_text
from healthmon.report.json_text import json_text
from healthmon.sources.examination import Looking, PbxLook, look_at_pbx
from healthmon.sources.machine import look_at_machine
from healthmon.store.read.queries import open_reader

#: So many endpoints of a PBX are asked about; at 20 requests a second that takes some 50 s.
MOST_ASKED = 500


@click.command("doctor")
@click.option("--pbx", "only", multiple=True, metavar="PATTERN", help="Look only at these PBXs; may be repeated.")
@click.option(
    "--asterisk-config",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("/etc/asterisk"),
    show_default=True,
    help="Where Asterisk's own files are, for a PBX on this machine.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON (docs/json.md).")
@click.pass_context
def command(ctx: click.Context, only: tuple[str, ...], folder: Path, *, as_json: bool) -> None:
    """Find what keeps healthmon from seeing an outage, or from telling it; say what to write where.

    Reads only: nothing is changed, here or at the PBX. Exit code 1 if something is serious, 3 if a PBX could not be
    looked at.
    """
    config = load(ctx.obj, why_refused=why_refused)
    unknown = [name for name in only if not any(fnmatchcase(pbx.name, name) for pbx in config.pbxs)]
    if unknown:
        raise click.BadParameter(f"no PBX of this name is configured: {', '.join(unknown)}", param_hint="--pbx")
    chosen = [pbx for pbx in config.pbxs if not only or any(fnmatchcase(pbx.name, name) for name in only)]
    looks = [_look(pbx, config, folder) for pbx in chosen]
    machine = look_at_machine(config.path, config.database)
    looks = list(_with_what_was_seen(looks, config))
    found = diagnose(looks, machine, config)
    if as_json:
        click.echo(json_text(doctor_data(found)))
    else:
        click.echo(doctor_text(found), nl=False)
    ctx.exit(found.exit_code)


def _with_what_was_seen(looks: Sequence[PbxLook], config: Config) -> Iterator[PbxLook]:
    """Add what only a running healthmon has seen.

    That Asterisk tries a registration no longer, which it does not say, and who never has answered OPTIONS, or too
    late.
    """
    states = _states(config.database)
    reasons = (state.reason for state in states if state.check == Check.REGISTRATION)
    words = "\n".join(reason for reason in reasons if asks_for_help(reason))
    never_answered = [
        state.target for state in states if state.check == Check.OPTIONS and state.remark.endswith(NEVER_ANSWERED)
    ]
    silent_to_asterisk = _down_because(states, NEVER_ANSWERED_ASTERISK)
    too_late = _down_because(states, LATER_THAN_ASTERISK_WAITS)
    for look in looks:
        manager = look.manager
        if manager is not None and words:
            names = [row.name for row in manager.registrations if f"'pjsip send register {row.name}'" in words]
            manager = replace(manager, given_up=(*manager.given_up, *names))
        yield replace(
            look,
            manager=manager,
            never_answered=_of_pbx(look, never_answered),
            registered_and_silent=_of_pbx(look, silent_to_asterisk),
            answering_too_late=_of_pbx(look, too_late),
        )


def _down_because(states: Sequence[CheckState], words: str) -> list[Target]:
    """Whom Asterisk cannot reach, with these words in the reason."""
    return [state.target for state in states if state.belief is Health.DOWN and words in state.reason]


def _of_pbx(look: PbxLook, targets: Iterable[Target]) -> tuple[Target, ...]:
    return tuple(target for target in targets if target.pbx == look.pbx.name)


def _states(database: Path) -> Sequence[CheckState]:
    """What was believed last; nothing where nobody may read that."""
    become_owner(database)
    try:
        with open_reader(database) as reader:
            return reader.states()
    except (StoreError, OSError):
        return ()


def _look(pbx: PbxConfig, config: Config, folder: Path) -> PbxLook:
    return look_at_pbx(
        pbx,
        Looking(
            progress=progress(f"asking {pbx.name}"),
            is_watched=config.is_watched,
            is_worth_a_look=lambda settings: is_worth_a_look(settings, config),
            most=MOST_ASKED,
            folder=folder,
        ),
    )
