"""How things stand now, for other programs: each asks for what it wants to know, in its own form."""
