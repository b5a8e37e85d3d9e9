# simrec: the commands a person needs. Each makes its own environment first.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
SIMREC := $(BIN)/simrec

.PHONY: help demo test lint types docs docs-check pictures golden bench conformance clean

help:
	@echo "make demo    install, record a race and its fix, compare, draw a timeline"
	@echo "make test    install with the test tools and run every test"
	@echo "make lint types docs-check    what CI checks besides"
	@echo "make golden  regenerate the golden logs (review them as a diff)"
	@echo "make docs    regenerate the parts of the docs that are generated"
	@echo "make pictures [LESSONS='NAME ...']    photograph the lessons' figures (needs chromium)"
	@echo "make bench   measure; prints JSON"
	@echo "make conformance SUITES=FOLDER    run the official RISC-V suites that are in a folder"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "simrec needs Python 3.11 or later; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@echo "== making $(VENV)"
	@$(PYTHON) -m venv $(VENV) \
	  || { echo "no venv module; on Debian: apt-get install python3-venv"; rm -rf $(VENV); exit 1; }

$(VENV)/.installed: $(BIN)/python requirements.lock pyproject.toml
	@echo "== installing simrec and what it needs"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed requirements-test.lock
	@echo "== installing the test tools"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-test.lock
	@touch $@

demo: $(VENV)/.installed
	@SIMREC="$(SIMREC)" bash examples/demo.sh

test: $(VENV)/.installed-test
	@echo "== running the tests"
	@$(BIN)/python -m pytest -n 2 --dist loadfile
	@echo "simrec: all tests passed; try next: make demo"

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.installed-test
	$(BIN)/mypy

DOCS := README.md $(wildcard docs/*.md docs/*/*.md docs/*/*/*.md)

docs: $(VENV)/.installed-test
	$(BIN)/cog -r -I . $(DOCS)

docs-check: $(VENV)/.installed-test
	$(BIN)/cog --check -I . $(DOCS)

pictures: $(VENV)/.installed
	$(BIN)/python -m docs.pictures $(LESSONS)

golden: $(VENV)/.installed-test
	$(BIN)/python -m tests.golden.regenerate

bench: $(VENV)/.installed-test
	@$(BIN)/python -m benchmarks

conformance: $(VENV)/.installed
	@$(BIN)/python -m conformance $(or $(SUITES),$(error name the folder: make conformance SUITES=FOLDER))

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis build *.egg-info
