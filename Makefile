# Nadi. `make` lists the targets; every target does its own set-up.
.DEFAULT_GOAL := help
SHELL := /bin/bash
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= python3
UV := $(BIN)/uv
STAMP := $(VENV)/.ready
PACKAGES := schemas producers streams sinks monitoring infra
CODE := $(PACKAGES) tests benchmarks
KILLS ?= 20
SEED ?= 1
FUZZ ?= 100000
EXAMPLES ?= 200
# Tests that time what they kill have the machine to themselves; all the others run two at a time.
ALONE := tests/faults tests/benchmarks
NATIVE := schemas/native/libavro.so streams/engine/native/libfetch.so

.PHONY: help setup native up test check format lock bench-lock generate release-schemas bench faults fuzz proof demo-alert clean distclean chromium databases

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

setup: $(STAMP) ## make .venv from the lock file (network only when something is missing)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Python 3.11 or later is needed; $(PYTHON) is $$($(PYTHON) --version)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(UV) || $(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  "uv==$$(sed -nE 's/^uv==([0-9.]+).*/\1/p' requirements.lock)"
	$(UV) pip sync --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --python $(BIN)/python --quiet --no-deps --no-build-isolation --editable .
	@touch $@

native: setup ## build the native fetch and decode (optional, needs a C compiler)
	@command -v $(CC) >/dev/null || { echo "native: not built, no C compiler ($(CC)); it works without, slower"; exit 1; }
	@$(MAKE) --no-print-directory $(NATIVE)
	@NADI_NATIVE=1 $(BIN)/python -c 'import schemas.native.avro, streams.engine.native_fetch as fetch; \
	  assert schemas.native.avro.library() and fetch.native_library(), "native: built, but it does not load"; \
	  print("native: built and loaded: $(NATIVE)")'

schemas/native/libavro.so: schemas/native/avro.c
streams/engine/native/libfetch.so: streams/engine/native/fetch.c
$(NATIVE):
	@$(CC) -O3 -shared -fPIC -o $@.new $< && mv $@.new $@

up: setup ## start everything with the simulated Kabupaten Contoh (Ctrl-C stops it)
	$(BIN)/nadi up --demo

demo-alert: setup ## with `make up` running: one late permit, and its way to the inspectorate's page
	$(BIN)/nadi demo-alert

check: setup ## format, lint, types, import directions, schemas
	$(BIN)/ruff format --check --quiet $(CODE)
	$(BIN)/ruff check --quiet $(CODE)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m schemas.generate --check
	$(BIN)/python -m schemas.release --check

test: check chromium databases ## make check and all tests; what CI runs
	@$(MAKE) --no-print-directory native || true
	$(BIN)/pytest -q --numprocesses 2 --dist loadfile $(addprefix --ignore=,$(ALONE))
	$(BIN)/pytest -q $(ALONE)

chromium:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null; } || \
	  echo "no Chromium: the browser tests will be skipped by name"

databases:
	@{ command -v mariadbd && command -v php && test -d /usr/lib/postgresql; } >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && DEBIAN_FRONTEND=noninteractive \
	  apt-get install -y -qq --no-install-recommends mariadb-server php-cli php-mysql php-curl postgresql >/dev/null; } || \
	  echo "no MariaDB, PostgreSQL or PHP: tests of the relay will be skipped by name"

format: setup ## format and mend what can be mended
	$(BIN)/ruff check --quiet --fix $(CODE)
	$(BIN)/ruff format --quiet $(CODE)

lock: ## pin every package with its hashes
	$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 --extra dev \
	  --custom-compile-command "make lock" --output-file requirements.lock pyproject.toml

bench-lock: ## pin the packages of the benchmarks' other contenders
	$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --universal --python-version 3.11 \
	  --custom-compile-command "make bench-lock" --output-file benchmarks/requirements.lock benchmarks/requirements.in

generate: setup ## typed events from the .avsc files
	$(BIN)/python -m schemas.generate

release-schemas: setup ## release changed schemas under the next version and id
	$(BIN)/python -m schemas.release

bench: setup chromium ## the benchmarks, results in benchmarks/results: JVM=1 EVENTS=10000000
	@$(MAKE) --no-print-directory native || true
	$(BIN)/python -m benchmarks

faults: setup ## kill -9 at every point and compare with the reference: KILLS=20 SEED=1, 1000 for all of it
	$(BIN)/python -m tests.faults.matrix --kills $(KILLS) --seed $(SEED)

fuzz: setup ## damaged requests to the gateway, and Schemathesis with every sort of key: FUZZ=100000 EXAMPLES=200
	FUZZ=$(FUZZ) $(BIN)/pytest -q -s --timeout 7200 tests/gateway/test_damaged.py
	EXAMPLES=$(EXAMPLES) $(BIN)/pytest -q -s --timeout 7200 tests/gateway/test_described.py

proof: setup ## a million events through relay and gateway while both and the broker are killed -9: EVENTS=1000000
	EVENTS=$(or $(EVENTS),1000000) $(BIN)/pytest -q -s --timeout 14400 tests/relay/test_proof.py

clean: ## delete the data and caches of this folder (stops nothing: press Ctrl-C in `make up` first)
	rm -rf .nadi .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache telaah penilaian
	rm -f $(NATIVE)
	find $(CODE) -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean ## clean, and delete .venv and the downloads in the user's cache
	@test -x $(BIN)/python && $(BIN)/python -c 'import shutil; from infra.embedded.downloads import cache_folder; \
	  shutil.rmtree(cache_folder(), ignore_errors=True)' || true
	rm -rf $(VENV)
