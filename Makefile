# Every target sets up what it needs; `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Where it is set, every process that the tests start would compile all its modules again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests wait more than they compute; a file shares its servers. The long files, with few tests, come first in the folders' order.
PARALLEL := --numprocesses 4 --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.installed
BASE ?= origin/main
TIMES ?= 20
CODE := libs clients services tests loadtests tools models
ROOTS := libs clients services/gateway services/search services/assembly services/indexing

help: ## lists the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(STAMP): requirements/all.txt requirements/bootstrap.txt pyproject.toml VERSION tools/version.py
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "PAMPAX needs Python 3.11 or newer, $(PYTHON) is older: run \`make $(MAKECMDGOALS) PYTHON=python3.12\`"; exit 2; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "$(PYTHON) cannot make virtual environments: install its venv module (Debian: apt install python3-venv)"; exit 2; }
	@echo "setting up $(VENV): installing the pinned packages ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/bootstrap.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/all.txt requirements/bootstrap.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@$(BIN)/python -m compileall -q -j 0 $(ROOTS)
	@touch $@

setup: $(STAMP) ## makes .venv with the pinned packages and this project

demo: $(STAMP) ## sets up everything, indexes this repository, searches it and assembles a bundle
	@$(BIN)/python tools/demo.py

test: $(STAMP) ## sets up everything and passes the tests, with 90 % covered; PYTEST_ARGS runs a part of them
	$(BIN)/python -m pytest $(PARALLEL) $(if $(PYTEST_ARGS),$(PYTEST_ARGS),--cov --cov-report=term --cov-report=xml:.coverage.xml)
ifeq ($(PYTEST_ARGS),)
	@if git rev-parse --verify --quiet $(BASE)^{commit} >/dev/null; \
		then $(BIN)/diff-cover .coverage.xml --compare-branch $(BASE) --fail-under 90; \
		else echo "new lines are not looked at: there is no $(BASE) here; name a commit with BASE"; fi
endif

test-repeat: $(STAMP) ## passes the tests TIMES times (default 20), each in another random order
	@for run in $$(seq $(TIMES)); do \
		seed=$$RANDOM; echo "run $$run of $(TIMES), seed $$seed"; \
		$(BIN)/python -m pytest $(PARALLEL) -q -p randomly -p "no:cacheprovider" --randomly-seed=$$seed $(PYTEST_ARGS); \
	done

audit: $(STAMP) ## looks for known vulnerabilities in the pinned packages and, where trivy is installed, in the images
	$(BIN)/python tools/audit.py

check: $(STAMP) ## format, lint, types, import contracts, proto lint, format and breaking, generated code
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/ruff check $(CODE)
	$(BIN)/mypy $(ROOTS) tools
	$(BIN)/lint-imports
	$(BIN)/buf lint
	$(BIN)/buf format --diff --exit-code proto
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/generate_proto.py --check
	$(BIN)/python tools/telemetry_page.py --check
	$(BIN)/python tools/settings_page.py --check

format: $(STAMP) ## formats code and contracts in place
	$(BIN)/ruff format $(CODE)
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/buf format --write proto

proto: $(STAMP) ## writes libs/pampax/v1 and the baseline from proto/; refuses what breaks the contract
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python tools/generate_proto.py

# What an image installs holds the versions of requirements/all.txt, and leaves out what no service runs: the libraries of
# the command line's screen, those of Celery's own shell, and the client of a hub that `tokenizers` names for downloads.
# The gateway has that client's HTTP library all the same: `mcp` imports it.
IMAGES := service gateway search assembly indexing load
LEFT_OUT := rich pygments markdown-it-py mdurl huggingface-hub hf-xet fsspec filelock tqdm pyyaml \
	click-repl prompt-toolkit wcwidth
HUBS_HTTP := httpx2 httpcore2 httpx2-jsfetch truststore
COMPILE := $(BIN)/uv pip compile --universal --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

lock: $(STAMP) ## compiles the requirements files anew from pyproject.toml
	$(COMPILE) pyproject.toml --extra embedded --extra quality --extra bench --extra load --group dev --python-version 3.11 \
		-o requirements/all.txt
	$(COMPILE) requirements/bootstrap.in --python-version 3.11 -o requirements/bootstrap.txt
	for image in $(IMAGES); do \
		$(COMPILE) pyproject.toml --extra $$image --constraint requirements/all.txt --python-version 3.13 \
			$(LEFT_OUT:%=--no-emit-package %) \
			$$([ $$image = gateway ] || echo $(HUBS_HTTP:%=--no-emit-package %)) -o requirements/$$image.txt; \
	done

# The images carry the version and the commit that they are made of.
MADE_OF = BUILD_VERSION="$$($(BIN)/python tools/version.py)" REVISION="$$(git rev-parse HEAD 2>/dev/null || true)"

images: $(STAMP) ## builds an image for each service and prints their sizes
	$(MADE_OF) docker compose --profile observability --profile load build
	@docker image ls --filter 'reference=pampax-*:latest' --format 'table {{.Repository}}\t{{.Size}}'

compose: $(STAMP) ## starts the system from images and prints how to reach it; `docker compose down` ends it
	$(MADE_OF) docker compose up --build --wait
	@echo "export PAMPAX_ENDPOINT=http://$$(docker compose port gateway 8080)"
	@echo "export PAMPAX_TOKEN=$$(docker compose run --rm -T secrets pampax.deployment key 2>/dev/null)"

compose-test: $(STAMP) ## builds the images, starts a system of its own from them, uses it from outside and removes it
	$(MADE_OF) TEST_COMPOSE=1 $(BIN)/python -m pytest -s tests/compose

bench: $(STAMP) ## measures every suite of docs/benchmarks.md beside the recorded run; an error when an asked figure is missed
	$(BIN)/pampax bench run --suite all --gate --against benchmarks/record.json $(BENCH_ARGS)

clean: ## removes .venv and caches; the data of running systems stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist

.PHONY: images compose compose-test help setup demo test test-repeat audit check format proto lock bench clean
