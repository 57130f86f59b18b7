"""Whether the arguments of a scheduled report are right: asked of the report command itself."""

from __future__ import annotations

from collections.abc import Sequence

import click

from healthmon.errors import HealthmonError

#: What healthmon says by itself when it makes a report: as click names it, and as people do.
_OURS = {"as_of": "--as-of", "database": "--database", "output": "--output"}


def why_no_report(arguments: Sequence[str]) -> str | None:
    """Say why no report can be made with these arguments of ``healthmon report``; None: it can."""
    from healthmon.cli.report import check_times, command  # noqa: PLC0415  (only where a schedule is configured)

    if "--help" in arguments:
        return "--help makes no report"
    try:
        given = command.make_context("report", list(arguments)).params
        check_times(given)
    except click.UsageError as error:
        return error.format_message()
    except HealthmonError as error:
        return str(error)
    ours = [option for name, option in _OURS.items() if given[name] is not None]
    if ours:
        return f"{ours[0]} is not for a schedule: healthmon gives it by itself"
    return None
