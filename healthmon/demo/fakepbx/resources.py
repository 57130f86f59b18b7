"""The REST resources of the fake PBX: exactly those that healthmon uses, one function each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

from healthmon.demo.fakepbx.asterisk import Asterisk
from healthmon.demo.fakepbx.endpoints import DRIVERS, FakeEndpoint
from healthmon.demo.fakepbx.http import Answer, Request, as_json, message

#: What it has loaded, of what anybody asks for.
MODULES = (
    *DRIVERS.values(),
    "res_ari_applications.so",
    "res_ari_device_states.so",
    "res_ari_events.so",
)

#: Called with the names that stand where the pattern has None.
Handler = Callable[[Asterisk, Request, tuple[str, ...]], Answer]


def answer(pbx: Asterisk, request: Request, segments: tuple[str, ...]) -> Answer:
    """Answer a request for a resource. One that is not known is recorded in ``pbx.failures``, and refused."""
    for method, pattern, handler in ROUTES:
        if method != request.method or len(pattern) != len(segments):
            continue
        pairs = list(zip(pattern, segments, strict=True))
        # None in a pattern stands for any name.
        if all(part in (None, segment) for part, segment in pairs):
            return handler(pbx, request, tuple(segment for part, segment in pairs if part is None))
    pbx.failures.append(f"{request.method} {request.target}")
    return message(501, "the fake PBX does not know this request")


def _endpoints(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    """One name that is not UTF-8, and there is no list, also after it was removed."""
    listed = pbx.listed()
    if pbx.cannot_list or not all(endpoint.is_speakable for endpoint in listed):
        return as_json(500, {"error": "Allocation failed"})
    return as_json(200, [endpoint.listed() for endpoint in listed])


def _endpoints_of(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    """Those of a technology, without the one whose name is not UTF-8."""
    if names[0] in pbx.cannot_list:
        return as_json(500, {"error": "Allocation failed"})
    of_it = [endpoint for endpoint in pbx.listed() if endpoint.technology == names[0]]
    if not of_it:
        return message(404, f"No Endpoints found - invalid tech {names[0]}")
    return as_json(200, [endpoint.listed() for endpoint in of_it if endpoint.is_speakable])


def _endpoint(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    endpoint = pbx.find("/".join(names))
    is_there = endpoint in pbx.listed()
    if endpoint and is_there:
        return as_json(200, endpoint.listed())
    return message(404, "Endpoint not found")


def _device_state(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    endpoint = pbx.find(names[0])
    is_there = endpoint is not None and endpoint.technology not in pbx.booted_without
    return as_json(200, {"name": names[0], "state": endpoint.device_state if endpoint and is_there else "INVALID"})


def _module(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    if names[0] in pbx.without_modules or names[0] not in MODULES:
        return message(404, "Module could not be found in running modules")
    return as_json(200, {"name": names[0], "status": "Running", "use_count": 0, "support_level": "core"})


def _info(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    parts: dict[str, object] = {
        "system": {"version": pbx.version, "entity_id": "02:fc:00:00:00:01"},
        "status": {"startup_time": pbx.startup_time, "last_reload_time": pbx.last_reload_time},
    }
    only = request.query.get("only")
    return as_json(200, {only: parts[only]} if only in parts else parts)


def _ari_general(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    """ari.conf's [general], which newer versions show."""
    if pbx.websocket_write_timeout is None:
        return message(404, "configClass 'res_ari' not found")
    return as_json(200, [{"attribute": "websocket_write_timeout", "value": str(pbx.websocket_write_timeout)}])


