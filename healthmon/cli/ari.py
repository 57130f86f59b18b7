"""``healthmon ari``: ARI of a PBX, looked through from a terminal: what there is, a single call, the events."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from zoneinfo import ZoneInfo

import click
from msgspec.structs import replace

from healthmon.ari.address import rest_url
from healthmon.ari.api_document import ApiDocument, AriOperation
from healthmon.ari.client import AriClient
from healthmon.ari.events import open_events
from healthmon.ari.shown import in_words, readable
from healthmon.cli import completing
from healthmon.cli.asking import confirmed
from healthmon.cli.common import screen
from healthmon.config.configuration import Config
from healthmon.config.loading.load import load
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.values import duration
from healthmon.errors import AriError, AriNotFound, AriUnexpected, ExitCode
from healthmon.report.explorer.call import AriCall, call_of, curl_line, segments_of
from healthmon.report.explorer.text import resource_text, resources_text
from healthmon.report.json_text import json_line, json_text
from healthmon.report.tables import line
from healthmon.sources.api_documents import cache_folder, document_of, kept_documents
from healthmon.text.visible import visible

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Command = TypeVar("Command", bound=Callable[..., object])

#: What Asterisk does while a sound plays may wait for its end (seconds).
TIMEOUT = 30.0
#: The one method that changes nothing: all others ask before they send.
READS = "GET"

pbx_option = click.option(
    "--pbx", "pbx", metavar="NAME", shell_complete=completing.pbxs, help="Which PBX, where several are configured."
)


def _call_options(command: Command) -> Command:
    """Give a command what each call takes."""
    options = (
        click.argument("path", shell_complete=lambda ctx, _param, typed: _paths(ctx, typed)),
        click.option("-d", "--data", multiple=True, metavar="NAME=VALUE", help="A parameter; may be repeated."),
        click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON without colours."),
        click.option("--curl", is_flag=True, help="Only print the same for curl, which asks for the password."),
        pbx_option,
    )
    for option in reversed(options):
        command = option(command)
    return command


class _Resources(click.Group):
    """The commands, and each resource of a PBX under its own name."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """A command of ours, or what shows a resource of that name; whether there is one, the PBX says."""
        return super().get_command(ctx, cmd_name) or _shows(cmd_name)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer resources, too, as far as they are known without asking."""
        from click.shell_completion import CompletionItem  # noqa: PLC0415  (only for a shell that asks)

        names = {
            resource.name: resource.description
            for document in kept_documents(cache_folder(os.environ))
            for resource in document.resources
            if resource.name.startswith(incomplete) and resource.name not in self.commands
        }
        return [*super().shell_complete(ctx, incomplete), *(CompletionItem(name, help=names[name]) for name in names)]


@click.group("ari", cls=_Resources, invoke_without_command=True, subcommand_metavar="[RESOURCE | COMMAND] ...")
@pbx_option
@click.pass_context
def command(ctx: click.Context, pbx: str | None) -> None:
    """Look through ARI, the REST interface of Asterisk, as this PBX has it.

    Alone it lists the resources; with the name of one, its operations: healthmon ari endpoints. Passwords are hidden
    in whatever is shown.
    """
    ctx.meta[_PBX] = pbx
    if ctx.invoked_subcommand is None:
        with _client(_pbx(ctx, None)) as client:
            click.echo(resources_text(_document(client), screen()), nl=False)


#: Under this name the group leaves which PBX is meant.
_PBX = "healthmon.ari.pbx"


def _shows(name: str) -> click.Command:
    """Make the command that shows the resource of this name."""

    @click.command(name, help=f"The operations of the resource {name}, as this PBX has it.")
    @click.option("--models", is_flag=True, help="Show the shapes of what is answered, too.")
    @pbx_option
    @click.pass_context
    def show(ctx: click.Context, models: bool, pbx: str | None) -> None:
        _show(ctx, name, pbx, with_models=models)

    return show


@command.command("show")
@click.argument("resource")
@click.option("--models", is_flag=True, help="Show the shapes of what is answered, too.")
@pbx_option
@click.pass_context
def show_resource(ctx: click.Context, resource: str, models: bool, pbx: str | None) -> None:
    """The operations of a resource; of "events", too, which is a command here."""
    _show(ctx, resource, pbx, with_models=models)


