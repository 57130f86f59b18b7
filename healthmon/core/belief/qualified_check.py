"""What Asterisk's own OPTIONS tell of an endpoint: the same hold for each check of that sort, and the same veils."""

from __future__ import annotations

from healthmon.config.sections.shared import Hold
from healthmon.core.belief.endpoint_check import EndpointCheck
from healthmon.core.belief.evidence import (
    NAME_NOT_CHECKED,
    NOT_LISTED,
    UNCHECKED_YET,
    effective_hold,
    has_unchecked_name,
    why_unknown,
)
from healthmon.model import Health


class QualifiedCheck(EndpointCheck):
    """A check of what Asterisk finds by asking the contacts of an endpoint. Owned by the engine thread."""

    __slots__ = ()

    def usual_hold(self) -> Hold:
        """One lost OPTIONS is no outage: a cycle of checks at least (rule 9)."""
        return effective_hold(self.endpoint.policy.hold, self.endpoint.settings)

    def why_held(self, pending: Health) -> str:
        """One lost OPTIONS is an outage to Asterisk until its next check (rule 9)."""
        settings = self.endpoint.settings
        is_longer = self.plain_hold() != self.endpoint.policy.hold and pending is not Health.UP
        if settings is None or not is_longer:
            return ""
        return f"Asterisk checks it every {settings.qualify_frequency:g} s"

    def why_unknown(self, now: float) -> str:
        """Why what was heard says nothing at present, or "" if it does."""
        endpoint, word = self.endpoint, self.endpoint.word
        if endpoint.hidden_because:
            return endpoint.hidden_because
        if not endpoint.is_listed:
            return NOT_LISTED
        if word is None:
            return self.unknown_because
        return why_unknown(word, endpoint.settings) or self._why_unchecked(word, now)

    def _why_unchecked(self, word: Health, now: float) -> str:
        """Why no check stands behind what Asterisk says; "": one does."""
        endpoint = self.endpoint
        if word is Health.UP and now < endpoint.first_check_by:
            return UNCHECKED_YET
        is_to_be_checked = endpoint.settings is not None and endpoint.settings.is_qualified
        if word is Health.DOWN and is_to_be_checked and not self.ever_up and has_unchecked_name(endpoint.target):
            # Asterisk is to check it, and cannot.
            return NAME_NOT_CHECKED
        if word is Health.DOWN and endpoint.is_in_grace(now):
            return endpoint.grace_why
        return ""
