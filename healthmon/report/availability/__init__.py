"""How available everything was: asked of the database, measured, and written in each form."""
