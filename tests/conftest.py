"""What is printed is compared with files; REWRITE_GOLDENS=1 writes them anew."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

GOLDENS = Path(__file__).parent / "goldens"


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
