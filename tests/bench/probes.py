"""(k) Whether events wait while a thousand servers of providers are asked by OPTIONS of our own."""

from __future__ import annotations

import resource
import selectors
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.contacts import RATE, storm
from tests.bench.figures import Figure, median, percentile
from tests.bench.peer import SERVERS, Peer, provider_address
from tests.bench.scale import Scale
from tests.bench.watched import Watched
from tests.lab.sipmessages import parse, response
from tests.waiting import wait_for

#: Each provider is asked so often: twice as often as those are that Asterisk does not check.
ASKING = "probe = auto\nprobe_every = 30s"


class Providers:
    """So many providers, each at a loopback address of its own, that answer at once."""

    def __init__(self, many: int) -> None:
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve)
        self._selector = selectors.DefaultSelector()
        self.port = 0
        for number in range(many):
            provider = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            provider.bind((provider_address(number), self.port))
            self.port = int(provider.getsockname()[1])
            self._selector.register(provider, selectors.EVENT_READ)
        #: The sockets that were asked.
        self.asked: set[int] = set()

    def __enter__(self) -> Providers:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            _socket_of(key).close()
        self._selector.close()

    def _serve(self) -> None:
        while not self._stopped.is_set():
            for key, _ in self._selector.select(0.1):
                raw, source = _socket_of(key).recvfrom(65_536)
                message = parse(raw)
                if message is not None:
                    self.asked.add(key.fd)
                    _socket_of(key).sendto(response(message, 200), source)


def _socket_of(key: selectors.SelectorKey) -> socket.socket:
    assert isinstance(key.fileobj, socket.socket)
    return key.fileobj


def probes(scale: Scale) -> Iterator[Figure]:
    """Storms at a daemon that asks a thousand servers of providers, in turns with (bare) one that asks nobody."""
    _allow_files(scale.probed + 500)
    alone, beside = [], []
    with (
        Providers(scale.probed) as providers,
        _watched(scale, providers, "") as quiet,
        _watched(scale, providers, ASKING) as asking,
    ):
        # By which way each is reached is read through ARI first, at a slow pace.
        wait_for(lambda: len(providers.asked) >= scale.probed, 300, lambda: f"{len(providers.asked)} were asked")
        for _ in range(scale.rounds):
            alone.append(storm(*quiet))
            beside.append(storm(*asking))
    for part, name, most in ((0.5, "p50", None), (0.99, "p99", 2.0)):
        value, bare = (median([percentile(times, part) for times in storms]) for storms in (beside, alone))
        what = f"event to commit at {RATE:,} events/s while {scale.probed:,} servers are asked, {name}"
        yield Figure(what, value, "ms", bare=bare, ratio_at_most=most)


@contextmanager
def _watched(scale: Scale, providers: Providers, asking: str) -> Iterator[tuple[Peer, Watched]]:
    """A PBX, and a daemon that watches it; ``asking``: how it asks its providers."""
    with (
        TemporaryDirectory(prefix="healthmon-bench-") as folder,
        Peer(scale.many, scale.probed // SERVERS, provider_port=providers.port) as peer,
        Watched(Path(folder), peer, trunks=asking) as daemon,
    ):
        yield peer, daemon


def _allow_files(many: int) -> None:
    """Each provider has a socket of its own: have this process open so many files."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(many, hard)), hard))
