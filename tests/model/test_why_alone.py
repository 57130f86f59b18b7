"""Of the words about a registration that is not there, those that say why."""

from __future__ import annotations

import pytest

from healthmon.model import NOT_SENT, as_remembered, why_alone


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("not registered at sip.example.net: rejected; incoming calls are affected", "rejected"),
        ("not registered at sip.example.net: rejected, or the request could not be sent; incoming", NOT_SENT),
        ("not registered at 2001:db8::1: not answered; incoming calls are affected", "not answered"),
        (
            "2 of 3 registrations, reg-a: not registered at sip.example.net: rejected, or not answered; Asterisk has "
            "stopped trying: it needs 'pjsip send register reg-a', or a reload; incoming calls are affected",
            "rejected, or not answered",
        ),
        (
            "not registered at a (Asterisk: Unregistered): not tried yet, or taken back on purpose; incoming calls …",
            "not tried yet, or taken back on purpose",
        ),
        ("not registered at a (Asterisk: Request Sent); incoming calls are affected", "Request Sent"),
        ("in other words", "in other words"),
    ],
)
def test_the_words_without_the_server(words: str, why: str) -> None:
    assert why_alone(words) == why


KNOWN = "not registered at sip.example.net: rejected; incoming calls are affected"
UNKNOWN = KNOWN.replace("rejected", "rejected, or not answered")
STOPPED = KNOWN.replace(";", "; Asterisk has stopped trying: it needs 'pjsip send register a', or a reload;")


@pytest.mark.parametrize(
    ("words", "before", "said"),
    [
        (UNKNOWN, KNOWN, KNOWN),
        (UNKNOWN, STOPPED, STOPPED),
        (STOPPED.replace("rejected", "rejected, or not answered"), KNOWN, STOPPED),
        (UNKNOWN, UNKNOWN, UNKNOWN),
        (UNKNOWN, KNOWN.replace("sip.example.net", "elsewhere"), UNKNOWN),
        (KNOWN.replace("rejected", "not answered"), KNOWN, KNOWN.replace("rejected", "not answered")),
        (UNKNOWN, "", UNKNOWN),
    ],
)
def test_what_was_known_before_is_said_of_the_same_only(words: str, before: str, said: str) -> None:
    assert as_remembered(words, before) == said
