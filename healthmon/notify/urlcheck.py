"""What is wrong with a receiver's URL that apprise does not say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

from healthmon.config.urls import scheme_of

_ADDRESS = re.compile(r"(?:[^<>]*<)?[^@\s<>]+@[^@\s<>]+\.?[^@\s<>]*>?")
#: Options of mailto that hold addresses.
_ADDRESS_OPTIONS = ("to", "cc", "bcc", "reply")


def why_more_than_one(url: str) -> str | None:
    """Say it if a line holds several URLs."""
    if len(re.findall(r"(?:^|[\s,;])[A-Za-z][A-Za-z0-9+.-]*://", url)) > 1:
        return "more than one URL on a line; write one line each"
    return None


def why_addresses_are_wrong(url: str, targets: int) -> str | None:
    """Say what is wrong with the addresses in a URL that apprise has loaded; ``targets``: so many chats it holds."""
    if scheme_of(url) in ("mailto", "mailtos"):
        return _wrong_mail_address(url)
    if targets > 1:
        return f"holds {targets} chats or addresses: what failed at one would be sent to all again; write one line each"
    return None


def _wrong_mail_address(url: str) -> str | None:
    """apprise drops what is no address without a word. The address itself is not shown, only which one it is."""
    for where, addresses in _mail_addresses(url):
        for number, address in enumerate(addresses, start=1):
            if not _ADDRESS.fullmatch(address):
                return f"address {number} in {where} is not an e-mail address; apprise would drop it"
    return None


def _mail_addresses(url: str) -> Iterator[tuple[str, list[str]]]:
    """The addresses of a mailto URL, by the place where they stand."""
    rest, _, query = url.partition("?")
    path = rest.partition("://")[2].partition("/")[2]
    yield "the path", [unquote(piece).strip() for piece in path.split("/") if piece.strip()]
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if name.lower() in _ADDRESS_OPTIONS:
            yield f"{name}=", [piece.strip() for piece in re.split(r"[,;]", unquote_plus(value)) if piece.strip()]
