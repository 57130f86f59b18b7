"""Who wants OPTIONS of our own needs two more libraries, and is told so before anything starts."""

from __future__ import annotations

import sys

import pytest

from healthmon.config.loading import checks
from healthmon.errors import ConfigError
from tests.config.files import PBX, RECEIVER, WATCH, Files


def test_without_the_libraries_probe_is_a_problem_that_says_what_to_install(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None)

    with pytest.raises(ConfigError) as caught:
        files.load(PBX + WATCH + "probe = auto\n" + RECEIVER)

    [problem] = caught.value.problems
    # The pip of this installation: that of the shell belongs to another one, mostly.
    command = f"{sys.executable} -m pip install 'healthmon[sip]'"
    assert str(problem).endswith(f"probe: needs sipmessage and dnspython: {command}")


def test_whoever_does_not_probe_needs_none_of_them(files: Files, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "find_spec", lambda _: None)

    assert not files.load(PBX + WATCH + "probe = no\n" + RECEIVER).has_probes
