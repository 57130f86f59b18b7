"""The benchmarks run. What they measure here means nothing: everything is small, and the machine is busy."""

import pytest

from tests.bench.__main__ import BENCHMARKS, main


@pytest.mark.parametrize("name", BENCHMARKS)
def test_a_quick_run_measures_something_with_every_benchmark(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--quick", name]) == 0

    shown = capsys.readouterr().out
    assert "| figure " in shown
    assert "| changes lost at 1,000 events/s " in shown or name != "latency"


def test_an_unknown_benchmark_is_refused_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--quick", "latencies"])

    assert "no such benchmark: latencies" in capsys.readouterr().err
