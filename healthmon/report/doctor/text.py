"""What ``healthmon doctor`` prints, for a terminal of 80 columns. Lines to copy are never broken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from textwrap import wrap

from healthmon.report.doctor.diagnosis import Diagnosis
from healthmon.report.doctor.finding import DoctorFinding, Gravity, Remedy
from healthmon.report.doctor.qualify import Noticing
from healthmon.report.formatting import counted, visible
from healthmon.text.callerid import beside
from healthmon.text.lists import listed_in_full

WIDTH = 80
#: For the names of the endpoints that a finding is about.
_ROOM_FOR_NAMES = 220


def doctor_text(diagnosis: Diagnosis) -> str:
    """Write everything: each PBX, then what is healthmon's own, then what was not looked at."""
    lines: list[str] = []
    for look in diagnosis.looks:
        pbx = f"pbx {look.pbx.name} at {look.pbx.url}"
        if look.survey is not None:
            pbx = f"pbx {look.pbx.name}: Asterisk {look.survey.info.version} at {look.pbx.url}"
        lines += [pbx, ""]
        lines += _noticing(diagnosis.noticing[look.pbx.name])
        lines += _findings([finding for finding in diagnosis.findings if finding.pbx == look.pbx.name])
    lines += ["healthmon and this machine", ""]
    lines += _findings([finding for finding in diagnosis.findings if not finding.pbx])
    for words in diagnosis.unseen:
        lines += _wrapped(f"Not looked at: {words}.", "", "  ")
    if diagnosis.unseen:
        lines.append("")
    lines.append(_sum(diagnosis.findings))
    return "\n".join(map(visible, lines)) + "\n"


def finding_text(finding: DoctorFinding) -> str:
    """Write one finding by itself."""
    return "\n".join(map(visible, _finding(finding))) + "\n"


def remedy_text(remedy: Remedy, freepbx: str) -> str:
    """Write one remedy by itself, and what to do instead where FreePBX writes Asterisk's files."""
    return "\n".join(map(visible, [*_remedy(remedy), *_freepbx(freepbx)])) + "\n"


def _noticing(rows: Sequence[Noticing]) -> Iterator[str]:
    """Say how soon a loss is noticed, for each watch section."""
    for row in rows:
        whose = "its" if row.endpoints == 1 else "their"
        how = f"not checked: {whose} loss is noticed by nobody"
        if row.is_asked_by_us:
            how = f"not checked by Asterisk: only healthmon's own OPTIONS notice {whose} loss"
        if row.qualify_frequency:
            worst = row.qualify_frequency + row.qualify_timeout
            how = (
                f"checked every {row.qualify_frequency:g} s, given up after {row.qualify_timeout:g} s: "
                f"a loss is noticed within {worst:g} s"
            )
        yield from _wrapped(f"watch {row.watch}: {counted(row.endpoints, 'endpoint')} {how}", "  ", "    ")
    if rows:
        yield ""


def _findings(findings: Sequence[DoctorFinding]) -> Iterator[str]:
    if not findings:
        yield from ("  nothing found", "")
    for finding in findings:
        yield from _finding(finding)
        yield ""


def _finding(finding: DoctorFinding) -> Iterator[str]:
    yield f"  {finding.gravity.upper()}  {finding.name}"
    yield from _wrapped(finding.means, "    ", "    ")
    if finding.endpoints:
        full_names = [beside(name, finding.called.get(name, "")) for name in finding.endpoints]
        yield from _wrapped(listed_in_full(full_names, finding.endpoints, _ROOM_FOR_NAMES), "      ", "      ")
    yield from _wrapped(f"Why it matters: {finding.why}", "    ", "    ")
    for remedy in finding.remedies:
        yield from _remedy(remedy)
    if finding.freepbx:
        yield from _freepbx(finding.freepbx)


def _freepbx(words: str) -> list[str]:
    return _wrapped(f"FreePBX: {words}", "    ", "    ")


def _remedy(remedy: Remedy) -> Iterator[str]:
    if remedy.lines:
        yield f"    In {remedy.file}:"
        yield from (f"        {line}" for line in remedy.lines)
    if remedy.commands:
        begin = "Do"
        if remedy.lines:
            begin = "Then"
        yield f"    {begin}:"
        yield from (f"        {command}" for command in remedy.commands)


def _wrapped(text: str, first: str, others: str) -> list[str]:
    return wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=others, break_long_words=False, break_on_hyphens=False
    )


def _sum(findings: Sequence[DoctorFinding]) -> str:
    """Say how much was found."""
    if not findings:
        return "Nothing found."
    by_gravity = {gravity: sum(finding.gravity is gravity for finding in findings) for gravity in Gravity}
    words = [
        f"{by_gravity[Gravity.SERIOUS]} serious",
        counted(by_gravity[Gravity.ADVICE], "piece of advice", "pieces of advice"),
        counted(by_gravity[Gravity.REMARK], "remark"),
    ]
    return f"Found: {', '.join(words)}. What each means: docs/doctor.md"
