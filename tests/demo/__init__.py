"""``healthmon demo``, whole and in parts."""
