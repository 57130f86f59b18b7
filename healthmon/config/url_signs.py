"""Signs that cut a URL short without a word: what stands behind them would be lost. Pure.

apprise ends a URL's option, or its path, at a ``;``, takes the last of two options of one name, and reads a host where
a password holds a sign that should have been written with ``%``.
"""

from __future__ import annotations

import re
from collections import Counter
from urllib.parse import unquote

#: How the signs that have a meaning in a URL are written where they are meant as letters.
ESCAPES = "@ is written %40, / %2F, ? %3F, # %23, : %3A, ; %3B"

#: Names of options that are no secret, and may be shown.
_PLAIN_NAMES = frozenset(("to", "cc", "bcc", "reply", "from", "name", "user", "pass", "smtp", "mode", "status", "msg"))


def why_cut(url: str) -> str | None:
    """Say it if a part of a URL would be lost: what follows a ``;`` behind its host, or the first of two options."""
    _, behind, query = _parts(url)
    if ";" in behind or ";" in query:
        return "holds a ; that would cut it short; several addresses are divided by a comma, a ; in a value is %3B"
    names = [unquote(option.partition("=")[0]).strip().lower() for option in query.split("&") if option]
    repeated = next((name for name, times in Counter(names).items() if name and times > 1), None)
    if repeated is None:
        return None
    shown = f"its option {names.index(repeated) + 1}"
    if repeated in _PLAIN_NAMES:
        shown = f"{repeated}="
    return f"holds {shown} twice, and only one would count; several addresses are divided by a comma: to=…,…"


def why_login_is_broken(url: str) -> str | None:
    """Say it if a user or password holds a sign that ends it; only for URLs whose host is a server."""
    authority, behind, query = _parts(url)
    if authority.count("@") > 1:
        return f"holds more than one @ before its host; in a user or password {ESCAPES}"
    port = re.search(r":([^:\]]*)$", authority.rpartition("@")[2])
    is_odd = port is not None and not re.fullmatch(r"[0-9]*", port[1])
    is_without_login = "@" not in authority
    stray = is_without_login and any("@" in option.partition("=")[0] for option in query.split("&"))
    if is_odd or stray or (is_without_login and behind.startswith("#") and "@" in behind + query):
        return f"names no port behind the : of its host; in a user or password {ESCAPES}"
    return None


def _parts(url: str) -> tuple[str, str, str]:
    """Take a URL apart: user, password and host; what follows up to the first ?; what follows that."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind, _, query = rest[len(authority) :].partition("?")
    return authority, behind, query
