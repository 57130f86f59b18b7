"""One connection to a manager interface: requests with their answers, and events in between. No thread."""

from __future__ import annotations

import hashlib
import socket
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from itertools import count, islice

from msgspec import Struct, field

from healthmon.ami.address import address_of
from healthmon.ami.failures import CUT, FROZEN, talking_to
from healthmon.ami.frames import Decoder, Frame
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AmiForeign, AmiUnexpected, AmiUnreachable, Trouble
from healthmon.text.longtext import shortened
from healthmon.wire.connecting import connect
from healthmon.wire.pace import what_is_left
from healthmon.wire.trust import tls_context

BANNER = b"Asterisk Call Manager/"
#: The first line; nobody says more.
LONGEST_BANNER = 200
#: From the request to the end of its answer (seconds).
WHOLE_WITHIN = 30.0
#: An answer has no more frames: so many registrations nobody has.
MOST_FRAMES = 10_000
#: Nor more bytes, with the events that come in between.
LARGEST_ANSWER = 20_000_000
#: A list that is read as it comes: 100,000 contacts are 48 MB (bytes).
LARGEST_LIST = 60_000_000
#: … in pieces of at most so many bytes: while one of a long list is read, a millisecond, no other thread runs.
RECEIVED_AT_ONCE = 16_384
NO_END = "an answer that does not end"
#: So many events wait at most; what is more is dropped, and ``has_lost_events`` says so.
MOST_WAITING = 1000
#: … with so many of its headers at most.
MOST_HEADERS = 40
#: So many requests go out before their answers are read: Asterisk reads no further while we do not.
PIPELINED = 500
#: A header of the login, without which events of calls would come, too, to whoever may read all.
ONLY_SYSTEM = {"Events": "system"}
#: Over TLS Asterisk takes so many bytes of what it has decrypted, and then waits for the network, though there are more
#: of them (``get_input`` in manager.c, seen with 16 and 22): they would be read when the next action comes.
LARGEST_RECORD = 1024
#: Asterisk takes no longer header line (bytes, with its name).
LONGEST_HEADER = 1000


class ActionRequest(Struct, frozen=True):
    """An action with its headers."""

    action: str
    headers: Mapping[str, str] = field(default_factory=dict)


def no_manager(pbx: PbxConfig, line: bytes) -> AmiForeign:
    """Say that something else answers there, by its first line."""
    said = shortened(pbx.secrets().free_sentence(line.decode("ascii", "replace").strip()), 60)
    return AmiForeign(pbx.name, f"what answers on {address_of(pbx)} is no manager interface: {said!r}")


def is_sendable(value: str) -> bool:
    """Whether a value fits into a header: it must not begin another one."""
    return value.isprintable() and len(value.encode("utf-8", "surrogateescape")) < LONGEST_HEADER


def open_socket(pbx: PbxConfig, *, timeout: float) -> socket.socket:
    """Connect over TCP or TLS; nothing is sent or read yet. Raises AmiError."""
    address, begun = address_of(pbx), time.monotonic()
    with talking_to(pbx, timeout=timeout), ExitStack() as closing:
        plain = connect(address.host, address.port, timeout)
        closing.callback(plain.close)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if address.is_tls:
            plain.settimeout(what_is_left(timeout, begun))
            plain = tls_context(pbx.verify_tls).wrap_socket(plain, server_hostname=address.host)
            closing.callback(plain.close)
        closing.pop_all()
    return plain


