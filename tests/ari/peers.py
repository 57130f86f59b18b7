"""The peers of the contract suite: the fake, and real Asterisks. Each can do what the suite needs."""

from __future__ import annotations

from typing import Protocol

from healthmon.config.types import Hold, PbxConfig, Secret
from healthmon.fakepbx import FakeEndpoint, FakePbx
from tests.lab.asterisk import Asterisk
from tests.lab.fixtures import Lab
from tests.lab.phones import Phone

#: What each peer has: a phone that registers by itself, a trunk that is not checked, and one that does not answer.
PHONE, STATIC, DEAD = "101", "trunk-static", "trunk/dead"


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

    def check(self) -> None:
        """At the end: whatever the peer has to complain about."""


def config(url: str, username: str, password: str, application: str = "healthmon-contract") -> PbxConfig:
    """A PBX's configuration as far as ARI needs it."""
    hold = Hold(15.0, 0.0, 0.0)
    return PbxConfig("office", url, username, Secret(password), application, hold, receivers=())


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
            qualify_timeout=1, outbound_auth=DEAD, max_contacts=0,
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

    def check(self) -> None:
        """A real Asterisk has nothing to complain about."""
