"""The URL of an on-call service, taken apart as apprise understands it: keys keep their capital letters. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import unquote

from msgspec import Struct

from healthmon.config.urls import scheme_of
from healthmon.notify.channels.http_calls import Call
from healthmon.notify.channels.webhook_url import WITHOUT_MEANING, WrongUrl, how_to_call, split_options

#: Options that apprise has for these services, and that contradict a ticket with a key of its own.
_CONTRADICTING = ("action", "dedup", "entity_id", "image")
#: Options that every service of ours has.
_COMMON = ("verify", "proxy", "cto", "rto", "server")


class TicketUrl(Struct, frozen=True):
    """The parts of a URL, percent-decoded."""

    scheme: str
    user: str
    password: str
    host: str
    port: str
    segments: tuple[str, ...]
    options: Mapping[str, str]
    #: ``+NAME=`` and ``:NAME=``.
    extras: Mapping[str, str]
    fields: Mapping[str, str]

    def call(self, address: str, **changes: Any) -> Call:
        """Say how to call an address of the service; ``server=`` is another server that speaks the same language."""
        if server := self.options.get("server", ""):
            if not re.match(r"https?://[^/]", server):
                raise WrongUrl("server must begin with http:// or https://; its signs : and / may be written %3A %2F")
            address = server.rstrip("/") + "/" + address.partition("://")[2].partition("/")[2]
        return Call(address, **how_to_call(self.options), **changes)

    def unheeded(self, obeyed: Collection[str]) -> list[str]:
        """Name the options that are not obeyed; an unknown one may be a piece of a secret."""
        unheeded = set(self.options) - {*obeyed, *_COMMON, *WITHOUT_MEANING}
        unknown = ["an option that is unknown"] if unheeded.difference(_CONTRADICTING) else []
        return sorted(unheeded.intersection(_CONTRADICTING)) + unknown


def ticket_url(url: str) -> TicketUrl:
    """Take a URL apart. Raises WrongUrl."""
    rest, _, query = url.partition("://")[2].partition("#")[0].partition("?")
    authority, _, path = rest.partition("/")
    userinfo, _, place = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    host_and_port = re.fullmatch(r"(\[[^\]]*\]|[^:]*)(?::([0-9]{1,5}))?", place)
    if host_and_port is None or int(host_and_port[2] or 1) not in range(1, 65536):
        raise WrongUrl("the port behind its host is no number up to 65535")
    prefixed, options = split_options(query)
    return TicketUrl(
        scheme=scheme_of(url),
        user=unquote(user),
        password=unquote(password),
        host=unquote(host_and_port[1]),
        port=host_and_port[2] or "",
        segments=tuple(unquote(segment) for segment in path.split("/") if segment),
        options=options,
        extras=prefixed["+"],
        fields=prefixed[":"],
    )
