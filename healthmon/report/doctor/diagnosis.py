"""All findings about what was looked at, the worst first, and what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from healthmon.config.configuration import Config
from healthmon.errors import ExitCode
from healthmon.model import DisplayNames, Target
from healthmon.report.doctor import access, asterisk, manager, own, qualify
from healthmon.report.doctor.blind import not_looked_at
from healthmon.report.doctor.finding import DoctorFinding, Gravity
from healthmon.report.doctor.qualify import Noticing
from healthmon.sources.examination import PbxLook
from healthmon.sources.machine import MachineLook


class Diagnosis(Struct, frozen=True):
    """What was found, the worst first."""

    #: The PBXs that were looked at, in the order of the configuration.
    looks: tuple[PbxLook, ...]
    findings: tuple[DoctorFinding, ...]
    #: How soon a loss is noticed, by the name of the PBX.
    noticing: Mapping[str, Sequence[Noticing]]
    #: What could not be looked at, and why.
    unseen: tuple[str, ...]

    @property
    def exit_code(self) -> int:
        """What the command ends with: that a PBX let nobody look comes before what was found elsewhere."""
        if any(finding.is_blind for finding in self.findings):
            return ExitCode.STALE
        if any(finding.gravity is Gravity.SERIOUS for finding in self.findings):
            return ExitCode.PROBLEM
        return ExitCode.OK


def diagnose(looks: Sequence[PbxLook], machine: MachineLook, config: Config) -> Diagnosis:
    """Judge what was looked at."""
    findings = [
        *(finding for look in looks for finding in _of_pbx(look, config)),
        *own.of_coverage(looks, config),
        *own.of_configuration(config, machine),
        *own.of_machine(config, machine),
    ]
    surveys = [look.survey for look in looks if look.survey is not None]
    callers = {settings.target: settings.caller_name for survey in surveys for settings in survey.settings}
    names = DisplayNames(config.names).with_callers(callers)
    findings = [replace(finding, called=_called(finding, names)) for finding in findings]
    order = list(Gravity)
    findings.sort(key=lambda finding: order.index(finding.gravity))
    return Diagnosis(
        looks=tuple(looks),
        findings=tuple(findings),
        noticing={look.pbx.name: qualify.noticing(look, config) for look in looks},
        unseen=tuple(_unseen(looks, machine, len(config.pbxs))),
    )


def _called(finding: DoctorFinding, names: DisplayNames) -> Mapping[str, str]:
    called = {}
    for endpoint in finding.endpoints:
        technology, _, resource = endpoint.partition("/")
        name = names.of(Target(finding.pbx, technology, resource))
        if name:
            called[endpoint] = name
    return called


def _of_pbx(look: PbxLook, config: Config) -> Iterator[DoctorFinding]:
    if look.failure is not None:
        yield not_looked_at(look, look.failure)
    if look.survey is None:
        return
    yield from access.findings(look, look.survey)
    yield from asterisk.findings(look, look.survey)
    yield from qualify.findings(look, config)
    yield from manager.findings(look, look.survey, config)


def _unseen(looks: Sequence[PbxLook], machine: MachineLook, pbxs: int) -> Iterator[str]:
    for look in looks:
        yield from (f"pbx {look.pbx.name}: {words}" for words in look.unseen)
    if sum(look.survey is not None for look in looks) < pbxs:
        yield "which sections match nothing: for that all PBXs must be asked"
    if machine.service is None:
        yield "whether the service starts with this machine: no systemd runs here"
    if machine.file_system is None:
        yield "on which file system the database lies: the kernel does not say"
    if machine.free_bytes is None:
        yield "how much room is left for the database: its folder cannot be looked at"
