"""The page that says what is configured: what ``healthmon check-config`` says, which holds no secret."""

from __future__ import annotations

from itertools import groupby

from flask import Response
from msgspec import Struct

from healthmon.errors import ExitCode
from healthmon.publish.web.access.access import NotAllowed
from healthmon.publish.web.access.identity import Proof, asker
from healthmon.publish.web.commands import OwnCommands
from healthmon.publish.web.live import Unreadable
from healthmon.publish.web.pages.rendering import Pages
from healthmon.text.visible import visible

#: The file was read, with mistakes or without.
_READ = (ExitCode.OK, ExitCode.CONFIG)


class SettingsPart(Struct, frozen=True):
    """One section in words: its first line, and the others."""

    head: str
    lines: tuple[str, ...]


def settings_page(made: Pages, commands: OwnCommands) -> Response:
    """Answer with the page. Raises NotAllowed, Busy and Unreadable."""
    if asker().proof is Proof.PLACE:
        # Not each user of this machine may read the configuration.
        raise NotAllowed("the settings are shown to who has logged in; [user NAME] sections say who may")
    if not asker().scope.sees_everything:
        raise NotAllowed("the settings are of all customers; they are shown to who sees everything")
    printed = commands.run(["check-config"])
    with printed.output as output:
        if printed.code not in _READ:
            raise Unreadable(printed.why)
        text = output.read().decode(errors="replace")
    return made.plain_page(
        "settings.html",
        title=made.words().text("Settings"),
        at="settings",
        stays=True,
        parts=parts_of_settings(text),
        said=[visible(line) for line in printed.errors],
        is_sound=printed.code == ExitCode.OK,
    )


def parts_of_settings(text: str) -> list[SettingsPart]:
    """Divide what ``check-config`` prints at its empty lines; the last part is its verdict."""
    lines = [visible(line) for line in text.splitlines()]
    parts = [list(group) for is_full, group in groupby(lines, key=bool) if is_full]
    return [SettingsPart(head, tuple(line.strip() for line in others)) for head, *others in parts]