class ManagerConnection:
    """An open connection over TCP or TLS, not logged in yet. Owned by one thread. Every method raises AmiError.

    ``wanted``: the events that are kept. ``timeout``: how long each next frame of an answer may take (seconds).
    """

    #: So many variables can be asked for at once and be no burden: 40,000 take two seconds.
    most_variables = 200_000

    def __init__(self, pbx: PbxConfig, wanted: Iterable[str], *, timeout: float = 5.0) -> None:
        self._pbx = pbx
        self._name = pbx.name
        self._address = address_of(pbx)
        self._wanted = frozenset(wanted)
        self._timeout = timeout
        self._numbers = count(1)
        self._decoder = Decoder(pbx.secrets())
        self._events: deque[Frame] = deque()
        #: Events were dropped: what they said must be asked for.
        self.has_lost_events = False
        with ExitStack() as closing:
            self._socket = open_socket(pbx, timeout=timeout)
            closing.callback(self._socket.close)
            self._read_banner()
            closing.pop_all()

    def _read_banner(self) -> None:
        """Read the one line that a manager interface begins with; no empty line follows it."""
        begun, banner = time.monotonic(), b""
        while b"\n" not in banner and len(banner) <= LONGEST_BANNER:
            banner += self._receive(what_is_left(self._timeout, begun)) or b""
            if time.monotonic() - begun >= self._timeout:
                raise self._frozen()
        line, _, rest = banner.partition(b"\n")
        if not line.startswith(BANNER):
            raise no_manager(self._pbx, line)
        self._take(self._decoder.feed(rest), {})

    def log_in(self, username: str, password: str) -> Frame:
        """Log in by a challenge: the password itself is not sent. Return what is said of it."""
        challenge = self.ask("Challenge", {"AuthType": "MD5"})[0].get("Challenge", "")
        text = f"{challenge}{password}".encode("utf-8", "surrogateescape")
        proof = hashlib.md5(text, usedforsecurity=False).hexdigest()
        # Who has this, and the challenge, can try passwords on it.
        self._decoder.secrets = self._decoder.secrets.and_also(proof)
        return self.ask("Login", {"AuthType": "MD5", "Username": username, "Key": proof, **ONLY_SYSTEM})[0]

    # ---------------------------------------------------------------- asking

    def ask(self, action: str, headers: Mapping[str, str] | None = None) -> list[Frame]:
        """Return the answer to one action: its response, and for a list the rows and the end."""
        return self.ask_all([ActionRequest(action, headers or {})])[0]

    def ask_all(self, requests: Sequence[ActionRequest]) -> list[list[Frame]]:
        """Return the answers to several actions, in their order; some are under way at once."""
        answers: list[list[Frame]] = []
        for begin in range(0, len(requests), PIPELINED):
            under_way = requests[begin : begin + PIPELINED]
            open_answers: dict[str, list[Frame]] = {str(next(self._numbers)): [] for _ in under_way}
            theirs = list(open_answers.values())
            self._send(b"".join(map(_encoded, open_answers, under_way)))
            for _ in self._read_answers(open_answers, self._timeout, LARGEST_ANSWER):
                if sum(map(len, theirs)) > MOST_FRAMES:
                    raise AmiUnexpected(self._name, NO_END)
            answers += theirs
        return answers

    def pieces(self, requests: Sequence[ActionRequest]) -> Iterator[list[list[Frame]]]:
        """Ask for lists that may be long, and give their frames piece by piece, as they come: the responses first.

        Each piece has the frames of each list, in the order of the requests. What was given is not kept. All are asked
        for at once: Asterisk thinks for some seconds before it begins such a list, and we read another one meanwhile.
        """
        open_answers: dict[str, list[Frame]] = {str(next(self._numbers)): [] for _ in requests}
        answers = list(open_answers.values())
        has_begun = [False for _ in requests]
        self._send(b"".join(map(_encoded, open_answers, requests)))
        within, largest = WHOLE_WITHIN * len(requests), LARGEST_LIST * len(requests)
        for _ in self._read_answers(open_answers, WHOLE_WITHIN, largest, within):
            piece = []
            for place, answer in enumerate(answers):
                # The response stays: without it what follows belongs to no answer.
                piece.append(answer[has_begun[place] :])
                has_begun[place] = bool(answer)
                del answer[1:]
            yield piece

    def _read_answers(
        self, open_answers: dict[str, list[Frame]], timeout: float, largest: int, within: float = WHOLE_WITHIN
    ) -> Iterator[None]:
        """Read on until these are answered, and pause wherever some of it is read.

        ``timeout``: from one frame to the next; ``within``: from now to the last (seconds). ``largest``: bytes.
        """
        begun = heard = time.monotonic()
        size = 0
        while open_answers:
            received = self._receive(what_is_left(timeout, heard)) or b""
            size += len(received)
            now = time.monotonic()
            if self._take(self._decoder.feed(received), open_answers):
                heard = now
            if now - heard >= timeout or now - begun >= within:
                raise self._frozen()
            if size > largest:
                raise AmiUnexpected(self._name, NO_END)
            yield

    def _take(self, frames: Iterable[Frame], open_answers: dict[str, list[Frame]]) -> bool:
        """Put each frame where it belongs; return whether one was part of an answer that is waited for."""
        is_answered = False
        for frame in frames:
            number = frame.get("ActionID", "")
            answer = open_answers.get(number)
            if answer is not None and (answer or "Response" in frame):
                answer.append(frame)
                is_answered = True
                if _is_last(frame):
                    del open_answers[number]
            elif frame.get("Event") in self._wanted:
                if len(self._events) >= MOST_WAITING:
                    self.has_lost_events = True
                    continue
                few_headers = islice(frame.items(), MOST_HEADERS)
                self._events.append({name: shortened(value) for name, value in few_headers})
        return is_answered

    # ---------------------------------------------------------------- events

    def events(self, patience: float) -> list[Frame]:
        """Return the wanted events that came; wait so long for something to come (seconds)."""
        if not self._events:
            self._take(self._decoder.feed(self._receive(patience) or b""), {})
        return self.events_at_hand()

    def events_at_hand(self) -> list[Frame]:
        """Return the wanted events that came with what was read, also in the middle of an answer; wait for none."""
        events = list(self._events)
        self._events.clear()
        return events

    # ---------------------------------------------------------------- the socket

    def _send(self, data: bytes) -> None:
        records: Iterable[bytes] = (data,)
        if self._address.is_tls:
            records = _records(data)
        with talking_to(self._pbx, timeout=self._timeout):
            self._socket.settimeout(self._timeout)
            for record in records:
                self._socket.sendall(record)

    def _receive(self, patience: float) -> bytes | None:
        """Receive what has come; None: nothing did, for so long (seconds)."""
        with talking_to(self._pbx, timeout=self._timeout):
            self._socket.settimeout(patience)
            try:
                received = self._socket.recv(RECEIVED_AT_ONCE)
            except TimeoutError:
                return None
        if not received:
            raise AmiUnreachable(self._name, CUT.format(at=self._address), Trouble.CLOSED)
        return received

    def _frozen(self) -> AmiError:
        what = FROZEN.format(at=self._address, timeout=f"{self._timeout:g}")
        return AmiUnreachable(self._name, what, Trouble.TIMED_OUT)

    def close(self) -> None:
        """Say good-bye if that is possible, and close."""
        with suppress(AmiError):
            self._send(_encoded("0", ActionRequest("Logoff")))
        self._socket.close()


def _encoded(number: str, request: ActionRequest) -> bytes:
    headers = {"Action": request.action, "ActionID": number, **request.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"{lines}\r\n".encode("utf-8", "surrogateescape")


def _records(data: bytes) -> Iterator[bytes]:
    """Divide what is sent over TLS into records that Asterisk reads whole: as many whole lines as fit into each."""
    record = b""
    for line in data.splitlines(keepends=True):
        if len(record) + len(line) > LARGEST_RECORD:
            yield record
            record = b""
        record += line
    yield record


def _is_last(frame: Frame) -> bool:
    """Whether an answer ends with this frame: a response without a list, or the end of the list."""
    if "Response" in frame:
        return frame.get("EventList", "").lower() != "start"
    return frame.get("EventList", "").lower() == "complete"
