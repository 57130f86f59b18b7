"""Tests of the daemon's own threads."""
