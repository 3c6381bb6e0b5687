# EAS Station: what a developer types. On a fresh Debian it needs python3, make and git only.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
PYTEST_ARGS ?=

export PYTHON

.PHONY: help run venv test test-system test-rtlsdr check bench bench-same bench-sdr deb clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## the whole station in the foreground; Ctrl-C ends it (ARGS="--config FILE")
	@.ci/prepare run
	@$(BIN)/eas-ctl run $(ARGS)

venv: ## .venv with everything that running and testing need
	@.ci/prepare test

test: ## all tests; installs what they need from Debian (PYTEST_ARGS="-k spool")
	@.ci/prepare test
	@.ci/prepare tools
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

test-system: deb ## the package in a booted Debian 13; needs root and systemd-nspawn
	@.ci/prepare test
	@.ci/prepare system
	@EAS_TEST_SYSTEM=1 $(BIN)/python -m pytest tests/system -n 2 $(PYTEST_ARGS)

test-rtlsdr: deb ## the real librtlsdr on an emulated dongle in an emulated machine; root, minutes
	@.ci/prepare rtlsdr
	@$(PYTHON) tests/rtlsdr/run.py

check: ## style, types and the import rule
	@.ci/prepare test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

bench: export OPENBLAS_NUM_THREADS = 1 # as the daemons have it
bench: ## measure, and print tables
	@.ci/prepare test
	@status=0; for bench in tests/bench/bench_*.py; do $(BIN)/python "$$bench" || status=1; done; exit $$status

bench-same: ## everything about hearing SAME, beside what else is installed; draws the curves
	@.ci/prepare test
	@$(BIN)/python tests/bench/bench_same.py --all $(ARGS)

bench-sdr: export OPENBLAS_NUM_THREADS = 1 # as the daemons have it
bench-sdr: ## everything about the radio: CPU, memory, what it hears; some minutes
	@.ci/prepare test
	@.ci/prepare tools
	@$(BIN)/python tests/bench/bench_sdr.py $(ARGS)

deb: ## the Debian packages, into dist/
	@.ci/prepare deb
	@.ci/deb

clean: ## remove all that was made here: .venv, var and caches
	rm -rf .venv var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf lib/*.egg-info
	find lib tests -name __pycache__ -type d -prune -exec rm -rf {} +
