"""Phones that register with digest authentication: one, or a whole site of them."""

import threading
import uuid
from collections.abc import Iterable, Iterator, Mapping

from .addresses import addresses
from .errors import LabError
from .siploop import SipLoop
from .sipmessages import Message, authorization, domain, register
from .sippeer import Peer

#: A request without an answer is sent again after this many seconds, then after twice as many, and so on.
RETRANSMIT_AFTER = 0.5

#: How often a REGISTER is sent again before it counts as unanswered.
RETRANSMISSIONS = 4


class Phone(Peer):
    """A phone that registers with digest authentication. Two of the same name are two contacts of one AOR."""

    def __init__(
        self,
        registrar: tuple[str, int],
        name: str,
        password: str = "secret",
        address: str | None = None,
        port: int = 0,
        *,
        loop: SipLoop | None = None,
        loss: float = 0,
        seed: int = 1,
    ) -> None:
        super().__init__(address, port, loop=loop, loss=loss, seed=seed)
        self.registrar = registrar
        self.name = name
        self.password = password
        #: The last final answer to a REGISTER; 0 while none came, 408 when none came in time.
        self.register_code = 0
        self._call_id = uuid.uuid4().hex
        self._cseq = 0
        #: The REGISTER that is under way carries our answer to a challenge.
        self._proving = False
        self._expires = 0
        self._refresh = True
        self._answered = threading.Event()

    def register(self, expires: int = 3600, *, refresh: bool = True, wait: bool = True) -> int:
        """Register, and return the final code: 200, 401 for a wrong password, 408 for no answer at all.

        With refresh=False the registration expires after `expires` seconds, as that of a phone that crashed.
        """
        with self.loop.lock:
            self._expires, self._refresh = expires, refresh
            self._begin()
        return self.wait_registered() if wait else 0

    def wait_registered(self, timeout: float = 20) -> int:
        """Wait for the final answer to the REGISTER that is under way."""
        if not self._answered.wait(timeout):
            raise LabError(f"phone {self.name}: its REGISTER has no end")
        return self.register_code

    def unregister(self, wait: bool = True) -> int:
        """Take the registration back, as a phone does that is switched off in an orderly way."""
        return self.register(0, wait=wait)

    def move_port(self) -> int:
        """Register again from a new port, as behind a NAT that forgot; the old one is closed."""
        with self.loop.lock:
            self.vanish()
            self.port = 0
            self.come_back()
            assert self._socket is not None
            self.port = self._socket.getsockname()[1]
        return self.register(self._expires or 3600, refresh=self._refresh)

    def _begin(self) -> None:
        self._answered.clear()
        self.register_code = 0
        self._transmit("")

    def _transmit(self, auth: str) -> None:
        self._cseq += 1
        local = (self.address, self.port)
        packet = register(
            self.registrar,
            self.name,
            local,
            call_id=self._call_id,
            cseq=self._cseq,
            expires=self._expires,
            auth=auth,
        )
        self._repeat(packet, self._cseq, RETRANSMIT_AFTER, RETRANSMISSIONS)

    def _repeat(self, packet: bytes, cseq: int, pause: float, left: int) -> None:
        """Send, and send again until it is answered; the loop's timer calls this."""
        if cseq != self._cseq or self._answered.is_set():
            return
        if left < 0:
            self._finish(408)
            return
        self._send(packet, self.registrar)
        self.loop.call_later(pause, lambda: self._repeat(packet, cseq, pause * 2, left - 1))

    def _on_response(self, message: Message) -> None:
        if "REGISTER" not in message.first("cseq") or message.cseq != self._cseq or message.code < 200:
            return
        challenge = message.first("www-authenticate")
        # A second challenge means that the password is wrong, unless it says that our nonce was merely old.
        is_second = self._proving and "stale=true" not in challenge.lower()
        if message.code == 401 and not is_second:
            self._proving = True
            uri = f"sip:{domain(self.registrar)}"
            self._transmit(authorization(challenge, "REGISTER", uri, self.name, self.password))
        else:
            self._finish(message.code)

    def _finish(self, code: int) -> None:
        self._proving = False
        self.register_code = code
        self._answered.set()
        if code == 200 and self._expires and self._refresh:
            cseq = self._cseq
            self.loop.call_later(self._expires * 0.8, lambda: self._refresh_if(cseq))

    def _refresh_if(self, cseq: int) -> None:
        """Register again, unless something newer happened to the registration meanwhile."""
        if cseq == self._cseq and self.is_there:
            self._begin()


class PhoneFarm:
    """Many phones behind one address, as a site with one router: `PhoneFarm(pbx.sip, names, "127.7.2.1")`."""

    def __init__(
        self,
        registrar: tuple[str, int],
        names: Iterable[str],
        address: str | None = None,
        *,
        passwords: Mapping[str, str] | None = None,
        loss: float = 0,
        seed: int = 1,
    ) -> None:
        self.address = address or addresses().address()
        known = passwords or {}
        self.phones = {
            name: Phone(registrar, name, known.get(name, "secret"), self.address, loss=loss, seed=seed + number)
            for number, name in enumerate(names)
        }

    def __getitem__(self, name: str) -> Phone:
        return self.phones[name]

    def __iter__(self) -> Iterator[Phone]:
        return iter(self.phones.values())

    def __len__(self) -> int:
        return len(self.phones)

    def register(self, expires: int = 3600, *, refresh: bool = True) -> None:
        """Register all at once and wait for all; LabError when one of them was refused."""
        for phone in self:
            phone.register(expires, refresh=refresh, wait=False)
        refused = {phone.name: phone.wait_registered() for phone in self if phone.wait_registered() != 200}
        if refused:
            raise LabError(f"phones that could not register: {refused}")

    def unregister(self) -> None:
        """Take back all registrations."""
        for phone in self:
            phone.unregister(wait=False)
        for phone in self:
            phone.wait_registered()

    def vanish(self) -> None:
        """All are gone at once, as when the site's line is cut."""
        for phone in self:
            phone.vanish()

    def come_back(self) -> None:
        """All are there again, on the ports that they had."""
        for phone in self:
            phone.come_back()

    def close(self) -> None:
        """The same as `vanish`: what a test calls at its end."""
        self.vanish()
