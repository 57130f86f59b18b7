"""URLs of PBXs and of receivers: what may be shown of them, and when two are the same."""

from __future__ import annotations

import re
from collections.abc import Sequence
from urllib.parse import SplitResult, unquote, urlsplit

from healthmon.config.findings import shown
from healthmon.config.url_signs import why_cut, why_login_is_broken
from healthmon.config.values import Unsuitable

DEFAULT_PORTS = {"http": 80, "https": 443}

#: apprise schemes whose host is the name of a server. In many others the first part is itself a secret
#: (tgram://BOTTOKEN/…, slack://TOKEN/…, ntfy://TOPIC), so only these show their host. A plain "s" may follow.
# fmt: off
SERVER_SCHEMES = frozenset((
    "alertmanager", "apprise", "bark", "deltachat", "emby", "form", "goalert", "gotify", "hassio", "humhub", "irc",
    "json", "jellyfin", "kodi", "mailto", "mastodon", "matrix", "misskey", "mmost", "mqtt", "ncloud",
    "nctalk", "ntfy", "rocket", "rsyslog", "signal", "smpp", "synology", "toot", "xbmc", "xml",
))
# fmt: on

#: On-call services, which keep a ticket for each incident. The first ones are spoken to by senders of our own, the
#: others through apprise, which gives them the key that healthmon chooses.
# fmt: off
TICKET_SCHEMES = frozenset((
    "pagerduty", "ilert", "splunk", "victorops", "alertmanager", "alertmanagers",
    "firehydrant", "goalert", "goalerts", "incidentio", "opsimate", "opsimates", "pagertree", "signl4", "squadcast",
))
# fmt: on

_NAMED_LINE = r"(?s)([A-Za-z0-9_-]+)\s*=\s*(.*)"
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://(?=\S)")
_HOST = re.compile(r"[A-Za-z0-9.-]+|[0-9A-Fa-f:]+")
#: Shorter parts of a URL are not blotted out: that would blot out half of every sentence.
_SHORTEST_SECRET = 3
#: A secret of fewer characters is easily guessed, and may be a piece of ordinary words.
SHORT_SECRET = 8
#: Options of a URL with such a name hold a secret.
SECRET_OPTIONS = ("key", "pass", "secret", "token")
#: Options of Uptime Kuma's push URL, which hold what it shows.
_SAID_BY_HEARTBEAT = ("status", "msg", "ping")
#: A word of a heartbeat's URL that is shorter is no token.
_SHORTEST_TOKEN = 8

#: Where Asterisk's manager interface listens, unless manager.conf says otherwise.
MANAGER_PORTS = {"tcp": 5038, "tls": 5039}
#: So many characters may stand between two dots of a host's name.
LONGEST_LABEL = 63
#: The value of ``ami`` that stands for the web server at which ARI answers, too.
THROUGH_HTTP = "http"


def pbx_url(value: str) -> str:
    """Check the URL of an Asterisk, and drop a trailing slash and ``/ari``. It is shown without what may be secret."""
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise Unsuitable("this is no URL; it looks like http://127.0.0.1:8088") from None
    _refuse_odd_pbx_url(value, parts)
    scheme = parts.scheme.lower()
    place = _in_url(parts.hostname or "")
    if port == 0:
        raise Unsuitable(f"{shown(value)}: there is no port 0; it looks like http://127.0.0.1:8088")
    if why := why_no_host(parts.hostname or ""):
        raise Unsuitable(f"{shown(value)}: {why}; it looks like http://127.0.0.1:8088")
    if port is not None:
        place += f":{port}"
    prefix = re.sub(r"(?:/+ari)?/*$", "", parts.path)
    return f"{scheme}://{place}{prefix}"


def _refuse_odd_pbx_url(value: str, parts: SplitResult) -> None:
    """Say what is wrong with a PBX's URL, most telling first."""
    scheme = parts.scheme.lower()
    if "@" in value:
        raise Unsuitable("holds a user or a password; these have options of their own")
    if "?" in value or "#" in value:
        raise Unsuitable("ends with ? or #; only a path may follow the host")
    if scheme in ("ws", "wss"):
        raise Unsuitable(f"{shown(value)}: write http:// or https://; the WebSocket is opened from there")
    if scheme not in DEFAULT_PORTS or "://" not in value:
        guess = ""
        if re.fullmatch(r"[\w.-]+(:[0-9]+)?(/\S*)?", value):
            guess = f"http://{shown(value)}"
        raise Unsuitable(f"{shown(value)}: must begin with http:// or https://", guess)
    if not parts.hostname or re.search(r"[\s\x00-\x1f\x7f\\\"]", value):
        raise Unsuitable(f"{shown(value)}: this is no URL; it looks like http://127.0.0.1:8088")


