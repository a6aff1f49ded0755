"""The place of the classic networks."""
