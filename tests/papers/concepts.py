"""Concepts by shelf and name, for tests that stand here before their concept does."""

from typing import Any

import pytest

from striate import catalog


def one(shelf: str, name: str, *args: Any, **kwargs: Any) -> Any:
    """A concept of a shelf; the test is left out while the shelf does not have it."""
    if name not in catalog.members(shelf):
        pytest.skip(f"{shelf} has no {name}")
    return catalog.find(shelf, name)(*args, **kwargs)