def manager_url(value: str) -> str:
    """Check where a manager interface is, and name its port. What may be a secret is not shown.

    ``http``: through the web server of ``url``.
    """
    if value.lower() == THROUGH_HTTP:
        return THROUGH_HTTP
    form = "it looks like tcp://127.0.0.1:5038"
    # Behind these somebody may have written a password.
    plain = re.split("[?#]", value, maxsplit=1)[0]
    try:
        parts = urlsplit(value)
        port = parts.port
    except ValueError:
        raise Unsuitable(f"this is no address of a manager interface; {form}") from None
    if "@" in value:
        raise Unsuitable("holds a user or a password; these have options of their own")
    if parts.scheme not in MANAGER_PORTS or "://" not in value:
        guess = ""
        if re.fullmatch(r"[\w.-]+(:[0-9]+)?", value):
            guess = f"tcp://{shown(value)}"
        raise Unsuitable(f"{shown(plain)}: must begin with tcp:// or tls://, or be http (through url)", guess)
    if not parts.hostname or re.search(r"[\s\x00-\x1f\x7f\\\"?#]", value) or parts.path not in ("", "/"):
        raise Unsuitable(f"{shown(plain)}: this is no address of a manager interface; {form}")
    if port == 0:
        raise Unsuitable(f"{shown(plain)}: there is no port 0; {form}")
    if why := why_no_host(parts.hostname):
        raise Unsuitable(f"{shown(plain)}: {why}; {form}")
    return f"{parts.scheme}://{_in_url(parts.hostname)}:{port or MANAGER_PORTS[parts.scheme]}"


def why_no_host(host: str) -> str:
    """Say why no machine can have this name (RFC 1035, 2.3.4); "": nothing speaks against it, or it is an address."""
    labels = host.removesuffix(".").split(".")
    if not all(labels):
        return "a name has no two dots in a row, and begins with none"
    if max(len(label) for label in labels) > LONGEST_LABEL:
        return f"a part of a name has {LONGEST_LABEL} characters at most"
    return ""


def same_place(url: str) -> str:
    """Write a checked PBX URL so that two that lead to the same place are equal."""
    parts = urlsplit(url)
    port = parts.port or DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{parts.hostname}:{port}{parts.path}"


def heartbeat_url(value: str) -> str:
    """Check the URL that a dead man's switch is fed by. It holds a token, so nothing of it is shown."""
    if lost := why_part_is_lost(value):
        raise Unsuitable(f"this URL {lost}")
    try:
        parts = urlsplit(value)
        is_url = parts.scheme in DEFAULT_PORTS and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise Unsuitable("this is no URL; it looks like https://hc-ping.com/… or https://kuma.example.org/api/push/…")
    if re.search(r"[^\x21-\x7e]", value):
        raise Unsuitable("this URL holds a space or another character that must be written with %")
    return value.partition("#")[0]


def why_part_is_lost(url: str) -> str | None:
    """Say it if a part of a URL would be lost without a word; nothing of the URL is shown."""
    if lost := why_cut(url):
        return lost
    scheme = scheme_of(url)
    if scheme in DEFAULT_PORTS or _has_server(scheme):
        return why_login_is_broken(url)
    return None


def place_of(url: str) -> str:
    """Return what of a heartbeat's URL may be shown: ``http://kuma.lan:3001``; only the scheme of an odd one."""
    parts, server = urlsplit(url), _server(url)
    if not server:
        return parts.scheme
    if not parts.port:
        return f"{parts.scheme}://{server}"
    return f"{parts.scheme}://{server}:{parts.port}"


def secrets_of_heartbeat(url: str) -> set[str]:
    """Return what of a heartbeat's URL must not be written: its token, wherever in it that stands.

    Its short words (``ping``, ``api``, ``push``) stand in half of all sentences, and no token is so short.
    """
    parts = urlsplit(url)
    userinfo = parts.netloc.rpartition("@")[0]
    options = [option.partition("=") for option in parts.query.split("&")]
    values = [value for name, _, value in options if name not in _SAID_BY_HEARTBEAT]
    words = {word for piece in (*parts.path.split("/"), *values) for word in (piece, unquote(piece))}
    path_and_query = parts.path
    if parts.query:
        path_and_query += f"?{parts.query}"
    words.add(path_and_query)
    login = {text for text in (userinfo, *userinfo.split(":")) if text}
    return {word for word in words if len(word) >= _SHORTEST_TOKEN} | login | {unquote(text) for text in login}


def name_and_url(line: str) -> tuple[str, str]:
    """Take a line of ``urls`` apart: ``boss = tgram://…`` has a name; a URL's own "=" comes after its "://"."""
    match = re.fullmatch(_NAMED_LINE, line)
    if match is None:
        return "", line
    return match[1], match[2]


def scheme_of(url: str) -> str:
    """Return the scheme of an apprise URL in lower case; empty: it is no such URL."""
    match = _SCHEME.match(url)
    if match is None:
        return ""
    return match[1].lower()


def takes_tickets(url: str) -> bool:
    """Whether this is the URL of an on-call service."""
    return scheme_of(url) in TICKET_SCHEMES


