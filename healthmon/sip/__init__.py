"""Speaks SIP as far as OPTIONS of our own need it; knows nothing of threads, beliefs and alerts.

``sipmessage`` and ``dnspython`` are imported here alone, and only where something is probed.
"""
