"""What commands say of the registrations of a PBX, where its manager interface may be asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from healthmon.config.configuration import Config
from healthmon.config.sections.pbx import PbxConfig
from healthmon.model import Target
from healthmon.report.formatting import counted


def registration_lines(pbx: PbxConfig, config: Config, listed: Iterable[Target]) -> Iterator[str]:
    """Ask for the registrations of a PBX, and say whose each is, and how it stands. Raises AmiError."""
    # Most have none: who speaks to a manager interface is not even imported then.
    from healthmon.sources.manager.survey import survey_manager  # noqa: PLC0415

    def given(target: Target) -> Sequence[str]:
        watch = config.watch_for(target)
        if watch is None:
            return ()
        return watch.registrations

    found = survey_manager(pbx, [target for target in listed if config.is_watched(target)], given)
    yield f"pbx {pbx.name}: manager interface answers; {counted(len(found.registrations), 'registration')}"
    for row in found.registrations:
        owner = found.owners.get(row.name)
        whose = "of no watched endpoint"
        if owner is not None:
            whose = f"of {owner.endpoint}"
        yield f"    {row.name} {whose}: {row.status}"
