"""Where measurements are kept: figures as JSON, and as a Markdown table for people."""

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "results"


def write(folder: Path, name: str, found: dict[str, Any], text: str = "") -> None:
    """Write NAME.json and, where there is a text, NAME.md; files of an earlier measurement are replaced whole."""
    folder.mkdir(parents=True, exist_ok=True)
    contents = {".json": json.dumps(found, indent=1) + "\n", ".md": text}
    for suffix, content in contents.items():
        if content:
            part = folder / f"{name}{suffix}.part"
            part.write_text(content)
            part.replace(folder / f"{name}{suffix}")
