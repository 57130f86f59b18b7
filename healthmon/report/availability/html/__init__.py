"""``healthmon report --format html``: one file for a printer, a screen or a phone; no script, no network."""
