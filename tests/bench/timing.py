"""How long something takes."""

from __future__ import annotations

import time
from collections.abc import Callable


def milliseconds(do: Callable[[], object]) -> float:
    """Processor time: what others do on this machine meanwhile is not counted, nor what the disk takes."""
    begun = time.process_time()
    do()
    return (time.process_time() - begun) * 1000
