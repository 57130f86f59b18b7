"""The commands: each reads its arguments, calls the part that does the work, prints, and sets the exit code."""

from healthmon.cli.main import main

__all__ = ["main"]
