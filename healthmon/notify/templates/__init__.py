"""Words of the user's own: templates are tried, and written in a process with limits."""
