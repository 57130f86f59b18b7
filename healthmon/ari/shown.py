"""What of ARI's answers and events a person may see, and an event in words. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from healthmon.ari.messages import Body
from healthmon.text.passwords import BLOT
from healthmon.text.sipuri import without_secrets

#: Options of the configuration that hold a secret: ``password``, ``password_digest``, ``md5_cred``, ``refresh_token``,
#: ``oauth_secret`` of an auth object, ``password`` of a transport. ``priv_key_file`` is a path, and is shown.
_SECRET = re.compile(r"passw|secret|md5_cred|token", re.IGNORECASE)


def readable(body: Body) -> Any:
    """What an answer or an event says, without passwords. What is no JSON comes as text; None: nothing was said.

    So are hidden: in the configuration what an option of that name holds, any field of that name, and passwords in
    SIP URIs.
    """
    if not body:
        return None
    try:
        said = msgspec.json.decode(body)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return without_secrets(bytes(body).decode(errors="replace"))
    return _without_secrets(said)


def _without_secrets(said: Any) -> Any:
    # Decoding refuses what is nested too deeply to be gone through.
    if isinstance(said, str):
        return without_secrets(said)
    if isinstance(said, list):
        return [_without_secrets(part) for part in said]
    if not isinstance(said, dict):
        return said
    shown = {name: _shown_field(name, value) for name, value in said.items()}
    if _SECRET.search(str(said.get("attribute", ""))) and said.get("value"):
        shown["value"] = BLOT
    return shown


def _shown_field(name: str, value: Any) -> Any:
    if isinstance(value, str) and value and _SECRET.search(name):
        return BLOT
    return _without_secrets(value)


# ---------------------------------------------------------------- events


def in_words(event: Mapping[str, Any]) -> str:
    """Say in one line what an event is about: ``PJSIP/101-00000003 Up, caller 101``; "": of that nothing is known."""
    words = [read(event[name]) for name, read in _PARTS.items() if isinstance(event.get(name), dict)]
    words += [f"{title} {event[name]}" for name, title in _PLAIN.items() if event.get(name) not in (None, "")]
    return ", ".join(filter(None, words))


def _channel(channel: Mapping[str, Any]) -> str:
    caller = channel.get("caller")
    number = caller.get("number") if isinstance(caller, dict) else ""
    said = f"{channel.get('name', '')} {channel.get('state', '')}".strip()
    if number:
        return f"{said}, caller {number}"
    return said


def _endpoint(endpoint: Mapping[str, Any]) -> str:
    said = f"{endpoint.get('technology', '')}/{endpoint.get('resource', '')}"
    return f"{said} {endpoint.get('state', '')}".strip()


def _contact(contact: Mapping[str, Any]) -> str:
    said = f"contact {contact.get('uri', '')} {contact.get('contact_status', '')}".strip()
    if contact.get("roundtrip_usec"):
        return f"{said} after {contact['roundtrip_usec']} us"
    return said


def _user_event(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in fields.items() if name != "eventname")


def _of(*names: str) -> Callable[[Mapping[str, Any]], str]:
    """Say these fields, one after the other."""
    return lambda part: " ".join(str(part[name]) for name in names if part.get(name))


#: The parts of events, in the order in which they are said, and how each is said.
_PARTS: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "endpoint": _endpoint,
    "peer": _of("peer_status", "cause"),
    "contact_info": _contact,
    "device_state": _of("name", "state"),
    "caller": _channel,
    "channel": _channel,
    "peer_channel": _channel,
    "bridge": lambda bridge: f"bridge {bridge.get('id', '')} of {len(bridge.get('channels') or ())} channels",
    "playback": _of("media_uri", "state"),
    "recording": _of("name", "state"),
    "message": _of("from", "to", "body"),
    "userevent": _user_event,
}

#: Plain fields, and what stands before each.
_PLAIN = {
    "eventname": "user event",
    "digit": "digit",
    "dialstatus": "dial status",
    "dialstring": "dialled",
    "cause_txt": "cause",
    "tech_cause": "SIP cause",
    "variable": "variable",
    "value": "is",
    "dialplan_app": "dialplan application",
    "dialplan_app_data": "with",
    "duration": "for s",
    "duration_ms": "for ms",
}
