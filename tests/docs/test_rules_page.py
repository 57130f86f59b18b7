"""Every rule that code and tests speak of stands in docs/rules.md, and every test that stands there exists."""

import re
from pathlib import Path

import pytest

from .documents import DOCUMENTS, ROOT

PAGE = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
CODE = [path for folder in ("healthmon", "tests") for path in sorted((ROOT / folder).rglob("*.py"))]
#: The rules that architecture.md numbers itself are about how healthmon is built.
OTHERS_RULES = ("rules.md", "architecture.md")
SOURCES = [*CODE, *(path for path in DOCUMENTS if path.name not in OTHERS_RULES)]
_RULES, _, _BOOKKEEPING = PAGE.partition("## Bookkeeping")
_NUMBER = re.compile(r"^\*\*(\d+[a-z]?)\. ", re.MULTILINE)
NUMBERS = {"rule": _NUMBER.findall(_RULES), "bookkeeping": _NUMBER.findall(_BOOKKEEPING)}
#: "rule 7", "rules 13 and 14", "rules 4-8, 10", "bookkeeping 5 to 7".
_SPOKEN_OF = re.compile(r"\b(rule|bookkeeping)s? ((?:\d+[a-z]?(?:-| to |, | and )?)+)")
_TESTS = re.compile(r"`(tests/[\w/]+\.py)`(?:, `tests/[\w/]+\.py`)* \(`(\w+)")


def spoken_of(path: Path) -> set[tuple[str, str]]:
    """The rules that a file names."""
    found = _SPOKEN_OF.findall(path.read_text(encoding="utf-8"))
    return {(kind, number) for kind, numbers in found for number in re.findall(r"\d+[a-z]?", numbers)}


def test_rules_are_numbered_once_and_without_a_gap() -> None:
    for numbers in NUMBERS.values():
        assert len(numbers) == len(set(numbers))
        plain = [int(number) for number in numbers if number.isdigit()]
        assert plain == list(range(1, len(plain) + 1))


def test_no_rule_that_code_or_tests_speak_of_is_dangling() -> None:
    spoken = {one: path.relative_to(ROOT) for path in SOURCES for one in spoken_of(path)}

    assert ("rule", "7") in spoken
    assert ("bookkeeping", "5") in spoken
    assert {one: path for one, path in spoken.items() if one[1] not in NUMBERS[one[0]]} == {}


def test_tests_are_named_after_rules_that_exist() -> None:
    named = {
        (kind, number.lstrip("0")): path.relative_to(ROOT)
        for path in CODE
        for kind, number in re.findall(r"def test_(rule|bookkeeping)_(\d+[a-z]?)_", path.read_text(encoding="utf-8"))
    }

    assert ("rule", "7") in named
    assert {rule: path for rule, path in named.items() if rule[1] not in NUMBERS[rule[0]]} == {}


def test_nobody_is_sent_to_a_page_that_is_not_here() -> None:
    elsewhere = re.compile(r"\bdesign(?:\.md|,? section)? \d|\bsection \d+ of\b")

    assert [str(path) for path in SOURCES if elsewhere.search(path.read_text(encoding="utf-8"))] == []


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`(tests/[\w/.]+)`", PAGE))))
def test_each_test_that_is_named_is_there(path: str) -> None:
    assert (ROOT / path).exists()


def test_every_rule_says_what_it_prevents_and_which_test_shows_it() -> None:
    paragraphs = [text for text in PAGE.split("\n\n") if _NUMBER.match(text)]

    assert len(paragraphs) == sum(map(len, NUMBERS.values()))
    assert [text[:40] for text in paragraphs if "*Prevents:*" not in text or "*Tests:*" not in text] == []


@pytest.mark.parametrize(("file", "name"), _TESTS.findall(PAGE))
def test_the_tests_that_are_named_exist(file: str, name: str) -> None:
    assert re.search(rf"def test_\w*{name}", (ROOT / file).read_text(encoding="utf-8"))
