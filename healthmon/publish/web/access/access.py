"""Who may see and change what: tokens, a proxy, sessions and passwords, as the configuration has them."""

from __future__ import annotations

import hmac
import logging
import secrets
import time
from collections.abc import Callable, Iterable, Sequence

from msgspec import Struct
from werkzeug.wrappers import Request

from healthmon.config.credentials import hash_of_password, hash_of_token, password_hash
from healthmon.config.customers import Customers
from healthmon.config.loading.checks import is_loopback
from healthmon.config.sections.user import Role, TokenConfig, UserConfig
from healthmon.config.sections.web import WebConfig
from healthmon.errors import HealthmonError
from healthmon.model import EVERYTHING
from healthmon.publish.web.access.identity import Identity, Proof
from healthmon.publish.web.access.kept import SessionFiles
from healthmon.publish.web.access.limits import AdmissionQueue, Attempts
from healthmon.publish.web.access.peer import Peer, Proxies
from healthmon.publish.web.access.sessions import Sessions, mark_of
from healthmon.publish.web.live import Busy

log = logging.getLogger(__name__)

#: What cookies are called: of a session, of a screen on the wall, of who is about to log in.
SESSION, WALL, FORM = "healthmon-session", "healthmon-wall", "healthmon-form"
#: So many passwords are tried at the same time: each takes a quarter of a second, 16 MiB and a thread that answers.
MOST_TRIED = 2
#: So many other log-ins wait for that, an office that comes at nine o'clock, for at most so long (seconds).
MOST_WAITING, WAIT_AT_MOST = 10, 8.0
#: From where a user has logged in before: so many passwords besides, and so many wait for that.
MOST_TRIED_AT_KNOWN, MOST_WAITING_AT_KNOWN = 1, 1
#: From one address: so many attempts at once, then one every so many seconds.
OF_AN_ADDRESS = (10, 15.0)
#: At one user's name, from addresses where this user has not logged in lately.
OF_A_USER = (20, 60.0)
#: So many addresses are remembered from which somebody has logged in.
MOST_KNOWN = 1000
#: The scheme of a token, in any case (RFC 9110, 11.1).
_BEARER = "bearer"
#: Nothing is anybody's.
NO_CUSTOMERS = Customers()


class NotKnown(HealthmonError):
    """It is not known who asks, and has to be."""


class NotAllowed(HealthmonError):
    """Who asks may not do this."""


class WrongPassword(HealthmonError):
    """There is no such user with this password."""


class TooOften(HealthmonError):
    """Too many passwords were tried."""

    def __init__(self, wait: float) -> None:
        """``wait``: seconds until the next attempt."""
        super().__init__(f"too many attempts to log in; try again in {wait:.0f} s")
        self.wait = wait


class Guests(Struct, frozen=True):
    """Whom the configuration knows."""

    web: WebConfig
    users: Sequence[UserConfig] = ()
    tokens: Sequence[TokenConfig] = ()
    customers: Customers = NO_CUSTOMERS


