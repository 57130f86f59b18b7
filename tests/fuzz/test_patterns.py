"""No text of others keeps a pattern busy: what a PBX, a phone or a provider repeats is gone through once.

A pattern holds the interpreter while it tries: no other thread runs meanwhile, and no other PBX is watched.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from functools import partial

import pytest

from healthmon.ami.console import next_tries
from healthmon.ami.registrations import OutboundRegistration
from healthmon.text.callerid import name_in
from healthmon.text.passwords import without_named_passwords
from healthmon.text.sipuri import without_secrets

#: Where texts of others are read.
PACKAGES = ("ami", "ari", "sip", "text", "wire")
#: How a pattern is used where it stands; ``match`` begins at one place only, and ``search`` at each.
USED = r"\b{name}\.(match|fullmatch|search|sub|split)\("
#: So long is what is repeated (characters). To go once through it takes a thousandth of a second; a pattern that goes
#: through it again from each place takes more than a second.
LENGTH = 40_000
#: Far more than the one, and less than the other (seconds of the processor, of this thread alone).
LIMIT = 0.4
SIGNS = (*" \ta0A.:;,=/@<>()[]{}\"'\\%", "\r\n", "a:")
BEGINNINGS = ("", *'a":;<(,')


def patterns() -> Iterator[tuple[str, re.Pattern[str] | re.Pattern[bytes], str]]:
    """Each pattern of these packages, by its name, with each way in which its module uses it."""
    for package in PACKAGES:
        folder = importlib.import_module(f"healthmon.{package}")
        for found in pkgutil.walk_packages(folder.__path__, f"healthmon.{package}."):
            module = importlib.import_module(found.name)
            for name, value in vars(module).items():
                if isinstance(value, re.Pattern):
                    ways = re.findall(USED.format(name=name), inspect.getsource(module))
                    assert ways, f"{found.name}: nobody knows how {name} is used"
                    for way in sorted(set(ways)):
                        yield f"{found.name}.{name}", value, way


def evil_texts(words: set[str]) -> Iterator[str]:
    """Signs and words that are repeated, behind what may begin something; and the end fits nothing."""
    for beginning in (*BEGINNINGS, *sorted(words)):
        for repeated in (*SIGNS, *sorted(words)):
            yield beginning + repeated * (LENGTH // len(repeated)) + "\0"


def takes(read: Callable[[], object]) -> float:
    """How long it takes (seconds of the processor)."""
    begun = time.thread_time()
    read()
    return time.thread_time() - begun


def test_no_pattern_goes_again_and_again_through_what_others_repeat() -> None:
    tried = set()
    for name, pattern, way in patterns():
        source = pattern.pattern
        if isinstance(source, bytes):
            source = source.decode()
        for text in evil_texts(set(re.findall(r"\w{3,}|\(\w+: ", source))):
            arguments: list[str | bytes] = [text]
            if isinstance(pattern.pattern, bytes):
                arguments = [text.encode()]
            if way == "sub":
                arguments.insert(0, arguments[0][:0])
            use = getattr(pattern, way)
            assert takes(partial(use, *arguments)) < LIMIT, (name, way, text[:20])
        tried.add(name)

    assert {"healthmon.text.sipuri._SECRET_PARAMETER", "healthmon.sip.messages._BRANCH"} <= tried


def read_console(text: str) -> object:
    return next_tries(text, {"a": OutboundRegistration("a", "sip:a@h", "sip:h", "Rejected")})


@pytest.mark.parametrize("read", [name_in, without_secrets, without_named_passwords, read_console])
def test_nothing_that_reads_a_text_takes_long_for_what_others_repeat(read: Callable[[str], object]) -> None:
    words = {"pwd", "passw", "sip:", "sip:a;pwd", "/sip:", " Rejected (exp. 7s)", " (exp. "}

    for text in evil_texts(words):
        assert takes(partial(read, text)) < LIMIT, text[:20]
