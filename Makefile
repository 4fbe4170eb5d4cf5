# Regesta's two commands are `make demo` and `make test`; both set up what they need.

PYTHON ?= python3
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin
PACKAGES := regesta contracts services cli tests deploy/kafka
PARSER := deploy/asyncapi
AXE := deploy/accessibility

.DEFAULT_GOAL := help
.PHONY: help venv demo test test-containers up down logs check docs bench certify faults timemachine fmt lock

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

venv: $(VENV)/dev.stamp ## Make .venv with everything that developing needs

demo: $(VENV)/run.stamp ## Start everything with the sample programme; options in ARGS="--port 8080 ..."
	@$(BIN)/regesta demo $(ARGS)

test: $(VENV)/dev.stamp $(PARSER)/node_modules/.stamp $(AXE)/node_modules/.stamp ## Run the tests, on every core; a part of them with ARGS="tests/regesta -k ..."
	$(BIN)/pytest -q --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

test-containers: $(VENV)/dev.stamp ## Build the images and run docker-compose.yml with an engine of its own, within ten minutes; needs root
	$(BIN)/python -m tests.containers

# Either form of the command; the older has no `docker compose`.
COMPOSE = $$(docker compose version >/dev/null 2>&1 && echo docker compose || echo docker-compose)
# With every profile, so that what was started with one is found without naming it again.
ALL_PROFILES := COMPOSE_PROFILES=observability

up: $(VENV)/run.stamp ## Start everything in containers; with Grafana and a collector: PROFILE=observability
	@$(BIN)/python -m cli.containers prepare
	@$(COMPOSE) build
	@$(if $(PROFILE),COMPOSE_PROFILES=$(PROFILE) OTEL_EXPORTER_OTLP_ENDPOINT=http://collector:4318) $(COMPOSE) up --detach --remove-orphans
	@$(BIN)/python -m cli.containers wait

down: ## Stop the containers; what was recorded is kept
	@$(ALL_PROFILES) $(COMPOSE) down --remove-orphans

logs: ## Show what the containers tell; follow one with ARGS="-f budget"
	@$(ALL_PROFILES) $(COMPOSE) logs --no-color $(ARGS)

check: $(VENV)/dev.stamp ## Check form, types and borders
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(PACKAGES)
	$(BIN)/lint-imports

docs: $(VENV)/dev.stamp ## Write the generated documents: schemas, AsyncAPI, OpenAPI, problem types, read models, names, spans and metrics
	$(BIN)/python -m contracts.generate
	$(BIN)/python -m cli.importing.schema
	$(BIN)/python -m cli.openapi
	$(BIN)/python -m cli.read_models
	$(BIN)/python -m cli.names
	$(BIN)/python -m cli.problems
	$(BIN)/python -m cli.telemetry

bench: $(VENV)/bench.stamp ## Measure beside rivals; figures go to var/bench.json and the screen; ARGS="--short --only append"
	$(BIN)/python -m tests.bench $(ARGS)

certify: $(VENV)/dev.stamp ## Certify the log for ten minutes, to var/certify.json; SEED=... repeats a run's choices
	$(BIN)/python -m tests.certify

faults: $(VENV)/dev.stamp ## Strike four services with faults, over the feed and over Kafka, to var/faults-long.json; SEED=... repeats a run's choices
	$(BIN)/python -m tests.faults

timemachine: $(VENV)/dev.stamp ## Compare reads as of 100 cuts with systems rebuilt to them, to var/timemachine.json; SEED=... repeats a run
	$(BIN)/python -m tests.timemachine

fmt: $(VENV)/dev.stamp ## Format the code and mend what can be mended
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

# Needs uv; everything else needs only what the locks name.
COMPILE := uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header

lock: ## Lock the newest releases of all dependencies
	$(COMPILE) pyproject.toml --extra embedded --group build --output-file requirements/run.txt
	$(COMPILE) pyproject.toml --constraint requirements/run.txt --output-file requirements/service.txt
	$(COMPILE) pyproject.toml --extra embedded --group build --group dev --constraint requirements/run.txt --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --extra embedded --group build --group dev --group bench --constraint requirements/dev.txt --output-file requirements/bench.txt
	cd $(PARSER) && npm update --package-lock-only --omit-lockfile-registry-resolved
	cd $(AXE) && npm update --package-lock-only --omit-lockfile-registry-resolved

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"Regesta needs Python 3.11 or later, not {sys.version}")'
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

$(VENV)/run.stamp: requirements/run.txt pyproject.toml | $(BIN)/python
	$(INSTALL) --require-hashes --requirement requirements/run.txt
	$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.stamp: requirements/dev.txt $(VENV)/run.stamp
	$(INSTALL) --require-hashes --requirement requirements/dev.txt
	@touch $@

$(VENV)/bench.stamp: requirements/bench.txt $(VENV)/dev.stamp
	$(INSTALL) --require-hashes --requirement requirements/bench.txt
	@touch $@

# The AsyncAPI project's own parser and axe-core run on node; without node their tests are skipped and say so.
deploy/%/node_modules/.stamp: deploy/%/package-lock.json
	@mkdir -p $(@D)
	@if command -v npm >/dev/null; then npm --prefix deploy/$* ci --ignore-scripts --silent; else echo "no npm: deploy/$* is not installed"; fi
	@mkdir -p $(@D) && touch $@
