"""The peers of the contract suite: the fake, and real Asterisks. Each can do what the suite needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec.structs import replace

from healthmon.ari.client import AriClient
from healthmon.config.sections.pbx import PbxConfig
from healthmon.config.sections.shared import Hold, Secret
from healthmon.demo.fakepbx import FakeEndpoint, FakePbx
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone
from tests.waiting import wait_for

#: What each peer has: a phone that registers by itself, a trunk that is not checked, and one that does not answer.
PHONE, STATIC, DEAD = "101", "trunk-static", "trunk/dead"
#: "büro" in ISO-8859-1, as Python reads what is no UTF-8.
NOT_UTF_8 = b"b\xfcro".decode(errors="surrogateescape")


class Peer(Protocol):
    """A PBX with one phone and two trunks."""

    pbx: PbxConfig
    #: The same as a user that may only read.
    reader: PbxConfig

    def phone_up(self) -> None:
        """The phone registers and answers."""

    def phone_down(self) -> None:
        """The phone unregisters."""

    def remove_phone(self) -> None:
        """The phone is taken out of the configuration, by a reload."""

    def restart(self) -> None:
        """Die without a word, and start anew."""

    def restart_without(self, *modules: str) -> None:
        """Die without a word, and start anew without these modules."""

    def unload_driver(self) -> None:
        """``module unload chan_pjsip.so``."""

    def add_name_that_is_not_utf_8(self) -> None:
        """A reload brings an endpoint whose name is ISO-8859-1."""

    def remove_name_that_is_not_utf_8(self) -> None:
        """The next reload is without it."""

    def limit_sessions(self, most: int) -> None:
        """Start anew with ``sessionlimit`` in http.conf."""

    def make_pretty(self) -> None:
        """``pretty = yes`` in ari.conf, by a reload."""

    def check(self) -> None:
        """At the end: whatever the peer has to complain about."""


def config(url: str, username: str, password: str, application: str = "healthmon-contract") -> PbxConfig:
    """A PBX's configuration as far as ARI needs it."""
    hold = Hold(15.0, 0.0, 0.0)
    return PbxConfig("office", url, username, Secret(password), application, hold=hold, receivers=())


class FakePeer:
    """The fake PBX as a peer."""

    def __init__(self, fake: FakePbx) -> None:
        self.fake = fake
        self.pbx = config(fake.url, "healthmon", "secret")
        self.reader = self.pbx

    def phone_up(self) -> None:
        """The phone registers and answers."""
        self.fake.phone_up(f"PJSIP/{PHONE}")

    def phone_down(self) -> None:
        """The phone unregisters."""
        self.fake.phone_down(f"PJSIP/{PHONE}", unregisters=True)

    def remove_phone(self) -> None:
        """The phone is taken out of the configuration."""
        self.fake.remove(f"PJSIP/{PHONE}")

    def restart(self) -> None:
        """Die without a word, and start anew."""
        self.fake.restart()

    def restart_without(self, *modules: str) -> None:
        """Die without a word, and start anew without these modules."""
        self.fake.without_modules = {f"{module}.so" for module in modules}
        self.fake.restart()

    def unload_driver(self) -> None:
        """``module unload chan_pjsip.so``."""
        self.fake.without_modules = {"chan_pjsip.so"}

    def add_name_that_is_not_utf_8(self) -> None:
        """A reload brings an endpoint whose name is ISO-8859-1."""
        self.fake.add(FakeEndpoint("PJSIP", NOT_UTF_8, is_up=False))

    def remove_name_that_is_not_utf_8(self) -> None:
        """The next reload is without it."""
        self.fake.remove(f"PJSIP/{NOT_UTF_8}")

    def limit_sessions(self, most: int) -> None:
        """Start anew with so many HTTP sessions."""
        self.fake.limit_sessions(most)
        self.fake.restart()

    def make_pretty(self) -> None:
        """It writes its JSON on many lines."""
        self.fake.is_pretty = True

    def check(self) -> None:
        """A request that the fake does not know is a failure."""
        assert self.fake.failures == []


def fake_pbx() -> FakePbx:
    """The fake with the endpoints of the suite."""
    return FakePbx(
        FakeEndpoint("PJSIP", PHONE, is_up=False, qualify_frequency=2, qualify_timeout=1),
        FakeEndpoint("PJSIP", STATIC, static_contact="sip:127.0.0.9:5060", qualify_frequency=0, max_contacts=0),
        FakeEndpoint(
            "PJSIP", DEAD, is_up=False, static_contact="sip:127.0.0.8:5060", qualify_frequency=2,
            qualify_timeout=1, outbound_auth=DEAD, max_contacts=0, qualify_2xx_only=False,
        ),
    )  # fmt: skip


class RealPeer:
    """A real Asterisk as a peer."""

    def __init__(self, lab: Lab) -> None:
        from tests.lab.endpoints import phone, trunk

        nobody = lab.address()
        self.asterisk: Asterisk = lab.asterisk(
            phone(PHONE),
            trunk(STATIC, f"sip:{nobody}:5060", qualify_frequency=0),
            trunk(DEAD, f"sip:{nobody}:5060", outbound_auth=("user", "word")),
        )
        self.phone = lab.add(Phone(self.asterisk.sip, PHONE))
        self.pbx = config(self.asterisk.url, *self.asterisk.ari_auth)
        self.reader = config(self.asterisk.url, *self.asterisk.reader_auth)

    def phone_up(self) -> None:
        """The phone registers and answers."""
        assert self.phone.register() == 200

    def phone_down(self) -> None:
        """The phone unregisters."""
        self.phone.unregister()

    def remove_phone(self) -> None:
        """The phone is taken out of the configuration."""
        self.asterisk.remove_endpoint(f"PJSIP/{PHONE}")

    def restart(self) -> None:
        """Die without a word, and start anew."""
        self.asterisk.kill()
        self.asterisk.start()

    def restart_without(self, *modules: str) -> None:
        """Die without a word, and start anew without these modules."""
        self.asterisk.options = replace(self.asterisk.options, without_modules=modules)
        self.restart()

    def unload_driver(self) -> None:
        """``module unload chan_pjsip.so``."""
        self.asterisk.cli("module unload chan_pjsip.so")

    def add_name_that_is_not_utf_8(self) -> None:
        """A reload brings an endpoint whose name is ISO-8859-1."""
        self.asterisk.append("pjsip.conf", f"[{NOT_UTF_8}]\ntype=endpoint\ncontext=default\n")
        self._reload(lambda answer: answer == 500)

    def remove_name_that_is_not_utf_8(self) -> None:
        """The next reload is without it."""
        before = AriClient(self.pbx).info().last_reload_time
        self.asterisk.append("pjsip.conf", "")
        self.asterisk.reload()
        wait_for(lambda: AriClient(self.pbx).info().last_reload_time != before)

    def limit_sessions(self, most: int) -> None:
        """Start anew with so many HTTP sessions."""
        self.asterisk.append("http.conf", f"sessionlimit={most}\n")
        self.restart()

    def make_pretty(self) -> None:
        """``pretty = yes`` in ari.conf."""
        self.asterisk.options = replace(self.asterisk.options, pretty=True)
        self.asterisk.reload("res_ari.so")

    def _reload(self, is_done: Callable[[int], bool]) -> None:
        self.asterisk.reload()
        wait_for(lambda: is_done(self.asterisk.ari("GET", "/endpoints").status_code))

    def check(self) -> None:
        """A real Asterisk has nothing to complain about."""
