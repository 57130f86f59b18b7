"""The name in a caller id, and how it is shown."""

from __future__ import annotations

import pytest

from healthmon.text.callerid import LONGEST_SHOWN, beside, name_in, shown_name


@pytest.mark.parametrize(
    ("callerid", "name"),
    [
        ('"Reception" <103>', "Reception"),
        ("Reception <103>", "Reception"),
        ("Reception", "Reception"),
        ('"Müller, Anna" <101>', "Müller, Anna"),
        ('"Bob "the boss" Smith" <104>', 'Bob "the boss" Smith'),
        ('"Bob \\"the boss\\" Smith" <104>', 'Bob "the boss" Smith'),
        ('"Bob & <b>Söhne</b>" <105>', "Bob & <b>Söhne</b>"),
        ("<unknown>", ""),
        ("", ""),
        ("103", ""),
        ("+49 (30) 1234-5", ""),
        ("<103>", ""),
        ('"" <103>', ""),
        ('"103" <103>', ""),
        ('"alice" <alice>', ""),
        ('"  " <103>', ""),
    ],
)
def test_the_name_in_a_caller_id_as_asterisk_16_and_22_write_it(callerid: str, name: str) -> None:
    assert name_in(callerid) == name


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Reception", "Reception"),
        ("Front\tdesk\r\n  2", "Front desk 2"),
        ("red \x1b[31m", r"red \x1b[31m"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}ksed", r"\u202eksed"),
        ('Bob" is up', "Bob' is up"),
        ("Bob & <b>Söhne</b>", "Bob & <b>Söhne</b>"),
        ("", ""),
    ],
)
def test_a_name_is_shown_on_one_line_and_holds_nothing_that_turns_or_ends_it(text: str, shown: str) -> None:
    assert shown_name(text) == shown


def test_a_long_name_is_cut() -> None:
    assert shown_name("x" * 1000) == "x" * (LONGEST_SHOWN - 1) + "…"


def test_no_caller_id_takes_long_to_read() -> None:
    assert name_in('"' * 1000 + "<" * 1000) != ""


def test_a_name_stands_beside_the_number() -> None:
    assert (beside("103", "Reception"), beside("103", "")) == ('103 "Reception"', "103")
