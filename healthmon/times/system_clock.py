"""Whether the system's own clock is synchronised: by NTP, say. What the kernel knows of it, on Linux."""

from __future__ import annotations

import ctypes
from typing import ClassVar

#: What adjtimex(2) returns of a clock that nobody keeps right. A clock that was set by hand is such a one until the
#: next answer of a time server.
_NOT_SYNCHRONISED = 5


class _Timex(ctypes.Structure):
    """``struct timex`` up to the present time; with more room behind than any system writes to."""

    _fields_: ClassVar = [
        # 0: nothing is to be set, which everybody may ask for.
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("constant", ctypes.c_long),
        ("precision", ctypes.c_long),
        ("tolerance", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("microseconds", ctypes.c_long),
        ("rest", ctypes.c_char * 256),
    ]


def synchronised_time() -> float | None:
    """Return what time it is by the kernel (seconds since the epoch) if it keeps its clock synchronised.

    None: it does not, or cannot be asked: another system, a container that may not.
    """
    asked = _Timex()
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(asked))
    except (AttributeError, OSError):
        return None
    if not 0 <= state < _NOT_SYNCHRONISED:
        return None
    return float(asked.seconds)
