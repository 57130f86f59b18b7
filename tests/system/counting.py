"""``python -m tests.system.counting FILE …``: healthmon that writes, when it ends, what it took to do its work.

FILE is JSON: ``threads``, the names of all that were started, and ``modules``, the names of all that were imported.
"""

from __future__ import annotations

import atexit
import json
import sys
import threading
from pathlib import Path

from healthmon.cli import main


def count_into(path: Path) -> None:
    """Have each thread noted as it starts, and all of it written at the end."""
    threads: list[str] = []
    start = threading.Thread.start

    def noted(thread: threading.Thread) -> None:
        threads.append(thread.name)
        start(thread)

    setattr(threading.Thread, "start", noted)  # noqa: B010 - mypy takes it for a method of this module otherwise
    atexit.register(lambda: path.write_text(json.dumps({"threads": threads, "modules": sorted(sys.modules)})))


if __name__ == "__main__":
    count_into(Path(sys.argv.pop(1)))
    main()
