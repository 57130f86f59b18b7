"""What a PBX sent is let go with the error that it made, at once: no garbage collector has to find it."""

from __future__ import annotations

import gc
import gzip
import weakref
from collections.abc import Callable, Iterator

import pytest

from healthmon.ari.client import LARGEST_ANSWER, AriClient
from healthmon.demo.fakepbx.http import Answer
from healthmon.errors import AriError
from tests.ari.peers import config
from tests.wire.raw import RawPeer

#: What the errors of this much are made of would be missed.
LARGE = b" " * 1_000_000
ANSWERS = {
    "no JSON": Answer(200, LARGE),
    "an error": Answer(500, LARGE),
    "a page": Answer(404, LARGE),
    "refused": Answer(401, LARGE),
    "elsewhere": Answer(302, LARGE, headers=(("Location", "http://[::"),)),
    "a bomb": Answer(200, gzip.compress(b" " * (LARGEST_ANSWER + 1)), headers=(("Content-Encoding", "gzip"),)),
    "not packed": Answer(200, LARGE, headers=(("Content-Encoding", "gzip"),)),
}


@pytest.fixture
def _no_collector() -> Iterator[None]:
    """Without the collector what is left in a circle stays."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("_no_collector")
@pytest.mark.parametrize("look", [AriClient.listing, AriClient.info])
@pytest.mark.parametrize("what", ANSWERS)
def test_error_is_gone_with_all_that_the_pbx_sent(what: str, look: Callable[[AriClient], object]) -> None:
    with RawPeer() as peer:
        peer.says(ANSWERS[what].encoded("Asterisk"))
        client = AriClient(config(f"http://127.0.0.1:{peer.port}", "healthmon", "secret"))

        assert error_of(client, look)() is None


def error_of(client: AriClient, look: Callable[[AriClient], object]) -> weakref.ref[AriError]:
    """What a look at the PBX raises, as it is seen by somebody who does not hold it."""
    try:
        look(client)
    except AriError as error:
        return weakref.ref(error)
    raise AssertionError("it raised nothing")
