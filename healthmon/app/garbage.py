"""Memory: what is large is given back, and Python's garbage collector does not stop everything while events come in.

It looks through all objects each time their number has grown by a quarter: with 20,000 endpoints that takes 0.15 s,
in which no event is read. Nearly all of healthmon's objects are freed without it; it is needed for the few cycles that
libraries leave behind.
"""

from __future__ import annotations

import ctypes
import gc

#: Pieces of this size and more get memory of their own, which the system has back at once (bytes).
LARGE_PIECE = 512 * 1024
#: The number of that setting in glibc (malloc.h).
_M_MMAP_THRESHOLD = -3
#: Look at young objects after so many new ones; at older ones after so many looks at the younger. A look at 3,000 takes
#: half a millisecond, and one at 30,000 takes thirty times as long, while a storm goes on: what they refer to is then
#: in the processor's cache no longer.
THRESHOLDS = (1_000, 1, 500)


def give_back_large_pieces() -> None:
    """Have the memory of what is large given back when it is no longer used.

    glibc calls more and more pieces small by itself, up to 32 MB, and keeps their memory for the thread that had it. So
    a PBX whose answers are too large would cost some 60 MB for good, and each such PBX again.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(_M_MMAP_THRESHOLD, LARGE_PIECE)


def hold() -> None:
    """Do not look while everything that will stay is being made. Call it first."""
    gc.disable()


def leave_out_what_is_known() -> None:
    """From now on look at new objects only: what was made so far stays. Call it when everything was looked at once."""
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
    gc.enable()