def showable(url: str) -> str:
    """Return what of an apprise URL may be shown: the scheme, and the host where that is certainly a server."""
    scheme = scheme_of(url)
    if not _has_server(scheme):
        return scheme
    host = _server(url)
    if not host:
        return scheme
    return f"{scheme}:{host}"


def same_channel(url: str) -> str:
    """Write an apprise URL so that two that lead to the same channel with the same options are equal."""
    address, _, query = url.partition("?")
    path = address.partition("://")[2].rstrip("/")
    return f"{scheme_of(url)}://{path}?{'&'.join(sorted(query.split('&')))}"


def _has_server(scheme: str) -> bool:
    return scheme in SERVER_SCHEMES or scheme.removesuffix("s") in SERVER_SCHEMES


def as_webhook(url: str) -> str:
    """Return the line to write for a webhook whose own address this is: ``jsons://hooks.example.org/…``.

    "" where that is no such address. What follows the host is often a secret, and stays as it is.
    """
    scheme = {"http": "json", "https": "jsons"}.get(scheme_of(url))
    if scheme is None:
        return ""
    return f"{scheme}://{_in_url(_server(url)) or '…'}/…"


def _in_url(host: str) -> str:
    """Write a host as it stands in a URL: an IPv6 address in brackets."""
    if ":" in host:
        return f"[{host}]"
    return host


def _server(url: str) -> str:
    """Return the host of a URL, or nothing if it might be a token, a topic, or a piece of a password.

    A token has no dot. A password that should have been written with %40, %2F or %3F leaves an @ behind.
    """
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    behind = rest[len(authority) :]
    path, _, query = behind.partition("?")
    stray = authority.count("@") > 1 or "@" in path or "@" in behind.partition("#")[2]
    if stray or any("@" in part.partition("=")[0] for part in query.split("&")):
        return ""
    try:
        parts = urlsplit(f"//{authority}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return ""
    is_server = "." in host or ":" in host or host == "localhost"
    if port == 0 or not is_server or not _HOST.fullmatch(host):
        return ""
    return host


def url_ids(receiver: str, lines: Sequence[tuple[str, str]]) -> list[str]:
    """Name each (name, URL) of a receiver, without a secret, the same after a change of password (bookkeeping 3).

    The line's own name comes first; the others are told apart by their order: ``#2``, ``#3``.
    """
    taken = {name for name, _ in lines if name}
    ids = []
    for name, url in lines:
        label, ordinal = name, 1
        if not name:
            label = showable(url)
            while label in taken:
                ordinal += 1
                label = f"{showable(url)}#{ordinal}"
        taken.add(label)
        ids.append(f"{receiver}/{label}")
    return ids


def without_parts_of(url: str, sentence: str) -> str:
    """Blot the values of a URL out of a sentence, except what may be shown anyway.

    Names of options are no values: they stand in any manual.
    """
    allowed = {*re.split(r"[:.]", showable(url)), showable(url).partition(":")[2]}
    blotted = sentence.replace(url, "***")
    address, _, query = url.partition("?")
    values = [option.partition("=")[2] or option for option in query.split("&")]
    parts = {part for text in (address, *values) for part in re.split(r"[^\w%.+-]+", text)}
    # A library may quote a password as it was written, or with its %40 decoded.
    parts |= {unquote(part) for part in parts}
    parts = {part for part in parts if len(part) >= _SHORTEST_SECRET and part not in allowed}
    for part in sorted(parts, key=len, reverse=True):
        pattern = re.escape(part)
        if len(part) < SHORT_SECRET:
            pattern = alone(pattern)
        blotted = re.sub(pattern, "***", blotted)
    return blotted


def alone(pattern: str) -> str:
    r"""Write the pattern that finds another only where it stands by itself.

    Short secrets are blotted out only there: inside of a word one would be betrayed by what is left, "t***s". What
    stands by itself may follow an escape: that of a URL (``%2F``), or of JSON and Python (``\n``). What begins or ends
    with a sign is no piece of a word there.
    """
    begin = r"(?:(?<![^\W_])|(?=[\W_])|(?<=%[0-9A-Fa-f]{2})|(?<=\\[abfnrtv]))"
    return rf"{begin}(?:{pattern})(?:(?![^\W_])|(?<=[\W_]))"


def has_short_secret(url: str) -> bool:
    """Whether a password or token of a URL, where it is surely one, is so short that it is not hidden everywhere."""
    rest = url.partition("://")[2]
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    login, _, host = authority.rpartition("@")
    secrets = [login.partition(":")[2]]
    for option in rest.partition("#")[0].partition("?")[2].split("&"):
        name, _, value = option.partition("=")
        if any(word in name.lower() for word in SECRET_OPTIONS):
            secrets.append(value)
    if not _has_server(scheme_of(url)) and not _server(url):
        # tgram://TOKEN/…, slack://TOKEN/…
        secrets.append(host)
    return any(0 < len(unquote(secret)) < SHORT_SECRET for secret in secrets)
