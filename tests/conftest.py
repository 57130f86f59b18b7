"""Fixtures that every test may use."""

import signal

from hypothesis import settings

pytest_plugins = ["tests.lab.fixtures"]

# A shell starts what runs in the background deaf to Ctrl-C, and every program that the tests start would be so, too.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says how busy the machine is, and nothing of the code.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")
