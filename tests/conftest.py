"""For all tests: what is printed is compared with files, and REWRITE_GOLDENS=1 writes them anew."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

GOLDENS = Path(__file__).parent / "goldens"


@pytest.fixture(autouse=True)
def _denormals() -> Iterator[None]:
    """Training flushes denormals in the whole process; hypothesis needs them."""
    yield
    torch.set_flush_denormal(False)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """Require that a text is that of the file tests/goldens/NAME."""

    def compare(name: str, text: str) -> None:
        path = GOLDENS / name
        if os.environ.get("REWRITE_GOLDENS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text + "\n", encoding="utf-8")
        assert path.exists(), f"there is no {path}: REWRITE_GOLDENS=1 writes it"
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare
