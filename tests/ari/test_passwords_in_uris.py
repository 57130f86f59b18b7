"""Passwords in the URIs of contacts are dropped as they are read, and the contacts are known by the rest."""

from __future__ import annotations

import json

import pytest

from healthmon.ari.client import AriClient
from healthmon.ari.messages import decode_event
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.errors import AriUnexpected
from healthmon.model import ContactChange, Place, SipWay, Target

from .peers import config

STRANGE = "sip:al:s3,cret@192.0.2.11:5070;password=s3cret;transport=tcp?X-Token=s3cret"
BARE = "sip:al@192.0.2.11:5070;transport=tcp"


def event(uri: str, status: object) -> bytes:
    """A ContactStatusChange of the endpoint alice."""
    return json.dumps(
        {
            "type": "ContactStatusChange",
            "endpoint": {"technology": "PJSIP", "resource": "alice", "state": "online"},
            "contact_info": {"uri": uri, "contact_status": status, "aor": "alice", "roundtrip_usec": "900"},
        }
    ).encode()


def test_an_event_has_the_contact_without_its_password() -> None:
    change = decode_event(event(STRANGE, "Reachable"), "office", 1.0)

    assert isinstance(change, ContactChange)
    assert change.uri == BARE


def test_what_is_said_of_an_event_that_cannot_be_read_has_no_password() -> None:
    with pytest.raises(AriUnexpected) as caught:
        decode_event(event("sip:al:s3cret@192.0.2.11", 7), "office", 1.0)

    assert "s3" not in f"{caught.value} {caught.value.excerpt}"
    assert "sip:al@192.0.2.11" in caught.value.excerpt


@pytest.mark.parametrize("is_static", [True, False])
def test_settings_have_the_contact_as_events_have_it(is_static: bool) -> None:
    endpoint = FakeEndpoint("PJSIP", "alice", outbound_proxy="sip:me:s3cret@192.0.2.77;lr", contact=STRANGE)
    if is_static:
        endpoint.static_contact = STRANGE
    with FakePbx(endpoint) as pbx:
        client = AriClient(config(pbx.url, "healthmon", "secret"))
        found = client.settings(Target("office", "PJSIP", "alice"), 1.0)
        client.close()

    assert found is not None
    assert found.has_static_contact is is_static
    assert found.ways == (SipWay(BARE, "sip:me@192.0.2.77;lr"),)
    assert found.places == (Place("192.0.2.11", "" if is_static else "Fake Phone 1.0"),)
    assert "s3" not in repr(found)
