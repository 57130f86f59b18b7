"""Tests of healthmon.config."""
