"""Scenarios in simulated time: a played Asterisk and played channels, and between them healthmon as it is.

What is real: the engine with its core, the database file, the deliverers and what they write. What is played: Asterisk
(``asterisk.py``, by the facts of docs/what-asterisk-says.md), the two threads that look at it (``sources.py``), the
channels that take messages (``channel.py``) and time itself (``agenda.py``). A daemon can be killed at each boundary
between two of its steps (``kills.py``), and starts anew from the file as it lay on the disk at that moment.
"""
