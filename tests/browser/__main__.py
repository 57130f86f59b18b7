"""`python -m tests.browser fetch`: gets Chromium and axe-core, where they are missing and can be had."""

import sys

from tests.fetching import main

from .programs import fetch

if __name__ == "__main__":
    sys.exit(main("tests.browser", fetch))
