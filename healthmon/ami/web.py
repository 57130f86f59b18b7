"""A manager interface that is reached through Asterisk's web server: each request is a call of its own."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import count

from healthmon.ami.address import address_of
from healthmon.ami.connection import (
    LARGEST_ANSWER,
    LARGEST_LIST,
    MOST_FRAMES,
    NO_END,
    ONLY_SYSTEM,
    RECEIVED_AT_ONCE,
    ActionRequest,
)
from healthmon.ami.failures import talking_to
from healthmon.ami.frames import Decoder, Frame
from healthmon.config.sections.pbx import PbxConfig
from healthmon.errors import AmiError, AmiUnexpected, AmiUnreachable, Trouble
from healthmon.wire.pace import PeerLimits
from healthmon.wire.sessions import PlainSession
from healthmon.wire.trust import trusted

#: Where the web server has it, below the prefix of http.conf.
PATH = "rawman"
#: The name of the cookie that stands for the login.
_COOKIE = re.compile(r'mansession_id="?([0-9A-Za-z]{1,64})"?')
#: Asterisk answers so late when nothing happens (seconds). It allows ten less than httptimeout (http.conf).
WAITS_FOR_EVENTS = 1


class WebConnection:
    """A session through the web server. Owned by one thread. Every method raises AmiError.

    Between two calls Asterisk keeps the events, until ``httptimeout`` after the last call.
    """

    #: Each is a request of its own, which takes one or two milliseconds.
    most_variables = 2000

    def __init__(self, pbx: PbxConfig, wanted: Iterable[str], *, timeout: float = 5.0) -> None:
        self._pbx = pbx
        self._name = pbx.name
        self._address = address_of(pbx)
        self._url = f"{pbx.url}/{PATH}"
        self._wanted = frozenset(wanted)
        self._timeout = timeout
        self._numbers = count(1)
        self._cookie = ""
        #: The events that came with the answer to the login.
        self._at_login: list[Frame] = []
        self._session = PlainSession(PeerLimits(largest=LARGEST_LIST))
        self._session.verify = trusted(pbx.verify_tls)
        #: A list is being read: there is one call at a time.
        self._is_reading = False
        #: No event is ever dropped on this side.
        self.has_lost_events = False

    def log_in(self, username: str, password: str) -> Frame:
        """Log in; the password is in the body, for URLs are logged. Return what is said of it."""
        headers = {"Username": username, "Secret": password, **ONLY_SYSTEM}
        response, *events = self._responses(self._call("Login", headers))
        self._at_login = self._wanted_of(events)
        return response

    def ask(self, action: str, headers: Mapping[str, str] | None = None) -> list[Frame]:
        """Return the answer to one action: its response, and for a list the rows and the end."""
        frames = self._responses(self._call(action, headers or {}))
        self._check_session(frames[0])
        return frames

    def pieces(self, requests: Sequence[ActionRequest]) -> Iterator[list[list[Frame]]]:
        """Ask for lists that may be long, one after the other, and give their frames piece by piece, as they come.

        Each piece has the frames of each list, in the order of the requests; of each list its response comes first.
        """
        self._is_reading = True
        try:
            for place, request in enumerate(requests):
                is_first = True
                for piece in self._frames(request.action, request.headers, LARGEST_LIST):
                    if is_first and piece:
                        self._check_session(self._responses(piece)[0])
                        is_first = False
                    of_each: list[list[Frame]] = [[] for _ in requests]
                    of_each[place] = piece
                    yield of_each
        finally:
            self._is_reading = False

    def _check_session(self, response: Frame) -> None:
        if response.get("Message") == "Permission denied":
            # What is not allowed is not asked: it is the session that is not known any more.
            raise AmiUnreachable(self._name, f"{self._address} has ended the session", Trouble.CLOSED)

    def ask_all(self, requests: Sequence[ActionRequest]) -> list[list[Frame]]:
        """Return the answers to several actions, in their order."""
        return [self.ask(request.action, request.headers) for request in requests]

    def events(self, patience: float) -> list[Frame]:
        """Return the wanted events that came; wait so long for something to come, or a second (seconds)."""
        if self._at_login:
            return self._take_at_login()
        begun = time.monotonic()
        events = self._wait_for_events(WAITS_FOR_EVENTS)
        waited = time.monotonic() - begun
        if not events and waited < patience:
            # With a short httptimeout Asterisk answers at once, and again at once.
            time.sleep(patience - waited)
        return events

    def events_at_hand(self) -> list[Frame]:
        """Return the wanted events that Asterisk has kept until now; wait for none, and not for the end of a list."""
        if self._is_reading:
            return []
        return self._take_at_login() or self._wait_for_events(0)

    def _take_at_login(self) -> list[Frame]:
        events, self._at_login = self._at_login, []
        return events

    def _wait_for_events(self, seconds: int) -> list[Frame]:
        return self._wanted_of(self.ask("WaitEvent", {"Timeout": str(seconds)}))

    def _wanted_of(self, frames: Iterable[Frame]) -> list[Frame]:
        return [frame for frame in frames if frame.get("Event") in self._wanted]

    def close(self) -> None:
        """Log off, and close the connection."""
        with suppress(AmiError):
            if self._cookie:
                self._call("Logoff", {})
        self._session.close()

    def _responses(self, frames: list[Frame]) -> list[Frame]:
        """What was answered, from its response on. Raises AmiUnexpected: there is none."""
        for number, frame in enumerate(frames):
            if "Response" in frame:
                return frames[number:]
        raise AmiUnexpected(self._name, f"what answers on {self._address} is no manager interface")

    def _call(self, action: str, headers: Mapping[str, str]) -> list[Frame]:
        """Ask once; after a connection that ended in between once more."""
        try:
            return self._once(action, headers)
        except AmiUnreachable as error:
            if error.trouble is not Trouble.CLOSED:
                raise
            return self._once(action, headers)

    def _once(self, action: str, headers: Mapping[str, str]) -> list[Frame]:
        frames: list[Frame] = []
        for piece in self._frames(action, headers, LARGEST_ANSWER):
            frames += piece
            if len(frames) > MOST_FRAMES:
                raise AmiUnexpected(self._name, NO_END)
        return frames

    def _frames(self, action: str, headers: Mapping[str, str], largest: int) -> Iterator[list[Frame]]:
        """Ask once, and give the frames of the answer as they come."""
        form = {"action": action, "ActionID": str(next(self._numbers)), **headers}
        sent = {}
        if self._cookie:
            sent["Cookie"] = f'mansession_id="{self._cookie}"'
        decoder, size = Decoder(self._pbx.secrets()), 0
        limits = (self._timeout, self._timeout + WAITS_FOR_EVENTS)
        with (
            talking_to(self._pbx, timeout=self._timeout),
            self._session.request(
                "POST", self._url, data=form, headers=sent, timeout=limits, stream=True, allow_redirects=False
            ) as answer,
        ):
            self._take_head(action, answer.status_code, answer.headers.get("Set-Cookie", ""))
            for piece in answer.iter_content(RECEIVED_AT_ONCE):
                size += len(piece)
                if size > largest:
                    raise AmiUnexpected(self._name, NO_END)
                yield decoder.feed(piece)
        # The last frame needs no empty line behind it.
        yield decoder.feed(b"\n\n")

    def _take_head(self, action: str, status: int, set_cookie: str) -> None:
        if status != 200:
            raise AmiUnexpected(
                self._name,
                f"an answer {status} of {self._url}: are webenabled = yes and enabled = yes in manager.conf?",
            )
        found = _COOKIE.search(set_cookie)
        if action == "Login" and found:
            self._cookie = found[1]
