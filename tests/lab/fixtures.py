"""Pytest fixtures of the lab, loaded by tests/conftest.py.

    def test_something(lab):                  # runs on Asterisk 22 and on 16
        pbx = lab.asterisk(phone("101"))
        ...

Without an Asterisk in the cache such a test skips with one line, and fails where CI=true.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol, TypeVar

import pytest

from .addresses import addresses
from .asterisk import Asterisk
from .endpoints import Endpoint
from .kits import Kit
from .packages import available
from .pbxfiles import Options

VERSIONS = (22, 16)


class Closable(Protocol):
    """Anything that the lab can end after a test."""

    def close(self) -> None:
        """Release what it holds."""


Thing = TypeVar("Thing", bound=Closable)


def need(name: str) -> Kit:
    """The kit of that name; skips the test without it, fails the test where CI=true."""
    kit = available(name)
    if kit is None:
        title = name.replace("asterisk-", "Asterisk ")
        line = f"no {title} in the lab cache: run `make lab`"
        if os.environ.get("CI") == "true":
            pytest.fail(line, pytrace=False)
        pytest.skip(line)
    return kit


class Lab:
    """What one test started; all of it ends with the test, in reverse order."""

    def __init__(self, kit_of: Callable[[int | None], Kit], folder: Path) -> None:
        self._kit_of = kit_of
        self._folder = folder
        self._ends = ExitStack()
        self._started: list[Asterisk] = []

    def asterisk(
        self,
        *endpoints: Endpoint,
        options: Options | None = None,
        address: str | None = None,
        version: int | None = None,
        start: bool = True,
    ) -> Asterisk:
        """A new Asterisk of the test's version (or of `version`), started and answering unless start=False."""
        folder = self._folder / f"pbx{len(self._started) + 1}"
        folder.mkdir(parents=True)
        pbx = Asterisk(self._kit_of(version), endpoints, folder=folder, address=address, options=options)
        self._started.append(pbx)
        self.add(pbx)
        return pbx.start() if start else pbx

    def add(self, thing: Thing) -> Thing:
        """Have anything with a close() ended together with the test: `phone = lab.add(Phone(…))`."""
        self._ends.callback(thing.close)
        return thing

    def address(self) -> str:
        """A fresh loopback address for a peer."""
        return addresses().address()

    def subnet(self) -> str:
        """The first three numbers of a fresh /24, for a site of many phones."""
        return addresses().subnet()

    def folder(self, name: str) -> Path:
        """A fresh folder in the test's own."""
        path = self._folder / name
        path.mkdir(parents=True)
        return path

    def close(self) -> None:
        """End everything."""
        self._ends.close()

    def logs(self) -> Iterator[tuple[str, str]]:
        """A title and the end of the log of each Asterisk."""
        for pbx in self._started:
            yield f"Asterisk {pbx.kit.version} on {pbx.address}", "\n".join(pbx.log_text().splitlines()[-60:])


@pytest.fixture(params=[pytest.param(version, marks=pytest.mark.lab, id=f"asterisk{version}") for version in VERSIONS])
def asterisk_version(request: pytest.FixtureRequest) -> int:
    """22, then 16: every test that uses it, or `lab`, runs on both."""
    version: int = request.param
    need(f"asterisk-{version}")
    return version


@pytest.fixture
def lab(asterisk_version: int, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """Starts Asterisks and peers within a test and ends them after it; runs the test on 22 and on 16."""
    yield from _lab(request, tmp_path, asterisk_version)


@pytest.fixture
def lab22(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """As `lab`, on Asterisk 22 only; mark the test with `lab`."""
    yield from _lab(request, tmp_path, 22)


@pytest.fixture
def lab16(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    """As `lab`, on Asterisk 16 only (chan_sip); mark the test with `lab`."""
    yield from _lab(request, tmp_path, 16)


def _lab(request: pytest.FixtureRequest, folder: Path, default: int) -> Iterator[Lab]:
    lab = Lab(lambda version: need(f"asterisk-{version or default}"), folder)
    failed_before = request.session.testsfailed
    try:
        with pytest.MonkeyPatch.context() as patch:
            # What a test asks on loopback, itself or by a program that it starts, goes to no proxy.
            patch.setenv("no_proxy", "127.0.0.0/8,localhost")
            yield lab
    finally:
        lab.close()
        _report_logs(request, lab, failed_before)


def _report_logs(request: pytest.FixtureRequest, lab: Lab, failed_before: int) -> None:
    """Put the Asterisks' logs into the report of a test that failed."""
    if request.session.testsfailed > failed_before:
        for title, log in lab.logs():
            request.node.add_report_section("teardown", title, log)
