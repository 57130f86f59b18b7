"""Before each route: who asks is found out once, and refused what they may not do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from hmac import compare_digest
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

from flask import Response, redirect, request
from werkzeug.wrappers import Request

from healthmon.errors import HealthmonError
from healthmon.publish.web.access.access import WALL, Access, NotAllowed, NotKnown
from healthmon.publish.web.access.identity import Identity, remember
from healthmon.publish.web.access.peer import MOST_REMEMBERED, address_of
from healthmon.publish.web.answers import plain

#: Answered to everybody, also what proves nothing: that this process lives, how pages look, where to log in, and the
#: status pages that are meant for everybody.
OPEN = frozenset(("health.livez", "pages.asset", "login.ask", "login.enter", "public.page", "public.document"))
#: Answered to everybody, but not in full.
OPEN_IN_PART = frozenset(("health.healthz",))
#: What a viewer may send.
OF_VIEWERS = frozenset(("login.leave",))
#: What changes nothing.
LOOKING = frozenset(("GET", "HEAD", "OPTIONS"))
#: The screen on the wall.
OF_THE_WALL, PATH_OF_THE_WALL = "pages.wall", "/wall"
#: What a form brings along under this name, and a program that has a session in this header.
FORM_FIELD, FORM_HEADER = "form_token", "X-Form-Token"
#: For how long a screen keeps its token (seconds).
WALL_LASTS = 400 * 86400


def guard(access: Access) -> Callable[[], Response | None]:
    """Make what looks at each request before its route does."""

    def look() -> Response | None:
        if not is_called_rightly(request.host, access):
            return plain(
                "this is answered to http://127.0.0.1, http://localhost and what [web] names says only\n",
                HTTPStatus.FORBIDDEN,
            )
        remember(Identity())
        if request.endpoint in OPEN:
            return None
        if request.endpoint == OF_THE_WALL and "token" in request.args:
            return _keep_wall_token(access)
        identity = _identity(access, request, request.endpoint)
        remember(identity)
        if request.endpoint in OPEN_IN_PART:
            return None
        if not identity.may_look:
            return _send_to_log_in()
        # That there is no such page, or that nothing can be sent to it, is said to whoever may look.
        if request.routing_exception is None and request.method not in LOOKING:
            refuse_strange_forms(identity)
            if not identity.may_operate and request.endpoint not in OF_VIEWERS:
                raise NotAllowed("a viewer may not change anything; an operator may")
        return None

    return look


def looker(access: Access, asking: Request, endpoint: str) -> Identity | None:
    """Say who asks a route that whoever may look may ask; None: there is more to say than that, and the guard says it.

    It is what the guard itself finds out, for a request of which Flask has made nothing yet.
    """
    if not is_called_rightly(asking.host, access):
        return None
    try:
        identity = _identity(access, asking, endpoint)
    except HealthmonError:
        return None
    if not identity.may_look:
        return None
    return identity


def is_called_rightly(place: str, access: Access) -> bool:
    """Whether a request is addressed to us by a name that leads here rightly.

    A page of somebody else's could have its own name lead here, and read what is answered. It cannot have an address
    lead here; where only this machine is answered, addresses of others are wrong, too.
    """
    host = _host_of(place)
    address = address_of(host)
    if address is not None:
        return address.is_loopback or not access.is_for_this_machine
    return host == "localhost" or host in access.names


@lru_cache(MOST_REMEMBERED)
def _host_of(place: str) -> str:
    """Find the name or address in what a request is addressed to; "": there is none."""
    try:
        return (urlsplit(f"//{place}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def refuse_strange_forms(identity: Identity) -> None:
    """Refuse what another page may have a browser send. Raises NotAllowed."""
    from_form = request.form.get(FORM_FIELD, "") or request.headers.get(FORM_HEADER, "")
    if identity.is_ambient and not is_same(from_form, identity.form_token):
        raise NotAllowed("this form is older than your log-in, or is none of ours; load the page anew, and try again")


def is_same(said: str, wanted: str) -> bool:
    """Compare in the same time, wherever they differ; nothing is the same as nothing at all."""
    return bool(wanted) and compare_digest(said.encode(errors="replace"), wanted.encode())


def _identity(access: Access, asking: Request, endpoint: str | None) -> Identity:
    """Say who asks a route; the wall, also a screen whose cookie is still good. Raises NotKnown and NotAllowed."""
    screen: Identity | None = None
    if endpoint == OF_THE_WALL and (token := asking.cookies.get(WALL)):
        with suppress(NotKnown, NotAllowed):
            screen = access.of_screen(token)
    if screen is None:
        return access.identity(asking)
    # Who has logged in sees what they may see, and not what a screen may that was opened in the same browser.
    with suppress(NotKnown, NotAllowed):
        person = access.identity(asking)
        if person.name:
            return person
    return screen


def _keep_wall_token(access: Access) -> Response:
    """Have the screen keep its token, so that it stands in no address any more."""
    token = request.args["token"]
    access.of_screen(token)
    response = lead_to(PATH_OF_THE_WALL)
    keep_cookie(response, access, WALL, token, path=PATH_OF_THE_WALL, lasts=WALL_LASTS)
    return response


def _send_to_log_in() -> Response:
    """A program is told that it has to say who it is; a person is asked."""
    if is_for_programs(request.path):
        raise NotKnown('it has to be known who asks: send "Authorization: Bearer TOKEN"')
    wanted = request.path
    if request.query_string:
        wanted = request.full_path
    if request.method not in LOOKING:
        wanted = "/"
    return lead_to(f"/login?{urlencode({'next': wanted})}")


def is_for_programs(path: str) -> bool:
    """Whether programs are answered there, and no people."""
    return path.startswith("/api/") or path in ("/metrics", "/healthz", "/livez")


def lead_to(path: str) -> Response:
    """Lead to a page of ours."""
    response = redirect(path, HTTPStatus.SEE_OTHER, Response)
    assert isinstance(response, Response)  # noqa: S101  (it is made of what was asked for)
    return response


def keep_cookie(response: Response, access: Access, name: str, value: str, *, path: str = "/", lasts: int) -> None:
    """Have the browser keep something that no script and no other site gets."""
    response.set_cookie(
        name,
        value,
        max_age=lasts,
        path=path,
        secure=access.peer(request).is_secure,
        httponly=True,
        # A link in a mail leads to the page it is about, and nothing is sent in anybody's name from elsewhere.
        samesite="Lax",
    )
