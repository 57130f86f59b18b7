"""One declaration of an option is all that there is: what it means in the file, in the example, in the reference."""

from __future__ import annotations

import pytest
from msgspec import Struct

from healthmon.config import values
from healthmon.config.findings import Findings
from healthmon.config.kinds import KINDS
from healthmon.config.loading.draft import DraftSection, draft_of
from healthmon.config.loading.ini import read_sections
from healthmon.config.options import Option, SectionKind, made_of, option
from healthmon.config.sections.pbx import PBX
from tests.config.reference import DOCS, section_of_example, table


def _sum(first: float, second: float) -> float:
    return first + second


class Toy(Struct, frozen=True):
    """A section that healthmon does not have."""

    name: str
    wait: float = option(values.duration("1s", "1m"), "How long it waits.", default="10s")
    token: str = option(values.text, "Lets it in.", otherwise="token_file", example="hunter22", secret_file="toy-token")
    both: float = made_of(
        _sum,
        (
            Option(values.seconds, "The first.", "first", default="1s"),
            Option(values.seconds, "The second.", "second", default="2s"),
        ),
        absent=3.0,
    )


TOY = SectionKind("toy", Toy, example_name="robot", about="A toy.", is_in_example=False)


def read(text: str) -> tuple[DraftSection, list[str]]:
    """Read a section, and return it with the problems."""
    findings = Findings("config.ini")
    draft = draft_of(read_sections(text, findings), {"toy": TOY}, findings)
    return draft.of("toy")[0], [str(problem) for problem in findings.problems]


def test_the_record_holds_what_the_file_says_and_the_defaults_of_the_rest() -> None:
    section, problems = read("[toy robot]\ntoken = secret\nsecond = 5s\n")

    assert problems == []
    assert section.record() == Toy("robot", wait=10.0, token="secret", both=6.0)


def test_a_record_that_is_made_without_a_file_has_the_same_defaults() -> None:
    assert Toy("robot", token="secret") == Toy("robot", wait=10.0, token="secret", both=3.0)
    with pytest.raises(TypeError, match="Lets it in"):
        Toy("robot")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("wait = 2m", "config.ini:2 [toy robot] wait: 2m: must be between 1s and 1m"),
        ("wait =", "config.ini:2 [toy robot] wait: is empty; without this line it is 10s"),
        ("token =", "config.ini:2 [toy robot] token: is empty; give it a value"),
        ("wiat = 2s", "config.ini:2 [toy robot] wiat: unknown option; did you mean wait?"),
        ("url = x", "config.ini:2 [toy robot] url: unknown option; it belongs in [pbx NAME]"),
    ],
)
def test_what_is_wrong_with_it_is_said_with_its_line(line: str, said: str) -> None:
    assert read(f"[toy robot]\n{line}\n")[1] == [said]


def test_a_secret_has_a_twin_that_names_a_file() -> None:
    twin = TOY.option("token_file")

    assert twin is not None
    assert (twin.is_secret, twin.otherwise, twin.example) == (False, "token", "toy-token")


def test_the_example_and_the_reference_show_it() -> None:
    assert section_of_example(TOY) == (
        "# A toy.\n#[toy robot]\n"
        "# How long it waits.\n#wait = 10s\n\n"
        "# Lets it in.\n#token = hunter22\n\n"
        "# Instead of token: a file that holds it, or the name of a systemd credential.\n#token_file = toy-token\n\n"
        "# The first.\n#first = 1s\n\n# The second.\n#second = 2s\n"
    )
    assert "| `wait` | `10s` | How long it waits. |\n" in table(TOY)
    assert "| `token` | this or `token_file` | Lets it in. |\n" in table(TOY)


def test_each_sentence_is_one_and_each_default_can_be_read() -> None:
    for kind in KINDS.values():
        for each in kind.options:
            assert each.sentence.endswith("."), f"[{kind.kind}] {each.name}"
            assert len(each.sentence) <= 110, f"[{kind.kind}] {each.name}"
            assert not each.default or each.parse(each.default) == each()


def test_the_reference_says_which_options_of_a_pbx_connect_it_anew() -> None:
    row = next(line for line in DOCS.read_text(encoding="utf-8").splitlines() if "is connected anew |" in line)
    named = {each.name for each in PBX.options if each.reconnects}

    assert named == {
        "url",
        "username",
        "password",
        "application",
        "verify_tls",
        "ami",
        "ami_username",
        "ami_password",
    }
    assert all(f"`{name}`" in row or f"the {name}" in row for name in named)
