# Thin on purpose: each target is one or two commands. `make up` and `make test` are all that most people need.
PYTHON ?= $(shell command -v python3.11 || echo python3)
BIN := .venv/bin
UV := $(BIN)/uv pip
QUICK := tests/semantic tests/assets tests/repository/test_architecture.py tests/stack/test_credentials.py \
	tests/warehouse/test_warehouse.py tests/warehouse/test_rejects.py tests/warehouse/test_migrate.py
PINNED := requirements.txt requirements/build.txt requirements/drivers.txt requirements/dev.txt

.PHONY: up down test compose-test check lint audit bench chaos lock env dev

up: env
	@$(BIN)/lgs up

down:
	@$(BIN)/lgs down

# A part of the suite, run manually with pytest alone, measures no coverage and so misses none.
test: dev
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

compose-test: dev
	@$(BIN)/python tests/compose

check: lint
	@$(BIN)/python -m pytest -q -m "not stack and not browser and not realdata" $(QUICK)

lint: dev
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar views warehouse
	@$(BIN)/yamllint --strict -c .yamllint.yml shop.yml views superset bootstrap warehouse tests docker-compose.yml
	@$(BIN)/codespell README.md CHANGELOG.md CONTRIBUTING.md SECURITY.md docs views superset bootstrap warehouse benchmarks .ci

audit: dev
	@$(BIN)/pip-audit --strict --require-hashes --disable-pip --progress-spinner off $(PINNED:%=-r %) \
	  $$(sed -nE 's/^([A-Z]+-[^ ]+) +[^ ].*/--ignore-vuln \1/p' requirements/exceptions.txt)

bench: dev
	@$(BIN)/python -m benchmarks

# As root: a disk is filled. It takes about six minutes.
chaos: dev
	@$(BIN)/python -m benchmarks.chaos

env: .venv/installed
dev: .venv/installed-dev

.venv/installed: requirements.txt requirements/build.txt pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed. Install it, or say where it is: make PYTHON=/path/to/python3.11"; exit 2; }
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/build.txt
	@$(UV) install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(UV) install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

.venv/installed-dev: .venv/installed requirements/dev.txt
	@$(UV) install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

lock: env
	@for part in build runtime drivers dev; do \
	  $(UV) compile --quiet --universal --generate-hashes --no-annotate --no-header --no-emit-index-url --python-version 3.11 \
	    requirements/$$part.in -o $$(test $$part = runtime && echo requirements.txt || echo requirements/$$part.txt); done
