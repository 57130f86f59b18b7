"""How everything stands now: asked of the database, as rows, as text, as data."""
