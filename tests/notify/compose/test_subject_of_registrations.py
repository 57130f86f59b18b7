"""A registration that is lost is not hidden in the subject by something worse."""

from __future__ import annotations

import pytest

from healthmon.model import Check, Incident, Kind, Said, Target
from healthmon.notify.compose.digest import compose
from tests.notify.cases import check_of, unseen_pbx
from tests.notify.rows import ENGLISH, TELEKOM, incident, row

OF_NOBODY = Target("branch", "REGISTRATION", "SIP/cs1@sip.example.net")


@pytest.mark.parametrize(
    ("about", "subject"),
    [
        (check_of(TELEKOM, 8, Check.REGISTRATION), "CANNOT SEE PBX office + DOWN registration of Telekom"),
        (incident(OF_NOBODY, 7, Kind.REGISTRATION), "CANNOT SEE PBX office + DOWN 1 registration"),
    ],
    ids=["of a provider", "of nobody, with a long name"],
)
def test_that_it_is_down_is_said_beside_a_pbx_that_cannot_be_seen(about: Incident, subject: str) -> None:
    assert compose([row(unseen_pbx(), says=Said.UNSEEN), row(about)], ENGLISH).subject == subject
