# Every target sets up what it needs; nothing has to be installed by hand but Python 3.11 or newer.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INCIDENT ?= tests/incidents/postgres-scaled-to-zero.tar.xz
WORKERS ?= 2

SERVERS := .cache/servers
OLDEST_AND_NEWEST := 12 18
ALL_VERSIONS := 12 13 14 15 16 17 18

.PHONY: run servers test test-all lint bench fuzz lock clean cluster-build cluster-up cluster-down cluster-record

$(VENV)/.run: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed (set PYTHON=...)" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	sh scripts/install.sh $(BIN)/python requirements.lock
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	sh scripts/install.sh $(BIN)/python requirements-dev.lock
	touch $@

run: $(VENV)/.run
	$(BIN)/diagnose analyze $(INCIDENT) || test $$? -eq 1 # 1: a cause is reported, which is the point

servers:
	sh scripts/servers.sh $(SERVERS) $(OLDEST_AND_NEWEST)

test: $(VENV)/.dev servers
	POSTGRES_VERSIONS="$(OLDEST_AND_NEWEST)" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-all: $(VENV)/.dev
	sh scripts/servers.sh $(SERVERS) $(ALL_VERSIONS)
	POSTGRES_VERSIONS="$(ALL_VERSIONS)" $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/basedpyright
	$(BIN)/lint-imports
	$(BIN)/diagnose kb lint

# A real Kubernetes for the tests, see tests/cluster/README.md; needs root and Go.
cluster-build:
	tests/cluster/build.sh

cluster-up: cluster-build
	tests/cluster/cluster.sh up

cluster-down:
	tests/cluster/cluster.sh down

# Injects every fault that has no recording yet and records it.
cluster-record: $(VENV)/.dev
	cd tests && ../$(BIN)/python -m cluster.run

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.startup
	$(BIN)/python -m benchmarks.incident
	$(BIN)/python -m benchmarks.postgres_load

lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header -o requirements.lock pyproject.toml
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --extra dev -o requirements-dev.lock pyproject.toml

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
