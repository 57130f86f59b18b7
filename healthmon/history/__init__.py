"""Arithmetic over what changed: how long it was up or down, what that amounts to, round trips. Pure."""
