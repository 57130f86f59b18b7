"""``healthmon watch``: how things stand, as a screen that changes."""
