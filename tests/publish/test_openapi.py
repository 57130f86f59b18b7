"""The description of the API: every route is in it, and whatever is asked by it is answered as it says."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from healthmon.model import Health
from healthmon.publish.web.openapi import OPERATIONS
from tests.publish.scene import Site, opened
from tests.report.builder import DAY, HOUR, NOW, connection, outage, phone, provider, running, steps

PATH = "/api/v1/openapi.json"
#: Each question for a report starts a process.
EXAMPLES = {"/api/v1/report": 6}


class Serving:
    """Has a database answer what has to be read, in a thread of its own, which opened it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ready, self._stop = Event(), Event()
        self._thread = Thread(target=self._serve)
        self.site: Site

    def __enter__(self) -> Site:
        self._thread.start()
        assert self._ready.wait(20)
        return self.site

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(20)
        assert not self._thread.is_alive()

    def _serve(self) -> None:
        with opened(self._path) as self.site:
            self._ready.set()
            while not self._stop.is_set():
                self.site.live.answer(0.01)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    path = tmp_path_factory.mktemp("openapi") / "h.db"
    trunk, down = provider("trunk"), phone("101", Health.DOWN)
    history = [*steps(trunk, (NOW - DAY, Health.UP)), *steps(down, (NOW - DAY, Health.UP))]
    incidents = [outage(1, trunk, NOW - 3 * HOUR, NOW - 2 * HOUR), outage(2, down, NOW - HOUR)]
    with (
        running(path, [connection(), trunk, down], history=history, incidents=incidents),
        Serving(path) as site,
    ):
        yield site


@pytest.fixture(scope="module")
def described(served: Site) -> BaseSchema:
    return schemathesis.openapi.from_wsgi(PATH, served.client.application)


def ask_whatever(described: BaseSchema, path: str, method: str, mode: GenerationMode, *left_out: CheckFunction) -> None:
    """Ask in many ways that are as described, or are not, and hold each answer against the description."""
    questions = described[path][method.upper()].as_strategy(generation_mode=mode)

    @settings(max_examples=EXAMPLES.get(path, 40), deadline=None, suppress_health_check=list(HealthCheck))
    @given(questions)
    def ask(case: Case[Any]) -> None:
        case.call_and_validate(excluded_checks=list(left_out))

    ask()


@pytest.mark.parametrize(("path", "method"), [(operation.path, operation.method) for operation in OPERATIONS])
def test_whatever_is_asked_is_answered_as_described(described: BaseSchema, path: str, method: str) -> None:
    # That a text is no time, or that one is later than another, no description can say.
    ask_whatever(described, path, method, GenerationMode.POSITIVE, positive_data_acceptance)


@pytest.mark.parametrize(
    ("path", "method"), [(operation.path, operation.method) for operation in OPERATIONS if 400 in operation.refusals]
)
def test_what_is_not_as_described_is_refused(described: BaseSchema, path: str, method: str) -> None:
    ask_whatever(described, path, method, GenerationMode.NEGATIVE)


def test_every_route_of_the_api_is_described(served: Site) -> None:
    rules = {
        (method.lower(), rule.rule.replace("<", "{").replace(">", "}").replace("path:", "").replace("int:", ""))
        for rule in served.client.application.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule.startswith("/api/") or rule.rule.endswith(".json")
    }

    assert rules - {("get", PATH)} == {(operation.method, operation.path) for operation in OPERATIONS}


def test_the_description_is_answered_and_its_words_are_those_of_people(served: Site) -> None:
    status, text = served.client.get(PATH).status_code, served.client.get(PATH).text

    assert status == 200
    assert json.loads(text)["openapi"] == "3.1.0"
    assert "Fields" not in json.dumps(list(json.loads(text)["components"]["schemas"]))
