"""The man page is made from the commands' own help, and a real man formats it without a complaint."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from healthmon.cli.main import COMMANDS
from tests.docs.manual import PAGE, page


def test_the_man_page_is_what_the_commands_say_of_themselves() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.docs.manual writes it anew"


@pytest.mark.skipif(shutil.which("groff") is None, reason="groff is not installed")
def test_roff_formats_it_without_a_warning_and_each_command_is_in_it() -> None:
    # Not -K: what the page holds is ASCII, or told to groff by preconv.
    words = ["groff", "-k", "-man", "-ww", "-Tutf8", "-P-cbou", "-rLL=100n", str(PAGE)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)

    assert done.stderr == ""
    for name in COMMANDS:
        assert name in done.stdout
