"""A small fake PBX for tests and ``healthmon demo``: the part of ARI that healthmon uses, on loopback.

One contract suite runs against it and against real Asterisk 22 and 16, so that it cannot lie. It knows nothing of
the rest of healthmon, and uses the standard library only.
"""

from healthmon.demo.fakepbx.endpoints import FakeEndpoint
from healthmon.demo.fakepbx.pbx import FakePbx

__all__ = ["FakeEndpoint", "FakePbx"]
