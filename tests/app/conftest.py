"""The store that the tests of this folder speak to."""

from tests.store.conftest import folder, store

__all__ = ["folder", "store"]
