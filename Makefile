# The front door: `make demo` shows a monitored model, `make test` proves that it works.

VENV := .venv
BIN := $(VENV)/bin
# The first interpreter of a supported version; override with `make PYTHON=… demo`.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' \
	>/dev/null 2>&1 && echo $$p && break; done)
DEMO_ARGS ?=
BENCH_ARGS ?=
PYTEST_ARGS ?=
CHAOS_ARGS ?= --faults 2000

.DEFAULT_GOAL := help
.PHONY: help demo test chaos check format types arch generated secrets lock bench clean

help: ## Show this help
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*##/\t/' | column -t -s '	'

demo: $(VENV)/.base ## Make a monitored model with a history and show it (DEMO_ARGS=--once: do not serve)
	@$(BIN)/mlmon demo $(DEMO_ARGS)

# Spark's 480 MB are installed only where there is the Java that it runs on.
SPARK := $(if $(shell command -v java),$(VENV)/.spark)

test: $(VENV)/.dev $(SPARK) ## Run the whole test suite
	@# Two workers on two cores: more threads of BLAS would only wait for each other.
	OPENBLAS_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile $(PYTEST_ARGS)

chaos: $(VENV)/.dev ## Deliver messages under 2,000 injected faults, and compare what arrived
	$(BIN)/python -m benchmarks.alerts.chaos $(CHAOS_ARGS)

check: $(VENV)/.dev types arch generated ## Check format, lint, types, import contracts and generated files
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

arch: $(VENV)/.dev
	$(BIN)/lint-imports

generated: $(VENV)/.dev
	$(BIN)/mlmon schema | diff -u docs/model.schema.json - || \
		{ echo 'run: mlmon schema > docs/model.schema.json'; exit 1; }
	$(BIN)/python -m monitoring_assets.dashboards --check grafana/dashboards

secrets: ## Make the passwords that compose.yaml needs, where they are missing
	@mkdir -p secrets && chmod 700 secrets
	@# Services run under accounts of their own and must read the files: the folder is what is closed.
	@for name in postgres grafana_reader grafana_admin; do \
		test -s secrets/$$name || od -An -N24 -tx1 /dev/urandom | tr -d ' \n' > secrets/$$name; \
		chmod 444 secrets/$$name; done
	@touch secrets/messages.env && chmod 600 secrets/messages.env
	@echo 'secrets/: passwords are there; sign in to Grafana as admin with secrets/grafana_admin'

format: $(VENV)/.dev ## Format the code and fix what can be fixed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev ## Measure the engine beside its peers and write docs/engine-figures.md (BENCH_ARGS=…)
	$(BIN)/python -m benchmarks.engine $(BENCH_ARGS)

lock: $(VENV)/.uv ## Choose the newest versions that fit together
	$(BIN)/uv pip compile --universal --no-header --generate-hashes --upgrade -q \
		--extra dev -o requirements/dev.lock pyproject.toml
	$(BIN)/uv pip compile --universal --no-header --generate-hashes -q \
		-c requirements/dev.lock -o requirements/base.lock pyproject.toml
	echo 'ibis-framework[pyspark]' | $(BIN)/uv pip compile --universal --no-header --generate-hashes -q \
		-c requirements/dev.lock -o requirements/spark.lock -

clean: ## Remove the environment and the demo's data
	rm -rf $(VENV) .mlmon

$(VENV)/.uv: requirements/uv.lock
	@test -n "$(PYTHON)" || { echo 'Python 3.11, 3.12 or 3.13 is needed'; exit 1; }
	@test -x $(BIN)/python || { echo "making a virtual environment with $(PYTHON) …"; \
		$(PYTHON) -m venv $(VENV) || { echo 'on Debian: apt install python3-venv'; exit 1; }; }
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/uv.lock
	@touch $@

$(VENV)/.base: $(VENV)/.uv requirements/base.lock pyproject.toml
	@echo 'installing the locked dependencies …'
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/base.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.base requirements/dev.lock
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/dev.lock
	@touch $@

$(VENV)/.spark: $(VENV)/.dev requirements/spark.lock
	@echo 'installing Spark …'
	@$(BIN)/uv pip install -q --python $(BIN)/python --require-hashes -r requirements/spark.lock
	@touch $@
