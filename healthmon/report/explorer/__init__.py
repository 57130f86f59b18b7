"""ARI for people: what a PBX describes of itself, and what it answers. Pure."""
