"""`python -m tests.fresh_root fetch`: gets mmdebstrap, where it is missing and can be had."""

import sys

from tests.fetching import main

from .root import fetch

if __name__ == "__main__":
    sys.exit(main("tests.fresh_root", fetch))
