"""Our own OPTIONS at a kamailio, as many carriers have it: over UDP, TCP and TLS."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from healthmon.model import Health
from tests.lab.addresses import addresses
from tests.lab.certs import Authority
from tests.lab.fixtures import need
from tests.lab.others import kamailio
from tests.lab.process import Process
from tests.sip.rig import Rig

pytestmark = pytest.mark.lab


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def address() -> str:
    return addresses().address()


@pytest.fixture
def program(tmp_path: Path, address: str, authority: Authority) -> Iterator[Process]:
    started = kamailio(need("kamailio"), tmp_path, address, authority.valid(address).files)
    yield started
    started.stop()


@pytest.fixture
def rig(authority: Authority) -> Iterator[Rig]:
    rig = Rig(trusted=ssl.create_default_context(cafile=str(authority.ca_file)))
    yield rig
    rig.sockets.close()


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_a_kamailio_answers_us_until_it_ends(rig: Rig, program: Process, address: str, transport: str) -> None:
    program.wait_ready(lambda: "registered server_name" in program.last_words(), 20, "kamailio")
    rig.ask(f"sip:{address};transport={transport}", every=1.0)

    # What it found while the children were still starting is over with the next round.
    rig.turn_until(lambda: "answers 200 OK" in [found.verdict.words for found in rig.found])
    assert rig.found[-1].verdict.health is Health.UP

    program.stop()

    rig.turn_until(lambda: rig.found[-1].verdict.health is Health.DOWN)
