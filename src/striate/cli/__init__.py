"""The command line: a thin face on the recipes' job. Nothing heavy is imported before a command runs."""

from striate.cli.app import main

__all__ = ["main"]
