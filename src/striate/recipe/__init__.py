"""Recipes: a run declared in TOML, and the job that carries one out."""
