"""The page about the doctor: it has a chapter for each finding, and for nothing else."""

from __future__ import annotations

import re

from healthmon.report.doctor.finding import FindingName
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_finding_has_a_chapter_and_every_chapter_a_finding() -> None:
    assert sorted(re.findall(r"^### (.+)$", PAGE, re.MULTILINE)) == sorted(FindingName)