def _show(ctx: click.Context, name: str, pbx: str | None, *, with_models: bool) -> None:
    with _client(_pbx(ctx, pbx)) as client:
        document = _document(client)
    resource = document.resource(name)
    if resource is None:
        names = ", ".join(each.name for each in document.resources)
        raise click.UsageError(f"'{name}' is no command, and no resource of this PBX: there are {names}")
    click.echo(resource_text(resource, screen(), with_models=with_models), nl=False)


@command.command("get")
@_call_options
@click.pass_context
def get(ctx: click.Context, path: str, data: Sequence[str], *, as_json: bool, curl: bool, pbx: str | None) -> None:
    """Ask: healthmon ari get /endpoints/PJSIP/101."""
    _do(ctx, READS, path, data, pbx, as_json=as_json, curl=curl, is_sure=True)


def _writing(method: str, about: str) -> click.Command:
    """Make the command of a method that may change something at Asterisk."""

    @click.command(method.lower(), help=f"{about} Asks before, unless --yes is given.")
    @_call_options
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @click.pass_context
    def write(
        ctx: click.Context, path: str, data: Sequence[str], *, as_json: bool, curl: bool, pbx: str | None, yes: bool
    ) -> None:
        _do(ctx, method, path, data, pbx, as_json=as_json, curl=curl, is_sure=yes)

    return write


for _method, _about in (
    ("POST", "Have Asterisk do something: healthmon ari post /channels -d endpoint=PJSIP/101 -d …"),
    ("PUT", "Set something: healthmon ari put /deviceStates/Stasis:lamp -d deviceState=INUSE."),
    ("DELETE", "End or remove something: healthmon ari delete /channels/ID."),
):
    command.add_command(_writing(_method, _about))


def _do(
    ctx: click.Context,
    method: str,
    path: str,
    data: Sequence[str],
    name: str | None,
    *,
    as_json: bool,
    curl: bool,
    is_sure: bool,
) -> None:
    """Make a call and print what was answered; or print it for curl."""
    pbx = _pbx(ctx, name)
    with _client(pbx) as client:
        call = call_of(method, path, data, _operation(client, method, path, has_data=bool(data)))
        if curl:
            click.echo(visible(curl_line(call, rest_url(pbx, call.segments), pbx.username)))
            return
        if not (is_sure or confirmed(f"{visible(_asked(call))} on {pbx.name}?")):
            click.echo("healthmon: nothing was sent", err=True)
            ctx.exit(ExitCode.PROBLEM)
        said = readable(client.request(call.method, call.segments, call.query, call.body))
    if said is not None:
        _print_json(said, is_plain=as_json)
    elif not as_json:
        click.echo("done: Asterisk answers nothing more")


def _operation(client: AriClient, method: str, path: str, *, has_data: bool) -> AriOperation | None:
    """The operation that a call is, where that decides what goes into its body."""
    if not has_data or method == READS:
        return None
    try:
        return _document(client).operation(method, segments_of(path))
    except (AriNotFound, AriUnexpected):
        # Without its documents everything is a parameter.
        return None


def _asked(call: AriCall) -> str:
    given = [f"{name}={value}" for name, value in (*call.query.items(), *(call.body or {}).items())]
    return " ".join([call.words, *given])


def _print_json(said: Any, *, is_plain: bool) -> None:
    """Print as JSON; in colours where somebody looks."""
    text, where = json_text(said), screen()
    if is_plain or not where.has_colour:
        click.echo(text)
        return
    from rich.console import Console  # noqa: PLC0415  (only for a person who looks)
    from rich.syntax import Syntax  # noqa: PLC0415

    Console().print(Syntax(text, "json", theme="ansi_dark", background_color="default", word_wrap=True))