def _sorcery_endpoint(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    if "res_pjsip.so" in pbx.without_modules:
        return message(404, "configClass 'res_pjsip' not found")
    endpoint = pbx.find(f"PJSIP/{names[0]}")
    if endpoint and not endpoint.is_configured:
        endpoint = None
    return _sorcery(names[0], endpoint, FakeEndpoint.sorcery_endpoint)


def _sorcery_aor(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    return _sorcery(names[0], _owner_of_aor(pbx, names[0]), FakeEndpoint.sorcery_aor)


def _sorcery_contact(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    """A registered contact has an object of its own, named after its AOR and a hash; a static one has none."""
    aor, _, digest = names[0].rpartition(";@")
    endpoint = _owner_of_aor(pbx, aor)
    uri = endpoint.registered_contact if endpoint else ""
    is_it = bool(uri) and hashlib.md5(uri.encode(), usedforsecurity=False).hexdigest() == digest
    return _sorcery(names[0], endpoint if is_it else None, FakeEndpoint.sorcery_contact)


def _owner_of_aor(pbx: Asterisk, name: str) -> FakeEndpoint | None:
    owners = (endpoint for endpoint in pbx.endpoints() if endpoint.technology == "PJSIP" and endpoint.is_configured)
    return next((endpoint for endpoint in owners if endpoint.aor == name), None)


def _sorcery(name: str, endpoint: FakeEndpoint | None, read: Callable[[FakeEndpoint], dict[str, str]]) -> Answer:
    if endpoint is None:
        return message(404, f"Object with id '{name}' not found")
    return as_json(200, [{"attribute": name, "value": value} for name, value in read(endpoint).items()])


def _subscribe(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    stream = pbx.stream_of(names[0])
    if stream is None:
        return message(404, "Application not found")
    source = request.query.get("eventSource", "")
    if source not in ("endpoint:", "deviceState:"):
        return message(422, "Event source does not exist")
    stream.sources.add(source)
    return as_json(200, _application(names[0], stream.sources, stream.allowed))


def _event_filter(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    stream = pbx.stream_of(names[0])
    if stream is None:
        return message(404, "Application not found")
    stream.allowed = {item["type"] for item in json.loads(request.body)["allowed"]}
    return as_json(200, _application(names[0], stream.sources, stream.allowed))


def _application(name: str, sources: set[str], allowed: set[str] | None) -> dict[str, object]:
    return {
        "name": name,
        "channel_ids": [],
        "bridge_ids": [],
        "endpoint_ids": ["__AST_ENDPOINT_ALL_TOPIC"] if "endpoint:" in sources else [],
        "device_names": ["__AST_DEVICE_STATE_ALL_TOPIC"] if "deviceState:" in sources else [],
        "events_allowed": [{"type": name} for name in sorted(allowed or ())],
        "events_disallowed": [],
    }


def _user_event(pbx: Asterisk, request: Request, names: tuple[str, ...]) -> Answer:
    stream = pbx.stream_of(request.query.get("application", ""))
    if stream is None:
        return message(404, "Application not found")
    pbx.emit({"type": "ChannelUserevent", "eventname": names[0], "userevent": {"eventname": names[0]}}, only=stream)
    return Answer(204)


_DYNAMIC = ("asterisk", "config", "dynamic", "res_pjsip")
#: Everything that the fake knows: method, path with None for a name, what answers.
ROUTES: tuple[tuple[str, tuple[str | None, ...], Handler], ...] = (
    ("GET", ("endpoints",), _endpoints),
    ("GET", ("endpoints", None), _endpoints_of),
    ("GET", ("endpoints", None, None), _endpoint),
    ("GET", ("asterisk", "modules", None), _module),
    ("GET", ("deviceStates", None), _device_state),
    ("GET", ("asterisk", "info"), _info),
    ("GET", ("asterisk", "config", "dynamic", "res_ari", "general", "general"), _ari_general),
    ("GET", (*_DYNAMIC, "endpoint", None), _sorcery_endpoint),
    ("GET", (*_DYNAMIC, "aor", None), _sorcery_aor),
    ("GET", (*_DYNAMIC, "contact", None), _sorcery_contact),
    ("POST", ("applications", None, "subscription"), _subscribe),
    ("PUT", ("applications", None, "eventFilter"), _event_filter),
    ("POST", ("events", "user", None), _user_event),
)
