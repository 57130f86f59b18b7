"""The commands: each reads its arguments, calls the part that does the work, prints, and sets the exit code."""

from __future__ import annotations


def main() -> None:
    """Run the command line. Never returns."""
    from healthmon.cli.main import cli  # noqa: PLC0415  (a command's module is imported without click's group)

    cli(prog_name="healthmon")
