"""``python -m healthmon`` is ``healthmon``."""

from __future__ import annotations

from healthmon.cli import main

if __name__ == "__main__":
    main()
