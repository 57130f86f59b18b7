"""A call of ARI as a person writes it: its path, its parameters, and the same as a line for curl. Pure."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from msgspec import Struct, field

from healthmon.ari.api_document import AriOperation
from healthmon.errors import HealthmonError
from healthmon.report.json_text import json_line


class BadCall(HealthmonError):
    """What was typed is no call of ARI."""


class AriCall(Struct, frozen=True):
    """What is asked of ARI."""

    method: str
    #: Of the path below ``/ari``, not quoted.
    segments: tuple[str, ...]
    query: Mapping[str, str] = field(default_factory=dict)
    #: What goes into the body, as JSON; None: nothing.
    body: Mapping[str, Any] | None = None

    @property
    def words(self) -> str:
        """Say ``DELETE /channels/123``."""
        return f"{self.method} /{'/'.join(self.segments)}"


def segments_of(path: str) -> tuple[str, ...]:
    """Take apart ``/endpoints/PJSIP/101``, with or without ``/ari`` before it; ``%2F`` is a slash in a name."""
    segments = [unquote(segment) for segment in urlsplit(path).path.split("/") if segment]
    if segments[:1] == ["ari"]:
        segments = segments[1:]
    if not segments:
        raise BadCall(f"'{path}' names nothing of ARI: /endpoints/PJSIP/101 would be a path")
    return tuple(segments)


def call_of(method: str, path: str, data: Iterable[str], operation: AriOperation | None) -> AriCall:
    """Make a call of what was typed. ``data``: ``k=v`` each. Raises BadCall.

    What the operation takes in its body goes there, and is written as JSON: ``variables={"HM": "1"}``.
    """
    query, body = dict(parse_qsl(urlsplit(path).query, keep_blank_values=True)), {}
    in_body = {each.name for each in operation.parameters if each.where == "body"} if operation else set()
    for given in data:
        name, sign, value = given.partition("=")
        if not (name and sign):
            raise BadCall(f"-d {given}: is no NAME=VALUE")
        if name in in_body:
            body[name] = _from_json(name, value)
        else:
            query[name] = value
    return AriCall(method, segments_of(path), query, body or None)


def _from_json(name: str, value: str) -> Any:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        raise BadCall(f'-d {name}=…: goes into the body, and is to be JSON, like {name}={{"a": "b"}}') from None


def curl_line(call: AriCall, url: str, username: str) -> str:
    """Write the same for curl, which asks for the password. ``url``: that of the path, quoted."""
    if call.query:
        url = f"{url}?{urlencode(call.query)}"
    words = ["curl", "-u", username]
    if call.method != "GET":
        words += ["-X", call.method]
    if call.body is not None:
        words += ["-H", "Content-Type: application/json", "-d", json_line(call.body)]
    return shlex.join([*words, url])
