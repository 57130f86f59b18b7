"""Secrets of the configuration are blotted out of everything that is written.

apprise's own texts and ``url(privacy=True)`` show tokens in paths and headers in clear, so we know every part of
every URL ourselves. A part that tells nothing is left readable: the host of a server, an option such as ``rto=15``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from html import escape
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from healthmon.config.configuration import Config
from healthmon.config.urls import SECRET_OPTIONS, SHORT_SECRET, alone, secrets_of_heartbeat, showable
from healthmon.text.longtext import CUT

#: What stands in the place of a secret.
BLOT = "***"

#: Shorter parts would blot out ordinary words. Passwords and tokens of any length are hidden all the same, where they
#: stand as a word of their own.
_SHORTEST_PART = 4

#: Options of apprise whose values are no secret.
# fmt: off
_PLAIN_OPTIONS = frozenset((
    "cto", "emojis", "format", "image", "method", "mode", "overflow", "priority", "redirect", "retry", "rto", "server",
    "smtp", "store", "tz", "verify", "wait",
))
# fmt: on

#: Our own words, should they be somebody's user name or path: a log without them says nothing.
_OWN_WORDS = frozenset(("apprise", "asterisk", "healthmon"))

#: Words of nearly each line that we write, and of the paths of webhooks: "json://host/down". Blotted out of a sentence
#: they would tell what the path is; so they are hidden only where they stand in a URL.
# fmt: off
ORDINARY_WORDS = frozenset((
    "alert", "alerts", "answer", "call", "calls", "down", "event", "events", "message", "phone", "phones",
    "poll", "polls", "report", "reports", "status", "test", "told", "unknown",
))
# fmt: on

_URL = re.compile(
    r"(?P<scheme>[^:/]*)://(?P<authority>[^/?#]*)(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:\#(?P<fragment>.*))?", re.S
)
#: Whatever stands before the @ of any URL that somebody writes into a text.
_USERINFO = r"(?<=://)[^\s/@'\"]+(?=@)"


class Redactor:
    """Blots the secrets of these URLs out of a text: ``Redactor(urls)(text)``. Any thread may use it.

    ``names``: what the configuration itself calls its sections and URLs. Such a word stays readable though it is a
    part of a URL too, unless it is a password or a token there.
    """

    def __init__(self, urls: Iterable[str], passwords: Iterable[str] = (), names: Iterable[str] = ()) -> None:
        plain = {name.lower() for name in names}
        parts: set[str] = set()
        whole_words: set[str] = set()
        for url in urls:
            _collect(url, parts, whole_words, plain)
        for password in passwords:
            _add(password, parts, whole_words)
        self._pattern = _pattern(parts, whole_words)
        self._signs = tuple(sorted({secret.casefold() for secret in parts | whole_words}))
        self._parts = tuple(sorted({secret.casefold() for secret in parts}))

    @classmethod
    def of(cls, *configs: Config) -> Redactor:
        """Know every secret of these configurations."""
        urls = {url.url for config in configs for receiver in config.receivers for url in receiver.urls}
        passwords: set[str] = {
            word for config in configs for pbx in config.pbxs for word in (pbx.password, pbx.ami_password)
        }
        passwords |= {user.password_hash or "" for config in configs for user in config.users}
        passwords |= {token.token_hash for config in configs for token in config.tokens}
        tokens = {
            token for config in configs if config.heartbeat for token in secrets_of_heartbeat(config.heartbeat.url)
        }
        logins = {f"{pbx.username}:{pbx.password}" for config in configs for pbx in config.pbxs}
        names = {word for config in configs for name in _given_names(config) for word in (name, *name.split("/"))}
        # The name of a check at the service may well be that of the PBX.
        tokens -= names | _OWN_WORDS
        tokens |= {_base64(token) for token in tokens}
        return cls(urls, passwords | tokens | {_base64(login) for login in logins}, names)

    def __call__(self, text: str) -> str:
        """Return the text with "***" for each secret."""
        # Looking for 200 texts one by one costs 15 µs a line, the pattern 30 times as much.
        folded = text.casefold()
        if "://" in folded or any(sign in folded for sign in self._signs):
            text = self._pattern.sub(BLOT, text)
        if CUT not in text:
            return text
        # Where a text was cut, the beginning of a secret may stand: whoever writes it chooses where that is.
        *cut_off, rest = text.split(CUT)
        return CUT.join([*map(self._without_half, cut_off), rest])

    def _without_half(self, text: str) -> str:
        folded = text.casefold()
        half = max((_beginning_at_end(folded, secret) for secret in self._parts), default=0)
        if half:
            return text[:-half] + BLOT
        return text


def _beginning_at_end(text: str, secret: str) -> int:
    """With how many of a secret's first characters a text ends; 0: with too few to tell anything."""
    if secret[:_SHORTEST_PART] not in text[-len(secret) :]:
        return 0
    lengths = range(len(secret) - 1, _SHORTEST_PART - 1, -1)
    return next((length for length in lengths if text.endswith(secret[:length])), 0)


