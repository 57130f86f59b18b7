"""``[names]``: what people call endpoints, and what is wrong with a line."""

from __future__ import annotations

import os

import pytest

from healthmon.config.describe import describe
from healthmon.config.loading.database_settings import load_database_settings
from healthmon.config.loading.plans import load_plans
from healthmon.config.reload import difference
from healthmon.model import DisplayNames, Target
from tests.config.files import PBX, RECEIVER, WATCH, Files

BASE = PBX + WATCH + RECEIVER

NAMED = """\
[names]
PJSIP/103 = Reception
office:PJSIP/104 = Bob & <b>Söhne</b> = gate 2
SIP/Front desk = Front
"""

GIVEN = {"PJSIP/103": "Reception", "office:PJSIP/104": "Bob & <b>Söhne</b> = gate 2", "SIP/Front desk": "Front"}


def test_names_are_read_by_whoever_shows_them(files: Files) -> None:
    config = files.load(BASE + NAMED)

    assert config.names == GIVEN
    assert load_database_settings(config.path, os.environ).names == GIVEN
    assert load_plans(config.path, os.environ).names == GIVEN


def test_a_registration_of_no_endpoint_may_have_a_name(files: Files) -> None:
    config = files.load(BASE + "[names]\nREGISTRATION/IAX2/me@192.0.2.1:4569 = Old carrier\n")

    names = DisplayNames(config.names)
    assert names.of(Target("office", "REGISTRATION", "IAX2/me@192.0.2.1:4569")) == "Old carrier"


@pytest.mark.parametrize("text", ["", "[names]\n"])
def test_without_a_line_nothing_has_a_name(files: Files, text: str) -> None:
    config = files.load(BASE + text)

    assert config.names == {}
    assert not [line for line in describe(config) if "names" in line]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("103 = Reception", "103: an endpoint is written technology/name; did you mean PJSIP/103?"),
        ("PJSP/103 = Reception", "PJSP/103: Asterisk has no technology PJSP; did you mean PJSIP/103?"),
        ("ofice:PJSIP/103 = Reception", "there is no [pbx ofice]; did you mean office?"),
        ("PJSIP/1* = Floor 1", "a name is that of one endpoint; there are no patterns here"),
        ("PJSIP/103 =", "PJSIP/103: is empty; without this line it is the name in its caller id"),
        ("PJSIP/103 = A\nPJSIP/103 = B", "this option stands in the section twice; the first is in line"),
        ("mailto://user:secret@mail.example.org?to=x", "this line is no option (name = value)"),
    ],
)
def test_what_is_wrong_with_a_name_is_said(files: Files, line: str, sentence: str) -> None:
    [problem] = files.problems(f"{BASE}[names]\n{line}\n")

    assert sentence in problem
    assert "secret" not in problem


def test_small_and_capital_letters_are_two_endpoints(files: Files) -> None:
    assert files.load(BASE + "[names]\nPJSIP/anna = A\nPJSIP/Anna = B\n").names == {
        "PJSIP/anna": "A",
        "PJSIP/Anna": "B",
    }


def test_a_name_of_an_endpoint_stands_in_no_other_section(files: Files) -> None:
    [problem] = files.problems(BASE + "PJSIP/103 = Reception\n")

    assert "this line is no option" in problem


def test_other_names_are_used_after_a_reload_and_nothing_is_restarted(files: Files) -> None:
    changed = difference(files.load(BASE), files.load(BASE + NAMED))

    assert changed.consequences == ("other names of endpoints",)


def test_check_config_says_how_many_names_there_are(files: Files) -> None:
    assert "names: 3 of [names]; the others are called as their caller ids say" in describe(files.load(BASE + NAMED))
