"""The wiring: builds every thread from a Config; runs, reloads and stops them; signals; systemd.

Only these files create threads, all through ``threads.py``; but for those that look up a name (``wire.names``).
A dead thread is a dead process: the classic failure of monitors is the listener that died quietly.
"""

from healthmon.app.daemon import run

__all__ = ["run"]
