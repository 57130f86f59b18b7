"""The fields of ``silences --json``, as ``docs/json.md`` promises them: for type checkers and the API's description."""

from __future__ import annotations

from healthmon.report.status.fields import CalledFields


class SilenceFields(CalledFields):
    """Of what nobody is told, from when to when, by whom and why. An empty list: whichever."""

    id: int
    since: str | None
    until: str | None
    by: str
    reason: str
    pbx: list[str]
    site: list[str]
    kind: list[str]
    watch: list[str]
    endpoint: list[str]


class AddedSilenceFields(SilenceFields):
    """``silence add --json``."""

    #: Of how many things that are watched now it speaks; 0: perhaps its name is misspelt.
    matching: int
