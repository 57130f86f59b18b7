"""Groups of commands that know what a misspelt one was meant to be."""

from __future__ import annotations

import click

from healthmon.config.findings import nearest

#: Under this name a command leaves which database it reads.
DATABASE = "healthmon.database"


def resolved(
    group: click.Group, ctx: click.Context, args: list[str]
) -> tuple[str | None, click.Command | None, list[str]]:
    """Find the command that is meant. Raises UsageError with the command that was probably meant."""
    name = args[0]
    if not name.startswith("-") and group.get_command(ctx, name) is None:
        guess = nearest(name, group.list_commands(ctx))
        if guess:
            ctx.fail(f"No such command '{name}'; did you mean {guess}?")
    return click.Group.resolve_command(group, ctx, args)


class GuessingGroup(click.Group):
    """A group that does so."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is meant; one that is misspelt is met with the right one."""
        return resolved(self, ctx, args)
