# EAS Station: commands for development. They need Debian with python3, make and git.

PYTHON ?= python3
BIN := .venv/bin
ARGS ?=
PYTEST_ARGS ?=

export PYTHON

.PHONY: help run venv test test-system test-rtlsdr check bench bench-same bench-sdr deb clean

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: ## run the whole station in the foreground until Ctrl-C (ARGS="--config FILE")
	@.ci/prepare run
	@$(BIN)/eas-ctl run $(ARGS)

venv: ## create .venv with everything needed to run and test
	@.ci/prepare test

test: ## run all tests; installs Debian packages they need (PYTEST_ARGS="-k spool")
	@.ci/prepare test
	@.ci/prepare tools
	@$(BIN)/python -m pytest -n auto --dist loadfile $(PYTEST_ARGS)

test-system: deb ## test the packages in a booted Debian 13; needs root and systemd-nspawn
	@.ci/prepare test
	@.ci/prepare system
	@EAS_TEST_SYSTEM=1 $(BIN)/python -m pytest tests/system -n 2 $(PYTEST_ARGS)

test-rtlsdr: deb ## test librtlsdr with an emulated dongle in an emulated machine; needs root, minutes
	@.ci/prepare rtlsdr
	@$(PYTHON) tests/rtlsdr/run.py

check: ## check style, types and the architecture
	@.ci/prepare test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_architecture.py

bench: export OPENBLAS_NUM_THREADS = 1 # as in the daemons
bench: ## run all benchmarks and print tables
	@.ci/prepare test
	@status=0; for bench in tests/bench/bench_*.py; do $(BIN)/python "$$bench" || status=1; done; exit $$status

bench-same: ## compare the SAME decoder with other decoders, and draw curves
	@.ci/prepare test
	@$(BIN)/python tests/bench/bench_same.py --all $(ARGS)

bench-sdr: export OPENBLAS_NUM_THREADS = 1 # as in the daemons
bench-sdr: ## measure CPU, memory and sensitivity of the radio; takes minutes
	@.ci/prepare test
	@.ci/prepare tools
	@$(BIN)/python tests/bench/bench_sdr.py $(ARGS)

deb: ## build the Debian packages in dist/
	@.ci/prepare deb
	@.ci/deb

clean: ## remove .venv, var, build, dist and caches
	rm -rf .venv var build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf lib/*.egg-info
	find lib tests -name __pycache__ -type d -prune -exec rm -rf {} +
