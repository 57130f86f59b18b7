"""Servers that answer OPTIONS over TCP and TLS, and a name server, each in a thread of its own."""

from __future__ import annotations

import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.resolver
import dns.rrset

from tests.lab.sipmessages import Message, parse, response
from tests.lab.sippeer import Peer


class CountingPeer(Peer):
    """Counts what it was asked: repetitions, which a busy machine makes, are no new questions."""

    def __init__(self) -> None:
        self.requests: dict[str, Message] = {}
        super().__init__()

    @property
    def asked(self) -> int:
        """How many transactions reached it."""
        return len(self.requests)

    def _on_request(self, request: Message, source: tuple[str, int]) -> None:
        self.requests.setdefault(request.first("via"), request)
        super()._on_request(request, source)


class StreamServer(socketserver.ThreadingTCPServer):
    """Answers each OPTIONS that comes over a connection with a code, in so many pieces."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, address: str, certificate: tuple[Path, Path] | None = None) -> None:
        self.code = 200
        self.pieces = 1
        self.seen = 0
        #: The next request is taken, and the connection closed without an answer.
        self.closes_next = False
        self.tls: ssl.SSLContext | None = None
        if certificate is not None:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        super().__init__((address, 0), StreamHandler)
        self.port = int(self.server_address[1])


class StreamHandler(socketserver.BaseRequestHandler):
    """One connection."""

    server: StreamServer
    request: socket.socket

    def handle(self) -> None:
        """Answer until the other side closes."""
        connection = self.request
        try:
            if self.server.tls is not None:
                connection = self.server.tls.wrap_socket(self.request, server_side=True)
            while (message := parse(connection.recv(65536))) is not None:
                self.server.seen += 1
                if self.server.closes_next:
                    self.server.closes_next = False
                    return
                raw = response(message, self.server.code)
                size = -(-len(raw) // self.server.pieces)
                for start in range(0, len(raw), size):
                    connection.sendall(raw[start : start + size])
        except OSError:
            # A client that takes no such certificate hangs up.
            return


@contextmanager
def stream_server(address: str, certificate: tuple[Path, Path] | None = None) -> Iterator[StreamServer]:
    """A server that answers over TCP, or over TLS with that certificate."""
    with StreamServer(address, certificate) as server, in_thread(server):
        yield server


Records = Mapping[tuple[str, str], Sequence[str]]


class NameServer(socketserver.UDPServer):
    """Answers from a table: ``("sip.example.net", "A") -> ["192.0.2.1"]``."""

    def __init__(self, address: str, records: Records) -> None:
        self.records = records
        self.is_silent = False
        #: About these it says nothing at all.
        self.silent: set[str] = set()
        self.asked: list[tuple[str, str]] = []
        #: Of these it says that it cannot tell.
        self.failing: set[tuple[str, str]] = set()
        self.ttl = 60
        super().__init__((address, 0), NameHandler)

    def resolver(self) -> dns.resolver.Resolver:
        """What asks this server alone."""
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = [str(self.server_address[0])], int(self.server_address[1])
        return resolver


class NameHandler(socketserver.BaseRequestHandler):
    """One question."""

    server: NameServer

    def handle(self) -> None:
        """Answer it."""
        raw, connection = self.request
        if self.server.is_silent:
            return
        query = dns.message.from_wire(raw)
        [question] = query.question
        name, kind = question.name.to_text(omit_final_dot=True), dns.rdatatype.to_text(question.rdtype)
        self.server.asked.append((name, kind))
        if name in self.server.silent:
            return
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        found = self.server.records.get((name, kind), ())
        if (name, kind) in self.server.failing:
            answer.set_rcode(dns.rcode.SERVFAIL)
        elif found:
            answer.answer.append(dns.rrset.from_text(question.name, self.server.ttl, "IN", kind, *found))
        elif not any(known == name for known, _ in self.server.records):
            answer.set_rcode(dns.rcode.NXDOMAIN)
        connection.sendto(answer.to_wire(), self.client_address)


@contextmanager
def name_server(records: Records, address: str = "127.0.0.1") -> Iterator[NameServer]:
    """A name server that knows these."""
    with NameServer(address, records) as server, in_thread(server):
        yield server


@contextmanager
def in_thread(server: socketserver.BaseServer) -> Iterator[None]:
    """Have a server serve meanwhile."""
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
