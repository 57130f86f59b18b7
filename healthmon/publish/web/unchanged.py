"""The short way: who has a page as it is now is told so before Flask makes anything of the request.

An open page asks every 1.5 s, and mostly nothing has changed; nine tenths of such an answer were Flask's own work. Who
asks is found out by the guard's rules, as for any other request; wherever these, or the page, need more than that, the
request goes the usual way (docs/decisions/0105).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request

from healthmon.errors import HealthmonError
from healthmon.publish.web.access.access import Access
from healthmon.publish.web.access.guard import looker
from healthmon.publish.web.pages.rendering import Pages

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class ShortWay:
    """Answers 304 to who has a page as it is now, and has all else answered. Used by all threads that answer."""

    def __init__(self, usual: WSGIApplication, access: Access, made: Pages, always: Mapping[str, str]) -> None:
        """``usual``: answers all else; ``always``: headers of every answer that does not say something else."""
        self._usual = usual
        self._access = access
        self._made = made
        self._always = always

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer."""
        if environ["REQUEST_METHOD"] == "GET" and "HTTP_IF_NONE_MATCH" in environ:
            headers = self._unchanged(Request(environ))
            if headers is not None:
                start_response("304 NOT MODIFIED", [*{**self._always, **headers}.items()])
                return ()
        return self._usual(environ, start_response)

    def _unchanged(self, asking: Request) -> Mapping[str, str] | None:
        """Return the headers that say: what you have is the page as it is; None: that is not known."""
        address = asking.full_path
        route = self._made.route_of(address)
        if route is None:
            return None
        identity = looker(self._access, asking, route)
        if identity is None:
            return None
        try:
            return self._made.unchanged(address, asking.if_none_match, identity)
        except HealthmonError:
            # Why it cannot be known is said by the usual way.
            return None
