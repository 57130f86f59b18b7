"""A Debian that has nothing but what the README asks for, and every command of the README in it."""
