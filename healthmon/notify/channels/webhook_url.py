"""A webhook's URL, ``json://`` or ``jsons://``, taken apart as apprise understands it. Pure.

``+NAME=`` is an HTTP header, ``-NAME=`` a parameter of the address that is called, ``:NAME=`` a field of the body.
"""

from __future__ import annotations

import base64
import math
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

from msgspec import field

from healthmon.notify.channels.http_calls import CONNECT_TIMEOUT, READ_TIMEOUT, Call

_CALLING = ("verify", "proxy", "rto", "cto")
_YES_OR_NO = {"yes": True, "true": True, "on": True, "1": True, "no": False, "false": False, "off": False, "0": False}
METHODS = ("POST", "PUT", "PATCH")
#: Options of apprise that mean nothing here: there is one format, and a pace of our own.
WITHOUT_MEANING = ("emojis", "format", "image", "overflow", "retry", "store", "tz", "wait")


class WrongUrl(ValueError):
    """What is wrong with a webhook's URL, without any of its secrets."""


class WebhookUrl(Call, frozen=True):
    """Where a webhook is, and how it wants to be called."""

    #: Name of a field -> another name, or "" to leave it out; or a field of its own with a fixed value.
    fields: dict[str, str] = field(default_factory=dict)


def webhook_url(url: str) -> WebhookUrl:
    """Take a URL apart. Raises WrongUrl."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise WrongUrl("this is no URL; one looks like json://127.0.0.1:9000/path") from None
    if not parts.hostname:
        raise WrongUrl("names no host; it looks like json://127.0.0.1:9000/path")
    host = parts.hostname
    if ":" in parts.hostname:
        host = f"[{parts.hostname}]"
    place = host
    if port is not None:
        place = f"{host}:{port}"
    scheme = "http"
    if parts.scheme.lower() == "jsons":
        scheme = "https"
    options = _options(parts.query)
    login = login_header(unquote(parts.username or ""), unquote(parts.password or ""))
    options["headers"] = login | options["headers"]
    refuse_odd_headers(options["headers"])
    return WebhookUrl(f"{scheme}://{place}{parts.path or '/'}", **options)


def login_header(user: str, password: str) -> dict[str, str]:
    """The header that says who calls (RFC 7617); none without a user."""
    if not user:
        return {}
    login = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {login}"}


def refuse_odd_headers(headers: dict[str, str]) -> None:
    """HTTP has no other letters, and a line break would begin another header."""
    for name, value in headers.items():
        if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not re.fullmatch(r"[\t -~]*", value):
            raise WrongUrl("one of its headers (+NAME=VALUE) holds letters that no HTTP header may hold")


def _options(query: str) -> dict[str, Any]:
    """Read what stands behind the question mark."""
    prefixed, plain = split_options(query)
    for name in plain:
        if name not in ("method", *_CALLING, *WITHOUT_MEANING):
            known = ", ".join(["method", *_CALLING])
            raise WrongUrl(f"one of its options is unknown; a webhook has {known}, and +HEADER, -PARAMETER, :FIELD")
    found: dict[str, Any] = {"headers": prefixed["+"], "parameters": prefixed["-"], "fields": prefixed[":"]}
    if "method" in plain:
        found["method"] = plain["method"].upper()
        if found["method"] not in METHODS:
            raise WrongUrl(f"method must be one of {', '.join(METHODS)}")
    return {**found, **how_to_call(plain)}


def split_options(query: str) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """Divide options into those with a prefix (``+``, ``-``, ``:``) by their prefix, and the plain ones."""
    prefixed: dict[str, dict[str, str]] = {"+": {}, "-": {}, ":": {}}
    plain: dict[str, str] = {}
    for option in query.split("&") if query else ():
        raw_name, _, raw_value = option.partition("=")
        name, value = unquote(raw_name), unquote(raw_value)
        if name[:1] in prefixed:
            prefixed[name[0]][name[1:]] = value
        elif name:
            plain[name.lower()] = value
    return prefixed, plain


def how_to_call(options: Mapping[str, str]) -> dict[str, Any]:
    """Read the options that say how a server is called, as fields of ``Call``."""
    found: dict[str, Any] = {}
    if "verify" in options:
        found["verify"] = _YES_OR_NO.get(options["verify"].lower(), options["verify"])
        if isinstance(found["verify"], str) and not found["verify"].startswith("/"):
            raise WrongUrl("verify must be yes, no, or the path of a file of certificates (PEM)")
    if "proxy" in options:
        found["proxy"] = options["proxy"]
        if not options["proxy"].startswith(("http://", "https://")):
            raise WrongUrl(
                "proxy must begin with http:// or https://, and its signs / and : may be written %2F and %3A"
            )
    connect = _seconds(options.get("cto"), "cto", CONNECT_TIMEOUT)
    return {**found, "timeouts": (connect, _seconds(options.get("rto"), "rto", READ_TIMEOUT))}


def _seconds(value: str | None, name: str, otherwise: float) -> float:
    try:
        seconds = otherwise
        if value is not None:
            seconds = float(value)
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= 300:
        raise WrongUrl(f"{name} must be a number of seconds, up to 300")
    return seconds
