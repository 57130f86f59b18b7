"""`python -m tests.bench [--quick] [BENCHMARK…]`: measures, prints each figure as it comes and all of them at the end.

`make bench` calls this; docs/benchmarks.md says what the figures mean.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence

from tests.bench.commits import commits
from tests.bench.contacts import contacts
from tests.bench.figures import Figure, table
from tests.bench.footprint import footprint
from tests.bench.history import history
from tests.bench.pages import pages
from tests.bench.probes import probes
from tests.bench.reading import reading
from tests.bench.reloads import reloads
from tests.bench.scale import FULL, QUICK, Scale
from tests.bench.settings import settings
from tests.bench.snapshots import snapshots
from tests.bench.stages import stages
from tests.bench.startup import start_up
from tests.bench.storms import latency, throughput

BENCHMARKS: dict[str, Callable[[Scale], Iterator[Figure]]] = {
    "latency": latency,
    "throughput": throughput,
    "footprint": footprint,
    "snapshots": snapshots,
    "reloads": reloads,
    "stages": stages,
    "reading": reading,
    "startup": start_up,
    "contacts": contacts,
    "settings": settings,
    "probes": probes,
    "pages": pages,
    "commits": commits,
    "history": history,
}


def main(arguments: Sequence[str]) -> int:
    """Measure what is asked for. Missed aims are shown, and are no failure: machines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure healthmon.")
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=f"of {', '.join(BENCHMARKS)}; default: all")
    parser.add_argument("--quick", action="store_true", help="see that everything runs; the figures mean nothing")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.benchmarks) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    # What users run was compiled once, when it was installed.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    begun, figures = time.monotonic(), list[Figure]()
    for name in asked.benchmarks or BENCHMARKS:
        for figure in BENCHMARKS[name](QUICK if asked.quick else FULL):
            figures.append(figure)
            print("  ".join(cell for cell in figure.cells if cell), flush=True)
    print(f"\n{table(figures)}\n\nmeasured in {time.monotonic() - begun:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
