"""Passwords in what the other side says: its sentences may repeat ours, or tell those of others."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from html import escape

BLOT = "***"
#: ``password=abc``, ``Secret: abc``.
# A word of a million letters is gone through once: no other thread runs meanwhile.
_NAMED = re.compile(r"((?:passw|pwd|secret)\w{0,40}\s{0,40}[:=]\s*)[^\s,;]+", re.IGNORECASE)
#: A shorter password may as well be the name of a phone, "1234".
_SHORTEST = 8
#: So may a longer one be a word that Asterisk itself says: without it nothing could be read any more.
_WORDS_OF_ASTERISK = (
    "asterisk healthmon endpoints resource technology attribute application eventsource identifier startup_time "
    "last_reload_time contact_info contact_status contactstatuschange contactstatusdetail peerstatuschange "
    "devicestatechanged endpointstatechange channeluserevent applicationreplaced registered unregistered rejected "
    "reachable unreachable nonqualified unavailable registrations pjsipshowregistrationsoutbound authentication "
    "accepted permission denied login already in use listcommands fullybooted outboundregistrationdetail"
)
#: A password of so many characters and more, with a letter in it, is found where it is the whole of a value.
_SHORTEST_WHOLE = 4
#: But for what Asterisk itself says as such a value: without it nothing could be read any more.
_VALUES_OF_ASTERISK = (
    f"{_WORDS_OF_ASTERISK} online offline unknown inuse not_inuse busy invalid ringing ringinuse onhold created "
    "removed updated pjsip iax2 local agent message dahdi dial true false none null auto auth user name type system "
    "success error follows goodbye start complete registry reload pong ping enabled disabled stopping stopped "
    "failed timeout"
).split()


def without_named_passwords(sentence: str) -> str:
    """Blot out whatever a sentence calls a password."""
    return _NAMED.sub(rf"\1{BLOT}", sentence)


class OwnSecrets:
    """What we tell a peer in confidence, blotted out of what it says. Any thread may use it.

    It is found in clear, written for a URL, a form, JSON, HTML or Python, and in base64 as HTTP sends it:
    ``user:password``. ``passwords`` and ``logins`` (user, password); empty ones are none.
    """

    def __init__(self, passwords: Iterable[str], logins: Iterable[tuple[str, str]] = ()) -> None:
        clear = {password for password in passwords if password}
        in_base64 = {_base64(password) for password in clear}
        in_base64 |= {_base64(f"{user}:{password}") for user, password in logins if password}
        in_base64 = {text for text in in_base64 if len(text) >= _SHORTEST}
        self._all = tuple(sorted(clear | in_base64, key=len, reverse=True))
        #: Those that cannot be a name or a state as well.
        self._distinct = tuple(
            secret for secret in self._all if len(secret) >= _SHORTEST and secret.lower() not in _WORDS_OF_ASTERISK
        )
        #: Those that are no number and no word of Asterisk's: found where they are the whole of a value.
        self._whole = tuple(
            secret
            for secret in self._all
            if _SHORTEST_WHOLE <= len(secret) < _SHORTEST
            and any(map(str.isalpha, secret))
            and secret.lower() not in _VALUES_OF_ASTERISK
        )
        #: Without one of these there is no secret in a text: looking for them costs next to nothing.
        with_plus = (secret.replace(" ", "+") for secret in self._all if " " in secret)
        self._signs = (*self._all, *with_plus, "%", "\\", "&")
        self._signs_in_bytes = tuple(sign.encode("utf-8", "surrogateescape") for sign in self._signs)

    def and_also(self, secret: str) -> OwnSecrets:
        """These, and one more."""
        return OwnSecrets((*self._all, secret))

    def free_sentence(self, sentence: str) -> str:
        """Blot out each of them, however short, of what is said for people."""
        if self._all and self.may_be_in(sentence):
            return _pattern(self._all).sub(BLOT, sentence)
        return sentence

    def free_value(self, value: str) -> str:
        """Blot out of a name, a state or a number those that cannot be one.

        A phone that is called 1234 must be known though that is the password, too. One of four to seven characters with
        a letter among them is found where it is the whole value.
        """
        if self._whole and self.may_be_in(value) and _pattern(self._whole).fullmatch(value):
            return BLOT
        if self._distinct and self.may_be_in(value):
            return _pattern(self._distinct).sub(BLOT, value)
        return value

    def free_answer(self, answer: bytes | bytearray) -> bytes | bytearray:
        """Do the same to all values of an answer that is not read yet."""
        if not any(sign in answer for sign in self._signs_in_bytes):
            return answer
        # A copy of the largest answer would be as large again.
        if self._distinct and (pattern := _pattern_of_bytes(_any_of(self._distinct))).search(answer):
            answer = pattern.sub(BLOT.encode(), answer)
        # What stands between quotes, and is no name of a field.
        whole = rf'"(?:{_any_of(self._whole)})"(?!\s*:)'
        if self._whole and (pattern := _pattern_of_bytes(whole)).search(answer):
            answer = pattern.sub(f'"{BLOT}"'.encode(), answer)
        return answer

    def may_be_in(self, text: str) -> bool:
        """Whether one of them is in a text, perhaps; False: certainly not."""
        return any(sign in text for sign in self._signs)


#: Of somebody who was told nothing.
NO_SECRETS = OwnSecrets(())


@cache
def _spelled(character: str) -> str:
    """Write the pattern that finds a character however it is written."""
    in_utf8 = character.encode("utf-8", "surrogateescape")
    spellings = {"".join(f"%{byte:02x}" for byte in in_utf8)}
    if not (character.isascii() and character.isalnum()):
        spellings |= {json.dumps(character)[1:-1], f"\\{character}", escape(character)}
        spellings |= {f"\\u{ord(character):04x}", f"&#{ord(character)};", f"&#x{ord(character):x};"}
        spellings.add("".join(f"\\x{byte:02x}" for byte in in_utf8))
    if character == " ":
        spellings.add("+")
    # The longest first: of "&amp;" nothing is left over.
    written = [f"(?i:{re.escape(text)})" for text in sorted(spellings - {character}, key=len, reverse=True)]
    return f"(?:{'|'.join([*written, re.escape(character)])})"


@cache
def _any_of(secrets: tuple[str, ...]) -> str:
    return "|".join("".join(map(_spelled, secret)) for secret in secrets)


def _pattern(secrets: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(_any_of(secrets))


def _pattern_of_bytes(pattern: str) -> re.Pattern[bytes]:
    return re.compile(pattern.encode("utf-8", "surrogateescape"))


def _base64(text: str) -> str:
    """As HTTP has it, but for the signs at its end, which say nothing."""
    return b64encode(text.encode("utf-8", "surrogateescape")).decode().rstrip("=")
