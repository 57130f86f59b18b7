"""`python -m tests.fresh_root fetch`: gets mmdebstrap, where it is missing and can be had."""

import os
import sys

from .root import MissingProgramError, fetch


def main(arguments: list[str]) -> int:
    """Fetch; where CI=true what is missing is a failure."""
    if arguments != ["fetch"]:
        print("usage: python -m tests.fresh_root fetch", file=sys.stderr)
        return 2
    try:
        fetch()
    except MissingProgramError as error:
        print(f"MISSING: {error}", flush=True)
        return 1 if os.environ.get("CI") == "true" else 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
