"""What a real Asterisk writes for the caller id of an endpoint, and the name that is read from it; the fake alike."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

from healthmon.ari.client import AriClient
from healthmon.config.sections.pbx import PbxConfig
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from healthmon.model import Target
from tests.ari.peers import config
from tests.lab.endpoints import phone
from tests.lab.fixtures import Lab

#: As somebody writes it into pjsip.conf, and the name that comes of it.
CALLERIDS = {
    "101": ('"Reception" <101>', "Reception"),
    "102": ("Müller, Anna <102>", "Müller, Anna"),
    "103": ("Bob & <b>Söhne</b> <103>", "Bob & <b>Söhne</b>"),
    "104": ('"Bob \\"the boss\\" Smith" <104>', 'Bob "the boss" Smith'),
    "105": ("105", ""),
    "106": ("", ""),
    "107": ('"107" <107>', ""),
}


def names(pbx: PbxConfig) -> Mapping[str, str]:
    """The name that is read of each endpoint."""
    with closing(AriClient(pbx)) as client:
        found = {name: client.settings(Target("office", "PJSIP", name), 5.0) for name in CALLERIDS}
    return {name: settings.caller_name for name, settings in found.items() if settings is not None}


def test_the_name_is_read_as_asterisk_has_it(lab: Lab) -> None:
    given = {name: {"callerid": callerid} if callerid else {} for name, (callerid, _) in CALLERIDS.items()}
    pbx = lab.asterisk(*(phone(name, endpoint=options) for name, options in given.items()))

    assert names(config(pbx.url, *pbx.ari_auth)) == {name: called for name, (_, called) in CALLERIDS.items()}


def test_the_fake_writes_it_as_asterisk_does() -> None:
    written = {"101": '"Reception" <101>', "106": "<unknown>"}
    with FakePbx(*(FakeEndpoint("PJSIP", name, callerid=callerid) for name, callerid in written.items())) as fake:
        assert names(config(fake.url, "healthmon", "secret")) == {"101": "Reception", "106": ""}
