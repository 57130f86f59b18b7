"""Links that somebody has planted, and locks that somebody holds: what root and the daemon do then."""
