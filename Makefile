PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test check docs clean

demo: .venv/installed
	$(BIN)/klaster demo

test: .venv/installed
	$(BIN)/python -m pytest

check: test
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy && $(BIN)/lint-imports && $(BIN)/cog --check docs/cli.md docs/tables.md

docs: .venv/installed
	$(BIN)/cog -r docs/cli.md docs/tables.md

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $@

clean:
	rm -rf .venv build dist *.egg-info
