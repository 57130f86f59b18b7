"""For who looks after healthmon: discovery, the database, the export, what a silence speaks of."""
