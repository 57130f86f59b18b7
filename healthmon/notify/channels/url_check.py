"""What is wrong with a receiver's URL that apprise does not say. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote

from healthmon.config.urls import scheme_of

_ADDRESS = re.compile(r"(?:[^<>]*<)?[^@\s<>]+@[^@\s<>]+\.?[^@\s<>]*>?")
_ADDRESS_LIST = re.compile(r'(?:"[^"]*"|[^,;"]|")+')
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
        # apprise drops what is no address without a word. The address itself is not shown, only which one it is.
        for where, addresses in mail_addresses(url):
            for number, address in enumerate(addresses, start=1):
                if why := _why_no_address(address):
                    return f"address {number} in {where} {why}"
        return _ambiguous_plus(url)
    if targets > 1:
        return f"holds {targets} chats or addresses: what failed at one would be sent to all again; write one line each"
    return None


def _ambiguous_plus(url: str) -> str | None:
    """In an option many programs read a + as a space, and whoever wrote it may have meant one."""
    for option in url.partition("?")[2].split("&"):
        name, _, value = option.partition("=")
        if name.lower() in _ADDRESS_OPTIONS and "+" in value:
            return f"holds a + in {name}=; in an address it is written %2B, and a space %20"
    return None


def _why_no_address(address: str) -> str | None:
    if not address.isascii() and "@" in address:
        return "holds letters that apprise does not take, and would drop it; a domain is written as xn--…"
    if _ADDRESS.fullmatch(address):
        return None
    return "is not an e-mail address; apprise would drop it"


def mail_addresses(url: str) -> Iterator[tuple[str, list[str]]]:
    """The addresses of a mailto URL, by the place where they stand."""
    rest, _, query = url.partition("?")
    path = rest.partition("://")[2].partition("/")[2]
    yield "the path", [address for piece in path.split("/") for address in divided(unquote(piece))]
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if name.lower() in _ADDRESS_OPTIONS:
            yield f"{name}=", divided(unquote(value))


def divided(addresses: str) -> list[str]:
    """Divide a list of addresses; a name before one may hold commas in quotes."""
    return [piece.strip() for piece in _ADDRESS_LIST.findall(addresses) if piece.strip()]
