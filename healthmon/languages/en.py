"""English: what the code itself says; here are only the words that bend."""

from __future__ import annotations

from healthmon.languages import Language, Noun


def _noun(single: str, more: str = "") -> Noun:
    return Noun((single, more or f"{single}s"))


LANGUAGE = Language(
    code="en",
    plural=lambda number: 0 if number == 1 else 1,
    share="{down} of {of} {nouns_of}",
    nouns={
        "pbx": _noun("PBX"),
        "network": _noun("network"),
        "providers": _noun("group of providers", "groups of providers"),
        "provider": _noun("provider"),
        "registration": _noun("registration"),
        "contacts": _noun("contacts", "contacts"),
        "options": _noun("OPTIONS", "OPTIONS"),
        "site": _noun("site"),
        "gateway": _noun("gateway"),
        "phone": _noun("phone"),
        "ata": _noun("ATA"),
        "softphone": _noun("softphone"),
        "mobile": _noun("mobile"),
        "receiver": _noun("receiver"),
        "device": _noun("device"),
        "day": _noun("day"),
    },
    states={
        state: (state,)
        for state in (
            "ESCALATED",
            "WORSE",
            "DOWN",
            "STILL DOWN",
            "LOGGED OUT",
            "CANNOT SEE",
            "STILL CANNOT SEE",
            "FLAPPING",
            "DEGRADED",
            "STILL DEGRADED",
            "NOT SEEN",
            "WAS DOWN",
            "COULD NOT SEE",
            "WAS FLAPPING",
            "WAS DEGRADED",
            "UP",
            "SEEN AGAIN",
            "STABLE",
            "RESTARTED",
            "INFO",
            "ENDED",
            "unreachable",
        )
    },
    weekdays=("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
    months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
