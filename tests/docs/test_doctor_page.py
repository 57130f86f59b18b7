"""The page about the doctor: it has a chapter for each finding, and for nothing else."""

from __future__ import annotations

import re

from healthmon.report.doctor.finding import FindingName
from healthmon.report.doctor.manager import ENOUGH_RETRIES
from tests.docs.documents import ROOT

PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")


def test_every_finding_has_a_chapter_and_every_chapter_a_finding() -> None:
    assert sorted(re.findall(r"^### (.+)$", PAGE, re.MULTILINE)) == sorted(FindingName)


def test_all_pages_propose_the_same_number_of_retries() -> None:
    registrations = (ROOT / "docs" / "registrations.md").read_text(encoding="utf-8")

    assert re.findall(r"max_retries = (\d+)", registrations) == [str(ENOUGH_RETRIES)]
    assert f"less than {ENOUGH_RETRIES:,}" in PAGE
