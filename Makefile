# Everything that is done with this checkout. What a target needs is installed into .venv by itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# Entry scripts are copied when they are installed, and so is what setup.cfg says.
INSTALLED := setup.cfg pyproject.toml $(wildcard integrations/*/notify-* integrations/*/brevisone-*)
DOCS_CONTRACTS := $(wildcard tests/contract/test_*docs*.py)

# How much `make reliability` and `make soak` do, each on SQLite and on PostgreSQL; as `make soak SOAK_ALERTS=100000`.
CRASH_ROUNDS := 10
TWO_ENGINES_SECONDS := 60
SOAK_ALERTS := 20000
SOAK_SECONDS := 400

# How small `make bench` measures; what is not named here is small as it is.
BENCH_due := 100000 50
BENCH_handover := --rounds 60
BENCH_service := --calls 15 --incidents 2000
BENCH_storm := 2000
BENCH_take_in := --rounds 1 2000
BENCH_webhook := --rounds 3 --seconds 1

.DEFAULT_GOAL := help
.PHONY: help install demo test check bench peers reliability soak wheel clean

help:  ## what there is to make
	@sed -n 's/^\([a-z]*\):.*##/  make \1  -/p' $(MAKEFILE_LIST)

install: $(STAMP)  ## installs this checkout and all it needs into .venv
	@echo "Installed in $(VENV); see $(BIN)/brevisone --help"

# The build tools are in .venv too, so that installing again needs no network.
$(STAMP): $(INSTALLED)
	@echo "== installing into $(VENV) (takes a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -c 'import setuptools; raise SystemExit(int(setuptools.__version__.split(".")[0]) < 77)' 2>/dev/null \
		|| $(BIN)/python -m pip install --quiet --upgrade 'setuptools>=77' wheel
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[test,check]'
	@touch $@

demo: $(STAMP)  ## an alert climbs Telegram, SMS and ring on a simulated gateway, within a minute
	@echo "== brevisone demo"
	@$(BIN)/brevisone demo

test: $(STAMP)  ## all tests, the fast ones first
	@echo "== pytest"
	@$(BIN)/python -m pytest tests/unit tests/contract tests/journeys

check: $(STAMP)  ## lint, format, types, import contracts, and what the docs promise
	@echo "== ruff check" && $(BIN)/ruff check .
	@echo "== ruff format --check" && $(BIN)/ruff format --check .
	@echo "== mypy --strict" && $(BIN)/mypy
	@echo "== lint-imports" && PYTHONPATH=. $(BIN)/lint-imports
	@echo "== docs contracts" && $(BIN)/python -m pytest -q $(DOCS_CONTRACTS)

bench: $(STAMP)  ## what things cost, measured small
	@missed=; $(foreach file,$(wildcard benchmarks/*.py),\
		echo "== $(file)"; $(BIN)/python $(file) $(BENCH_$(basename $(notdir $(file)))) || missed="$$missed $(file)";) \
		test -z "$$missed" || { echo "over their budget, or broken:$$missed"; exit 1; }

reliability: $(STAMP)  ## kill -9 before and after every durable step, many times; two engines on one database
	@$(foreach store,sqlite postgresql,\
		echo "== crash matrix on $(store)" && $(BIN)/python tests/reliability/matrix.py --store $(store) \
		--rounds $(CRASH_ROUNDS) &&) true
	@echo "== two engines on one PostgreSQL" && $(BIN)/python tests/reliability/two_engines.py --seconds $(TWO_ENGINES_SECONDS)

soak: $(STAMP)  ## many alerts while gateways flap, nodes die and the database restarts
	@$(foreach store,sqlite postgresql,\
		echo "== soak on $(store)" && $(BIN)/python tests/reliability/soak.py --store $(store) \
		--alerts $(SOAK_ALERTS) --seconds $(SOAK_SECONDS) &&) true

peers: $(STAMP)  ## the real Nagios, Icinga, Zabbix and Alertmanager call what is installed; as root, from Debian's packages
	@echo "== the monitoring systems"
	@$(BIN)/python tests/peers/packages.py
	@echo "== pytest tests/peers (some five minutes)"
	@$(BIN)/python -m pytest tests/peers

wheel: $(STAMP)  ## builds dist/*.whl
	@echo "== building the wheel into dist/"
	@rm -rf build dist
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@rm -rf build
	@ls dist

clean:  ## removes .venv and whatever was built
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