class Access:
    """Says who asks. Used by all threads that answer."""

    def __init__(
        self, guests: Guests, now: Callable[[], float] = time.monotonic, files: SessionFiles | None = None
    ) -> None:
        """``files``: where sessions are kept for the next process; None: they end with this one."""
        self._now = now
        self._proxies = Proxies(guests.web)
        self._roles = {user.name: user.role for user in guests.users}
        self._scopes = {user.name: guests.customers.scope(user.limits) for user in guests.users}
        self._token_scopes = {token.token_hash: guests.customers.scope(token.limits) for token in guests.tokens}
        self._hashes = {user.name: password_hash(user.password_hash) for user in guests.users if user.password_hash}
        # Whoever is not known costs the same time.
        self._nobodys_hash = next(iter(self._hashes.values()), None) or hash_of_password(secrets.token_urlsafe())
        self._tokens: dict[str, TokenConfig] = {token.token_hash: token for token in guests.tokens}
        listen = guests.web.listen
        self.is_for_this_machine = listen is None or is_loopback(listen.address)
        self.names = frozenset(guests.web.names)
        logins = {user.name: mark_of(user.password_hash) for user in guests.users if user.password_hash}
        self._sessions = Sessions(logins, files, now())
        #: Of those who come by a proxy: what forms of sessions carry is made of the session's own secret.
        self._key = secrets.token_urlsafe(32)
        self._turns = AdmissionQueue(MOST_TRIED, MOST_WAITING, WAIT_AT_MOST)
        self._turns_at_known = AdmissionQueue(MOST_TRIED_AT_KNOWN, MOST_WAITING_AT_KNOWN, WAIT_AT_MOST)
        self._of_addresses, self._of_users = Attempts(*OF_AN_ADDRESS), Attempts(*OF_A_USER)
        #: User and address, in the order in which they logged in.
        self._known: dict[tuple[str, str], None] = {}

    @property
    def has_users(self) -> bool:
        """Whether it has to be known who asks."""
        return bool(self._roles)

    @property
    def has_passwords(self) -> bool:
        """Whether anybody can log in here."""
        return bool(self._hashes)

    def peer(self, request: Request) -> Peer:
        """Say where a request comes from."""
        return self._proxies.peer(request.remote_addr or "", request.headers)

    # ---------------------------------------------------------------- who asks

    def identity(self, request: Request) -> Identity:
        """Say who asks. Raises NotKnown: what proves it is wrong; NotAllowed: it must come by the proxy."""
        scheme, space, token = request.headers.get("Authorization", "").partition(" ")
        peer = self.peer(request)
        if space and scheme.lower() == _BEARER:
            return self._of_token(token.strip())
        if peer.user:
            return self._of_proxy(peer.user)
        if not self.has_users:
            if not self.is_for_this_machine and not peer.is_proxy:
                raise NotAllowed("only what comes by the trusted proxy is answered here")
            return Identity(role=Role.VIEWER, proof=Proof.PLACE, scope=EVERYTHING)
        return self._of_session(request) or Identity(form_token=self.form_token(request.cookies.get(FORM, "")))

    def _of_token(self, token: str) -> Identity:
        # A hash of what was sent is looked up: how long that takes says nothing of the tokens that there are.
        known = self._tokens.get(hash_of_token(token))
        if known is None:
            raise NotKnown("this token is not known here")
        return Identity(known.name, known.role, Proof.TOKEN, scope=self._token_scopes[known.token_hash])

    def _of_proxy(self, name: str) -> Identity:
        role = self._roles.get(name)
        if role is None:
            raise NotAllowed(f"there is no [user {name}] in healthmon's configuration")
        return Identity(name, role, Proof.PROXY, self.form_token(f"{self._key} {name}"), self._scopes[name])

    def _of_session(self, request: Request) -> Identity | None:
        secret = request.cookies.get(SESSION, "")
        # A page that keeps itself fresh is nobody who does anything.
        is_active = not request.if_none_match
        name = self._sessions.user_of(secret, self._now(), is_active=is_active)
        if not name:
            return None
        return Identity(name, self._roles[name], Proof.SESSION, self.form_token(secret), self._scopes[name])

    def of_screen(self, token: str) -> Identity:
        """Say which screen on the wall shows this token. Raises NotKnown and NotAllowed."""
        identity = self._of_token(token)
        if identity.may_operate:
            raise NotAllowed("a screen on the wall takes a token with role = read: what stands in an address is seen")
        return identity

    def form_token(self, secret: str) -> str:
        """Make what a form must bring along: nobody can who does not have the secret. "": where there is none.

        It is the same in the next process, so that a page that is left open works on.
        """
        if not secret:
            return ""
        return hmac.digest(secret.encode(errors="replace"), b"healthmon's forms", "sha256").hex()

    # ---------------------------------------------------------------- logging in and out

    def log_in(self, name: str, password: str, peer: Peer) -> str:
        """Begin a session, and return what its cookie holds. Raises WrongPassword, TooOften and Busy."""
        place = (name, peer.network)
        counted = [(self._of_addresses, peer.network)]
        queues = [self._turns]
        if place in self._known:
            # From where anna has logged in before, nobody elsewhere keeps her out: not by wrong passwords, and not by
            # many at the same time.
            queues.insert(0, self._turns_at_known)
        else:
            counted.append((self._of_users, name))
        # Whoever has no attempt takes nobody's turn.
        _refuse_too_often(attempts.wait(key, self._now()) for attempts, key in counted)
        turns = next((queue for queue in queues if queue.begin()), None)
        if turns is None:
            raise Busy("too many log in at the same time; try again in a moment")
        try:
            # An attempt is counted when it is tried: whoever waited in vain has made none.
            _refuse_too_often(attempts.take(key, self._now()) for attempts, key in counted)
            known = self._hashes.get(name)
            is_right = (known or self._nobodys_hash).is_of(password) and known is not None
            if is_right:
                for attempts, key in counted:
                    attempts.give_back(key)
        finally:
            turns.end()
        if not is_right:
            # Not the name that was typed: it may be a password.
            log.warning("a log-in from %s was refused: wrong name or password", peer.address)
            raise WrongPassword("wrong name or password")
        self._note_place(place)
        log.info("%s has logged in from %s", name, peer.address)
        return self._sessions.begin(name, self._now())

    def _note_place(self, place: tuple[str, str]) -> None:
        self._known = {**{key: None for key in list(self._known)[-MOST_KNOWN + 1 :] if key != place}, place: None}

    def log_out(self, request: Request) -> None:
        """End the session of whoever asks."""
        self._sessions.end(request.cookies.get(SESSION, ""))


def _refuse_too_often(waits: Iterable[float]) -> None:
    """Refuse the attempt at the first of the counters that has none. ``waits``: seconds. Raises TooOften."""
    for wait in waits:
        if wait:
            raise TooOften(wait)
