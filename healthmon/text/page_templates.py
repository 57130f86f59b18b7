"""What every template of a page is read with: those of reports, and those of the web process."""

from __future__ import annotations

from jinja2 import Environment, PackageLoader, StrictUndefined

from healthmon.text.visible import visible


def templates_of(package: str) -> Environment:
    """Read the templates of a package.

    Whatever is put into them is escaped: names and user agents come from strangers.
    """
    made = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["visible"] = visible
    return made
