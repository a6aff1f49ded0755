# Everything here sets up what it needs in .venv, from the versions in constraints.txt.
#
#   make demo        train on real handwritten digits; prints where the report is
#   make test        the tests
#   make test-slow   the long ones
#   make check       format, lint, types, floors, docstrings, public names, documentation
#   make docs        the documentation, in docs/_build/html
#   make bench       speed beside other libraries, start-up: into benchmarks/results; BENCH="--networks lenet" chooses

PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test test-slow check docs bench clean

demo: .venv/run.stamp
	$(BIN)/striate train digits

test: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto

test-slow: .venv/dev.stamp
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n auto -m slow

check: .venv/dev.stamp
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/ty check
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n auto tests/architecture tests/docs/test_docstring_form.py
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build/html

docs: .venv/dev.stamp
	$(BIN)/sphinx-build -W --keep-going -q docs docs/_build/html
	@echo docs/_build/html/index.html

bench: .venv/run.stamp
	$(BIN)/python -m benchmarks.start
	$(BIN)/python -m benchmarks.speed $(BENCH)

clean:
	rm -rf .venv docs/_build dist

.venv/bin/python:
	@$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11))" || { echo "striate needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "the venv module is missing: apt install python3-venv"; exit 1; }

.venv/run.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable .
	@touch $@

.venv/dev.stamp: .venv/bin/python pyproject.toml constraints.txt
	$(PIP) --editable ".[dev]"
	@touch $@
