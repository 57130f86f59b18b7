"""config.example.ini and docs/configuration.md say what the table of options says."""

from __future__ import annotations

import re
from pathlib import Path

from msgspec.structs import replace

from healthmon.config.kinds import KINDS
from tests.config.files import Files
from tests.config.reference import example, reference

ROOT = Path(__file__).parents[2]
EXAMPLE = (ROOT / "config.example.ini").read_text(encoding="utf-8")
FILLED_IN = EXAMPLE.replace("= change-me", "= a-secret").replace("//smtp.example.org", "//mail.example.org")
DOCS = (ROOT / "docs" / "configuration.md").read_text(encoding="utf-8")

OPTIONS = [(kind.kind, option) for kind in KINDS.values() for option in kind.options]


def test_the_example_is_what_the_declarations_say() -> None:
    assert example() == EXAMPLE, "write it anew: python -m tests.config.reference"


def test_the_tables_of_the_reference_are_what_the_declarations_say() -> None:
    assert reference(DOCS) == DOCS, "write them anew: python -m tests.config.reference"


def test_the_untouched_example_is_refused_with_what_to_fill_in(files: Files) -> None:
    problems = [problem.partition("] ")[2] for problem in files.problems(EXAMPLE)]

    assert problems == [
        "password: change-me is that of the example; fill in the one of the ARI user, from ari.conf",
        "urls: oncall/mailto:smtp.example.org: this is the address of the example; fill in your own, or take the line "
        "away",
    ]


def test_the_example_works_once_it_is_filled_in(files: Files) -> None:
    config = files.load(FILLED_IN)

    assert config.warnings == ()
    assert [pbx.name for pbx in config.pbxs] == ["office"]
    assert [watch.name for watch in config.watches] == ["providers", "phones"]


def test_taking_the_hash_away_from_every_default_changes_nothing(files: Files) -> None:
    defaults = {option.name for _, option in OPTIONS if option.default}
    # The section of maintenance is an example as a whole; it has no defaults.
    used, comment, unused = FILLED_IN.partition("#[maintenance")
    text = re.sub(r"^#([a-z_]+) =", lambda m: f"{m[1]} =" if m[1] in defaults else m[0], used, flags=re.MULTILINE)
    text += comment + unused

    assert text != FILLED_IN
    assert replace(files.load(text), path=Path()) == replace(files.load(FILLED_IN), path=Path())


def test_every_example_of_the_reference_works(files: Files) -> None:
    blocks = re.findall(r"```ini\n(.*?)```", DOCS, re.DOTALL)
    (files.folder / "our-ca.pem").write_text("-----BEGIN CERTIFICATE-----\n")
    (files.folder / "office-ari").write_text("hunter22")
    environ = dict.fromkeys(re.findall(r"\$\{(\w+)\}", DOCS), "value")
    whole = {"pbx": "[pbx p]\nurl = http://h\nusername = u\npassword = x\n", "watch": "[watch w]\nendpoints = *\n"}

    assert len(blocks) >= 5
    for block in blocks:
        rest = "".join(text for kind, text in whole.items() if f"[{kind} " not in block)
        files.load(block.replace("/etc/healthmon/", "") + rest, environ=environ)
