"""`python -m tests.lab fetch`: gets the programs of the lab; `make lab` calls this."""

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from .errors import LabError
from .kits import RECIPES
from .packages import PackageStore, cache_folder, fetch


def fetch_one(name: str, store: PackageStore) -> bool:
    """Fetch one kit and print its line; False when it could not be had."""
    began = time.monotonic()
    try:
        kit = fetch(name, store=store)
    except (LabError, OSError) as error:
        print(f"{name:12} MISSING: {error}", flush=True)
        return False
    print(f"{name:12} {kit.version:10} {time.monotonic() - began:5.1f} s  ({kit.origin})", flush=True)
    return True


def main(arguments: list[str]) -> int:
    """Fetch the named kits, or all; where CI=true a missing compulsory one is a failure."""
    if arguments[:1] != ["fetch"] or not set(arguments[1:]) <= set(RECIPES):
        print(f"usage: python -m tests.lab fetch [{' | '.join(RECIPES)}]", file=sys.stderr)
        return 2
    names = arguments[1:] or list(RECIPES)
    store = PackageStore(cache_folder())
    with ThreadPoolExecutor(len(names)) as pool:
        had = dict(zip(names, pool.map(lambda name: fetch_one(name, store), names), strict=True))
    missing = [name for name in names if RECIPES[name].compulsory and not had[name]]
    return 1 if missing and os.environ.get("CI") == "true" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
