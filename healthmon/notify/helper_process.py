"""The inside of a helper process (``helper.py``): its limits, and its loop. Imports nothing but Python's own."""

from __future__ import annotations

import os
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable

#: Each message between a helper and us begins with its length in so many bytes.
LENGTH_BYTES = 4
#: The first message of a helper: it has imported all it needs, and its limits are set.
READY = b"ready"


def serve(answer: Callable[[bytes], bytes]) -> None:
    """Answer one question after the other, until whoever asks is gone. Takes its limits from the command line."""
    most_memory, most_cpu = int(sys.argv[1]), float(sys.argv[2])
    _limit(resource.RLIMIT_AS, most_memory)
    _limit(resource.RLIMIT_CORE, 0)
    threading.Thread(target=_leave_with_whoever_asks, daemon=True).start()
    _write(READY)
    # An empty question means that nobody asks any more.
    while question := _read(int.from_bytes(_read(LENGTH_BYTES))):
        # When that is used up, a signal ends the process.
        signal.setitimer(signal.ITIMER_PROF, most_cpu)
        _write(answer(question))
        signal.setitimer(signal.ITIMER_PROF, 0)


def _leave_with_whoever_asks() -> None:
    """End the process when nobody waits for its answer any more: it would go on beside the next attempt."""
    hung_up = select.poll()
    hung_up.register(sys.stdin.fileno(), select.POLLHUP)
    hung_up.poll()
    os._exit(1)


def _limit(what: int, most: int) -> None:
    """Set a limit, which stays as low as somebody else may have set it already."""
    _, highest = resource.getrlimit(what)
    resource.setrlimit(what, (most if highest == resource.RLIM_INFINITY else min(most, highest), highest))


def _read(length: int) -> bytes:
    read = b""
    while len(read) < length:
        piece = os.read(sys.stdin.fileno(), min(length - len(read), 65536))
        if not piece:
            return b""
        read += piece
    return read


def _write(message: bytes) -> None:
    left = memoryview(len(message).to_bytes(LENGTH_BYTES) + message)
    while left:
        left = left[os.write(sys.stdout.fileno(), left) :]