def _given_names(config: Config) -> Iterator[str]:
    """What the configuration calls its PBXs, watch sections, receivers and their URLs."""
    yield from (pbx.name for pbx in config.pbxs)
    yield from (watch.name for watch in config.watches)
    yield from (receiver.name for receiver in config.receivers)
    yield from (url.url_id for receiver in config.receivers for url in receiver.urls)


def _collect(url: str, parts: set[str], whole_words: set[str], names: set[str]) -> None:
    """Add the secrets of a URL: to ``parts`` what is hidden anywhere, to ``whole_words`` what only by itself."""
    scheme, _, host = showable(url).partition(":")
    plain = {scheme, host.lower(), *_OWN_WORDS}
    for part, is_token in _pieces(url):
        for spelling in _decoded(part):
            if not is_token and spelling.lower() in names:
                continue
            if host and not is_token and spelling.lower() in ORDINARY_WORDS:
                for sign in "/=":
                    _add(sign + spelling, parts, whole_words)
                continue
            if spelling.lower() not in plain and (is_token or len(spelling) >= _SHORTEST_PART):
                _add(spelling, parts, whole_words)


def _decoded(part: str) -> set[str]:
    """A part as it stands there, percent-decoded, without the sign that it begins with, and its longer words."""
    decoded = {part, unquote(part), unquote_plus(part).strip()}
    bare = {text.strip("+-#@!") for text in decoded}
    return decoded | bare | {word for text in decoded for word in re.findall(r"\w{8,}", text)}


def _add(secret: str, parts: set[str], whole_words: set[str]) -> None:
    for spelling in _spellings(secret):
        if len(spelling) >= SHORT_SECRET:
            parts.add(spelling)
        elif spelling:
            whole_words.add(spelling)


def _spellings(secret: str) -> set[str]:
    """Return how a secret may appear in a URL, in JSON, in HTML, in a traceback."""
    return {
        secret,
        quote(secret, safe=""),
        quote(secret),
        quote_plus(secret),
        escape(secret),
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        repr(secret)[1:-1],
    }


def _pieces(url: str) -> Iterator[tuple[str, bool]]:
    """Take a URL apart into (part, is a password or token)."""
    match = _URL.fullmatch(url.strip())
    if match is None:
        yield url, False
        return
    yield from _pieces_of_authority(match["authority"])
    path = match["path"]
    yield path.strip("/"), False
    yield from ((segment, False) for segment in path.split("/"))
    yield from _names(path)
    yield from _pieces_of_query(match["query"] or "")
    yield match["fragment"] or "", False
    yield from ((piece, False) for piece in re.split(r"[/&=#]", match["fragment"] or ""))


def _pieces_of_authority(authority: str) -> Iterator[tuple[str, bool]]:
    """User, password and host; a password that should have been written with %40 leaves an @ in what follows."""
    userinfo, _, host = authority.rpartition("@")
    user, _, password = userinfo.partition(":")
    yield userinfo, False
    yield user, False
    yield password, True
    yield from ((piece, True) for piece in re.split(r"[@:]", password))
    # In tgram://123:TOKEN/ the host is the secret, and the colon is a part of it.
    server = re.sub(r":\d*$", "", host)
    yield server, False
    yield from ((piece, False) for piece in re.split(r"[@:]", f"{user}@{server}"))
    if password:
        login = f"{unquote(user)}:{unquote(password)}"
        yield from ((_base64(login), True), (_base64(login).rstrip("="), True), (_base64("\0" + login), True))
        yield _base64(f"\0{unquote(user)}\0{unquote(password)}"), True
        yield from ((_base64(unquote(part)), True) for part in (user, password))


def _pieces_of_query(query: str) -> Iterator[tuple[str, bool]]:
    """Values of options; those of headers (+X-Token=…) and of other extras (-key=…, :key=…) are tokens."""
    for option in query.split("&"):
        name, _, value = option.partition("=")
        if unquote(name).lower() in _PLAIN_OPTIONS:
            continue
        yield value, not name.isalpha() or any(word in name for word in SECRET_OPTIONS)
        yield from _names(value)
        # "Bearer abc": the word and the token.
        yield from ((piece, False) for piece in unquote_plus(value).split())
        yield from ((piece, False) for piece in re.split(r"[/,;=]", unquote(value)))


def _names(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of mail addresses and of tokens with a colon."""
    for piece in re.split(r"[/,;<>\s]", unquote(text)):
        if "@" in piece or ":" in piece:
            yield piece, False
            yield from ((name, False) for name in re.split(r"[@:]", piece))


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _pattern(parts: set[str], whole_words: set[str]) -> re.Pattern[str]:
    """One pattern for all, the longest first, so that nothing is left over of a secret that contains another."""
    # A word such as "at" is one of ours more often than the secret.
    shortest = {word for word in whole_words if len(word) < _SHORTEST_PART}
    longer = whole_words - shortest
    choices = []
    if parts:
        choices.append(f"(?i:{_any_of(parts)})")
    if longer:
        choices.append(f"(?i:{alone(_any_of(longer))})")
    if shortest:
        choices.append(alone(_any_of(shortest)))
    return re.compile("|".join([*choices, _USERINFO]))


def _any_of(secrets: set[str]) -> str:
    return "|".join(re.escape(secret) for secret in sorted(secrets, key=len, reverse=True))
