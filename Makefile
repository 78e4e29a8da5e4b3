# One task runner. `make demo` and `make test` set everything up by themselves; `make help` lists the rest.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
SOURCES := src tests benchmarks docs

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types format bench docs messages picture chaos fuzz check clean

help: ## List the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with the product and everything its tests need

# The development packages are read from pyproject.toml (PEP 735), because the pip of a fresh machine may not know groups yet.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Crossdock needs Python 3.11 or newer; this is $$($(PYTHON) -V 2>&1). Name another one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "The venv module is missing: install python3-venv."; exit 1; }
	@echo "installing Crossdock and its development packages into $(VENV)"
	@$(BIN)/python -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")' > $(VENV)/dev.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet -e '.[postgresql]' -r $(VENV)/dev.txt
	@touch $@

demo: $(READY) ## Orders crossing a demo landscape, simulated systems and all; ends with Ctrl-C
	@$(BIN)/crossdock demo $(ARGS)

test: $(READY) ## All tests, several files at a time; PostgreSQL's and the browser's are skipped where these are not installed
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile $(ARGS)

lint: $(READY) ## Style, formatting and the contracts between packages
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/lint-imports

types: $(READY) ## mypy, strict
	$(BIN)/mypy

check: lint types test ## lint, types and test

format: $(READY) ## Format the code and sort its imports
	$(BIN)/ruff check --fix-only --quiet $(SOURCES)
	$(BIN)/ruff format $(SOURCES)

bench: $(READY) ## Run all benchmarks and print one table (needs a quiet machine)
	$(BIN)/python -m benchmarks.table --run

docs: $(READY) ## Write the reference pages again
	$(BIN)/python -m crossdock.landscape.reference docs/reference
	$(BIN)/python -m crossdock.canonical.schema docs/reference/schemas
	$(BIN)/python -m docs.generator
	$(BIN)/python -m benchmarks.table --page

messages: ## Compile the translations of the pages (needs gettext)
	@for each in src/crossdock/workbench/locale src/crossdock/workbench/*/locale; do \
	  for po in $$each/*/LC_MESSAGES/django.po; do msgfmt --check-format -o $${po%.po}.mo $$po || exit 1; done; done

picture: $(READY) ## Draw docs/images/demo.svg from a real run of the demo
	$(BIN)/python -m docs.generator.picture

chaos: $(READY) ## Thousands of orders with every fault on while workers are killed again and again; prints what was counted
	$(BIN)/python -m tests.chaos $(if $(MINUTES),--minutes $(MINUTES),--orders 1500) $(ARGS)

fuzz: $(READY) ## Fuzz the EDI readers for a while (SECONDS=60), guided by what is reached; fails with the input that broke them
	$(BIN)/python -m tests.fuzz --seconds $(or $(SECONDS),60) --keep build/fuzz

clean: ## Remove the virtual environment and what tools left behind
	rm -rf $(VENV) .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
