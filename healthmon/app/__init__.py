"""The wiring: builds every thread from a Config; runs, reloads and stops them; signals; systemd.

Only these files create threads, all through ``threads.py``; but for those that look up a name (``wire.names``).
No thread dies quietly, which is the classic failure of monitors: what looks at a PBX, or sends to a URL, begins anew
after a defect (``supervision.py``); when any other dies, the process ends.
"""
