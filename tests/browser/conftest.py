"""The browser that the tests of a module share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from .chromium import Browser
from .programs import axe, chromium


def need(path: Path | None, what: str) -> Path:
    """Return the program; skips the test without it, fails the test where CI=true."""
    if path is not None:
        return path
    line = f"no {what} here: run `python -m tests.browser fetch`"
    if os.environ.get("CI") == "true":
        pytest.fail(line, pytrace=False)
    pytest.skip(line)


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A headless Chromium."""
    program = need(chromium(), "Chromium")
    with Browser(program, tmp_path_factory.mktemp("chromium")) as browser:
        yield browser


@pytest.fixture(scope="session")
def axe_core() -> str:
    """The script of axe-core, which finds what people with impairments would stumble over."""
    return need(axe(), "axe-core").read_text(encoding="utf-8")
