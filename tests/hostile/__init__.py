"""A hostile PBX: it answers well until it is told to misbehave in one of the ways of the catalogue, and well again."""
