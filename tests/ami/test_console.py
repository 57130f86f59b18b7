"""What the console shows of registrations, as real Asterisks printed it; and nothing is made of garbage."""

from __future__ import annotations

import random

import pytest

from healthmon.ami.console import LONGEST_LINE, fits_into_a_frame, next_tries
from healthmon.ami.registrations import OutboundRegistration

from .captures import VERSIONS, received

HEAD = " <Registration/ServerURI..............................>  <Auth....................>  <Status.......>\n"


def rejected(name: str, server: str = "sip:127.0.0.1") -> OutboundRegistration:
    return OutboundRegistration(name, f"sip:{name}@example.net", server, "Rejected")


def named(*registrations: OutboundRegistration) -> dict[str, OutboundRegistration]:
    return {registration.name: registration for registration in registrations}


@pytest.mark.parametrize("version", VERSIONS)
def test_when_each_that_is_rejected_began_its_last_attempt_is_read(version: str) -> None:
    shown = received(version, "show_registrations").decode().partition("--- after removal")[2].partition("--- end")[0]
    network = {"22": 91, "16": 92}[version]
    rows = named(
        rejected("reg_f403", f"sip:127.0.{network}.23:5060"),
        rejected("reg_f403np", f"sip:127.0.{network}.25:5060"),
        rejected("reg_silent", f"sip:127.0.{network}.29:5060"),
        rejected("reg_ok", f"sip:127.0.{network}.20:5060"),
        rejected("reg_removed"),
    )

    assert next_tries(shown, rows) == {"reg_f403": -51, "reg_f403np": -51, "reg_silent": -14}, "reg_ok is registered"


def test_a_name_with_slashes_and_spaces_and_a_cut_uri_are_read() -> None:
    rows = named(rejected("a"), rejected("a/b c", "sip:sip.example.net:5060"), rejected("a/b", "sip:192.0.2.7"))
    line = " a/b c/sip:sip.exam                n/a                         Rejected          (exp. 7s)\n"

    assert next_tries(HEAD + line, rows) == {"a/b c": 7}


@pytest.mark.parametrize(
    "line",
    [
        " a/sip:127.0.0.1     n/a      Rejected\n",
        " a/sip:127.0.0.1     n/a      Registered      (exp. 7s)\n",
        " a/sip:127.0.0.9     n/a      Rejected        (exp. 7s)\n",
        " a/sip:127.0.0.1     n/a      Rejected        (exp. 99999999999s ago)\n",
        " a/sip:127.0.0.1     n/a      Rejected        (exp. -7s ago)\n",
        " a/sip:127.0.0.1     n/a      Rejected        (exp. 7s)\n" * 2,
        "No such command 'pjsip show registrations'\n",
        " a/sip:127.0.0.1     n/a      Rejected        (exp. 7s)" + " " * LONGEST_LINE + "\n",
    ],
)
def test_what_is_not_clear_tells_nothing(line: str) -> None:
    assert next_tries(HEAD + line, named(rejected("a"))) == {}


def test_garbage_tells_nothing_and_breaks_nothing() -> None:
    rng, rows = random.Random(1), named(rejected("a"))
    parts = ["a", "/", "sip:127.0.0.1", " ", "n/a", "Rejected", "(exp.", "7", "s", "ago)", "\x00", "é", "\n", "b/"]
    for _ in range(5000):
        found = next_tries("".join(rng.choices(parts, k=30)), rows)
        assert set(found) <= {"a"}


def test_what_does_not_fit_into_a_frame_is_not_asked_for() -> None:
    many = [rejected(f"reg-{number}") for number in range(2000)]

    assert fits_into_a_frame(named(*many[:500]))
    assert not fits_into_a_frame(named(*many))
