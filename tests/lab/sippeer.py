"""What every SIP peer of the lab is: a socket, a table of answers, and perhaps a bad line."""

import random
import socket
from collections import Counter
from typing import Self

from msgspec import Struct

from .addresses import addresses
from .siploop import SipLoop, shared_loop
from .sipmessages import Message, parse, response


class Answer(Struct, frozen=True):
    """How a peer treats one kind of request: with a code after `delay` seconds, or (None) not at all."""

    code: int | None = 200
    delay: float = 0.0


class Peer:
    """What phones and providers have in common: a socket, and a table of answers. Owned by the test's thread."""

    def __init__(
        self, address: str | None = None, port: int = 0, *, loop: SipLoop | None = None, loss: float = 0, seed: int = 1
    ) -> None:
        self.loop = loop or shared_loop()
        self.address = address or addresses().address()
        #: The fraction of datagrams, in either direction, that gets lost; may be changed at any time.
        self.loss = loss
        #: Requests that arrived, by method; retransmissions count too.
        self.seen: Counter[str] = Counter()
        self._random = random.Random(seed)
        self._answers: dict[str, Answer] = {}
        self._socket: socket.socket | None = self.loop.open(self.address, port, self._receive)
        self.port: int = self._socket.getsockname()[1]

    @property
    def uri(self) -> str:
        """Where it is reached, e.g. "sip:127.7.1.9:5060": a trunk's contact."""
        return f"sip:{self.address}:{self.port}"

    @property
    def is_there(self) -> bool:
        """False after `vanish`."""
        return self._socket is not None

    def answer(self, method: str, code: int = 200, delay: float = 0) -> None:
        """Answer requests of this method ("OPTIONS", "REGISTER", "INVITE") so from now on."""
        self._answers[method] = Answer(code, delay)

    def ignore(self, method: str) -> None:
        """Let requests of this method pass without an answer from now on."""
        self._answers[method] = Answer(None)

    def vanish(self) -> None:
        """Be gone without a word, as by a power cut: the socket closes, nothing answers any more."""
        with self.loop.lock:
            if self._socket is not None:
                self.loop.release(self._socket)
                self._socket = None

    def come_back(self) -> None:
        """Be there again on the same address and port."""
        with self.loop.lock:
            if self._socket is None:
                self._socket = self.loop.open(self.address, self.port, self._receive)

    def close(self) -> None:
        """The same as `vanish`: what a test calls at its end."""
        self.vanish()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, packet: bytes, target: tuple[str, int]) -> None:
        if self._socket is not None and not self._is_lost():
            try:
                self._socket.sendto(packet, target)
            except ConnectionRefusedError:
                self._socket.sendto(
                    packet, target
                )  # The error was that of an earlier datagram; this one is not sent yet.

    def _is_lost(self) -> bool:
        return self.loss > 0 and self._random.random() < self.loss

    def _receive(self, packet: bytes, source: tuple[str, int]) -> None:
        message = parse(packet)
        if message is None or self._is_lost():
            return
        if message.method:
            self.seen[message.method] += 1
            self._on_request(message, source)
        else:
            self._on_response(message)

    def _on_request(self, request: Message, source: tuple[str, int]) -> None:
        if request.method == "ACK":
            return
        answer = self._answers.get(request.method, Answer())
        if answer.code is None:
            return
        packet = self._answer_to(request, answer.code)
        if answer.delay:
            self.loop.call_later(answer.delay, lambda: self._send(packet, source))
        else:
            self._send(packet, source)

    def _answer_to(self, request: Message, code: int) -> bytes:
        """The answer with that code; INVITEs that are accepted get a description of a medium that nobody hears."""
        if request.method == "INVITE" and code == 200:
            lines = ("v=0", f"o=- 1 1 IN IP4 {self.address}", "s=-", f"c=IN IP4 {self.address}", "t=0 0")
            medium = "m=audio 40000 RTP/AVP 0"
            extra = [("Contact", f"<{self.uri}>"), ("Content-Type", "application/sdp")]
            return response(request, code, extra, "\r\n".join([*lines, medium, ""]))
        return response(request, code)

    def _on_response(self, message: Message) -> None:
        """Responses are for those that send requests."""