@command.command("events")
@click.option("--type", "types", multiple=True, metavar="TYPE", help="Only events of this type; may be repeated.")
@click.option("--for", "lasting", metavar="DURATION", help="For so long, like 30s.  [default: until Ctrl-C]")
@click.option("--json", "as_json", is_flag=True, help="Print each event as one line of JSON.")
@pbx_option
@click.pass_context
def events(ctx: click.Context, types: Sequence[str], lasting: str | None, *, as_json: bool, pbx: str | None) -> None:
    """Show all events of this PBX as they come, in words: calls, devices, contacts, bridges.

    An ARI application of its own is registered for that, and removed at the end; the daemon is not disturbed.
    """
    ends_at = None
    if lasting is not None:
        try:
            ends_at = time.monotonic() + duration("1s", "1d")(lasting)
        except ValueError as error:
            raise click.UsageError(f"--for: {error}") from None
    config = load(ctx.obj)
    own = replace(_chosen(ctx, config, pbx), application=f"healthmon-ari-{os.uname().nodename}-{os.getpid()}")
    for event in _stream(own, ends_at):
        if types and event.get("type") not in types:
            continue
        if as_json:
            click.echo(json_line(event))
        else:
            click.echo(line(_event_line(event, config.timezone), screen()), nl=False)


def _stream(pbx: PbxConfig, ends_at: float | None) -> Iterator[dict[str, Any]]:
    """Give the events of a PBX until it is time, or somebody presses Ctrl-C; what is registered for it is removed."""
    with closing(open_events(pbx, subscribe_all=True)) as stream, closing(AriClient(pbx)) as client:
        try:
            while ends_at is None or time.monotonic() < ends_at:
                said = readable(stream.receive() or b"")
                if isinstance(said, dict):
                    yield said
        except KeyboardInterrupt:
            click.echo(err=True)
        finally:
            with _told_what_stays():
                client.forget_application()


@contextmanager
def _told_what_stays() -> Iterator[None]:
    try:
        yield
    except AriError as error:
        # 22 removes it with the stream all the same.
        click.echo(
            f"healthmon: the application may stay on an older Asterisk until its next restart: {error}", err=True
        )


def _event_line(event: dict[str, Any], zone: ZoneInfo) -> str:
    """Write ``14:02:11.123 DeviceStateChanged PJSIP/101 INUSE``."""
    try:
        at = datetime.fromisoformat(str(event.get("timestamp"))).astimezone(zone).strftime("%H:%M:%S.%f")[:-3]
    except ValueError:
        at = "--:--:--.---"
    return visible(f"{at} {event.get('type', '?')} {in_words(event)}".rstrip())


# ---------------------------------------------------------------- which PBX, and what it has


def _pbx(ctx: click.Context, name: str | None) -> PbxConfig:
    """The PBX that is meant."""
    return _chosen(ctx, load(ctx.obj), name)


def _chosen(ctx: click.Context, config: Config, name: str | None) -> PbxConfig:
    """The PBX that is named, behind the command or before it; or the only one."""
    name = name or ctx.meta.get(_PBX)
    names = ", ".join(pbx.name for pbx in config.pbxs)
    if name is None:
        if len(config.pbxs) > 1:
            raise click.UsageError(f"several PBXs are configured; --pbx says which: {names}")
        return config.pbxs[0]
    for pbx in config.pbxs:
        if pbx.name == name:
            return pbx
    raise click.BadParameter(f"no PBX of this name is configured: {name}; there are {names}", param_hint="--pbx")


@contextmanager
def _client(pbx: PbxConfig) -> Iterator[AriClient]:
    with closing(AriClient(pbx, timeout=TIMEOUT)) as client:
        yield client


def _document(client: AriClient) -> ApiDocument:
    return document_of(client, cache_folder(os.environ))


def _paths(ctx: click.Context, typed: str) -> list[CompletionItem]:
    """Offer the paths of the documents that are kept, and in place of ``{resource}`` the endpoints that are known."""
    from click.shell_completion import CompletionItem  # noqa: PLC0415  (only for a shell that asks)

    method = (ctx.info_name or "").upper()
    paths = {
        operation.path: operation.summary
        for document in kept_documents(cache_folder(os.environ))
        for resource in document.resources
        for operation in resource.operations
        if operation.method == method
    }
    offered = {path.partition("{")[0]: summary for path, summary in paths.items()}
    for item in completing.endpoints(ctx, ctx.command.params[0], ""):
        offered[f"/endpoints/{item.value}"] = str(item.help)
    return [CompletionItem(path, help=offered[path]) for path in sorted(offered) if path.startswith(typed)]
