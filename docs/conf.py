"""Sphinx' settings. The pages of the shelves are written from the docstrings before the build: nothing stands twice."""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from docs import shelves  # noqa: E402

project = "striate"
author = "the striate developers"
copyright = "2026, the striate developers"  # noqa: A001
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "striate"
html_static_path = ["_static"]
html_css_files = ["pages.css"]
myst_heading_anchors = 3

shelves.write(HERE / "shelves")
