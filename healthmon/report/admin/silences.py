"""Silences as programs read them. Pure."""

from __future__ import annotations

from healthmon.model import Silence
from healthmon.report.formatting import rfc3339


def silence_data(silence: Silence, called: str = "") -> dict[str, object]:
    """Write a silence as the fields of ``docs/json.md``. ``called``: what people call the one thing it speaks of."""
    matcher, name = silence.matcher, {}
    if called:
        name = {"called": called}
    return {
        "id": silence.id,
        "since": rfc3339(silence.since),
        "until": rfc3339(silence.until),
        "by": silence.author,
        "reason": silence.reason,
        "pbx": matcher.pbxs,
        "site": matcher.sites,
        "kind": matcher.kinds,
        "watch": matcher.watches,
        "endpoint": matcher.endpoints,
        **name,
    }
