"""Prometheus' own tool accepts the rules and the configuration of the docs, and their tests pass."""

from pathlib import Path

import pytest

from tests.lab.fixtures import need
from tests.lab.others import promtool

DOCS = Path(__file__).parents[2] / "docs/prometheus"


@pytest.mark.lab
@pytest.mark.parametrize(
    "arguments",
    [("check", "rules", "alerts.yml"), ("check", "config", "scrape.yml"), ("test", "rules", "alerts-test.yml")],
)
def test_promtool_accepts_what_the_docs_give(arguments: tuple[str, ...]) -> None:
    done = promtool(need("prometheus"), DOCS, *arguments)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "SUCCESS" in done.stdout + done.stderr
