# Everything a newcomer needs: `make run`, `make test`. The rest is for those who stay.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
HOME_DIR ?= data

export DAGSTER_DISABLE_TELEMETRY := yes
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false

.PHONY: help setup run test test-stages test-whole style test-slow check lint type bench gate-score engine lock clean demo perth

help:  ## show the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.ready dbt_project/target/manifest.json  ## environment from the pinned lock

$(VENV)/.ready: requirements.lock pyproject.toml
	@echo "Setting up $(VENV) from requirements.lock (about a minute the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || python3 -m venv $(VENV)
	@awk '/^[^ #]/ {keep = /^uv==/} keep' requirements.lock > $(VENV)/uv.lock.txt
	@$(BIN)/python -m pip install --quiet --require-hashes --no-deps -r $(VENV)/uv.lock.txt
	@VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

dbt_project/target/manifest.json: $(VENV)/.ready $(shell find dbt_project/models dbt_project/macros dbt_project/tests dbt_project/*.yml -type f 2>/dev/null)
	@echo "Reading the dbt project"
	@$(BIN)/python -m orchestration.dbt parse
	@touch $@

run: setup  ## the demo month, the whole pipeline, and where to look
	@test -d $(HOME_DIR)/ledger || $(BIN)/evsettle demo $(HOME_DIR)
	@$(BIN)/evsettle --home $(HOME_DIR) run

# The folders of the stages beside everything else, one core each; what is in neither list runs with everything else.
STAGE_TESTS := tests/ingest tests/inspect tests/rate tests/reconcile tests/settle

test: setup  ## lint, types, tests (about a quarter of an hour on two cores)
	@$(MAKE) --no-print-directory -j 2 test-stages style test-whole

test-stages: setup
	@$(BIN)/pytest $(STAGE_TESTS)

test-whole: setup
	@$(BIN)/pytest $(addprefix --ignore=,$(STAGE_TESTS))

style: setup  ## lint and types, changing nothing
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests --disable-progress-bar

test-slow: setup  ## the broad runs
	@$(BIN)/pytest -m slow

lint: setup  ## ruff and sqlfluff, with fixes
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	@$(BIN)/sqlfluff lint dbt_project/models dbt_project/tests --processes 2 --disable-progress-bar

engine: setup  ## recompile the pricing SQL that `evsettle price` ships
	@$(BIN)/python -m orchestration.dbt engine

bench: setup  ## time and memory of each stage, as ratios
	@$(BIN)/python benchmarks/stages.py
	@$(BIN)/python benchmarks/ingest.py

gate-score: setup  ## how well the gates find planted faults: writes docs/gate-score.md
	@$(BIN)/python -m orchestration.gate_score

lock: setup  ## pin requirements.in again
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url --no-strip-extras --no-header requirements.in -o requirements.lock

perth: setup  ## the real sessions of examples/perth-kinross: make perth PERTH_DATA=folder
	@examples/perth-kinross/run.sh "$(PERTH_DATA)" $(PERTH_HOME)

clean:  ## remove the environment and everything derived
	rm -rf $(VENV) dbt_project/target dbt_project/logs build *.egg-info
