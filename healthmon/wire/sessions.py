"""Calls over HTTP with nothing of the environment, and nothing that an earlier answer asked for."""

from __future__ import annotations

from http.cookiejar import CookiePolicy, DefaultCookiePolicy
from typing import TYPE_CHECKING

import requests

from healthmon.wire.adapter import BoundedAdapter
from healthmon.wire.pace import PeerLimits

if TYPE_CHECKING:
    from requests.models import Response


class PlainSession(requests.Session):
    """A session that neither follows redirects, nor keeps cookies, nor takes proxies and passwords of the environment.

    ``limits``: what each answer may take; see ``wire.pace``.

    requests looks where a redirect leads even if it is not to be followed: it reads the whole body, of any size, and
    a Location that is none raises whatever it raises.
    """

    def __init__(self, limits: PeerLimits) -> None:
        super().__init__()
        adapter = BoundedAdapter(limits)
        self.mount("http://", adapter)
        self.mount("https://", adapter)
        # Proxies, .netrc and CA files of the environment are not meant for a peer that has its own options.
        self.trust_env = False
        # Cookies of an answer would be kept for ever, however many, and be sent with each call.
        self.cookies.set_policy(NO_COOKIES)

    def get_redirect_target(self, resp: Response) -> str | None:
        """An answer leads nowhere."""
        return None


#: Neither taken from an answer nor sent.
NO_COOKIES: CookiePolicy = DefaultCookiePolicy(allowed_domains=[])
