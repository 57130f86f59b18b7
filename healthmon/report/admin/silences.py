"""Silences as programs read them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from healthmon.model import Silence
from healthmon.report.formatting import rfc3339

if TYPE_CHECKING:
    from healthmon.report.admin.fields import SilenceFields


def silence_data(silence: Silence, called: str = "") -> SilenceFields:
    """Write a silence as the fields of ``docs/json.md``. ``called``: what people call the one thing it speaks of."""
    matcher = silence.matcher
    fields: SilenceFields = {
        "id": silence.id,
        "since": rfc3339(silence.since),
        "until": rfc3339(silence.until),
        "by": silence.author,
        "reason": silence.reason,
        "pbx": list(matcher.pbxs),
        "site": list(matcher.sites),
        "kind": list(matcher.kinds),
        "watch": list(matcher.watches),
        "endpoint": list(matcher.endpoints),
    }
    if called:
        fields["called"] = called
    return fields
