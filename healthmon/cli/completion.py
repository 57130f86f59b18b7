"""``healthmon completion``: the lines that teach a shell our commands, options, names and numbers."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

#: The variable by which the shell asks us what may come next.
VARIABLE = "_HEALTHMON_COMPLETE"


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, *, shell: str) -> None:
    """Print what makes a shell complete commands, options, endpoint names, sites, and incident numbers by Tab.

    bash: healthmon completion bash > /etc/bash_completion.d/healthmon; zsh: into a file _healthmon in a folder of
    $fpath; fish: into ~/.config/fish/completions/healthmon.fish.
    """
    found = get_completion_class(shell)
    assert found is not None, shell  # noqa: S101  (click knows these three)
    program = ctx.find_root().command
    # Not source(): it would run the shell to ask for its version.
    completion = found(program, {}, "healthmon", VARIABLE)
    click.echo(completion.source_template % completion.source_vars())
