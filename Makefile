# Two commands for a stranger: `make demo` and `make test`. Both make what they need; neither needs root.
PYTHON ?= python3.11
VENV   := .venv
BIN    := $(VENV)/bin
# where the demo keeps its data; `quanzu stats` looks there too
export QUANZU_HOME ?= $(CURDIR)/var
ALERTS ?= 5532
SEED   ?= 7

.PHONY: demo test coverage check lint types layers bench chaos clean help

help:
	@echo 'make demo    one real-size day of a province ($(ALERTS) alerts) through all three channels, then the figures'
	@echo 'make test    every test that this machine can run (make coverage: with what they cover)'
	@echo 'make check   linter, types and layers'
	@echo 'make bench   speed on PostgreSQL and RabbitMQ beside a plain Celery design and the raw limits (QUICK=1: a few minutes)'
	@echo 'make chaos   kills, outages and a lying carrier, then the audit (SEED=$(SEED) SIZE=full|short|brief, BREAK=fence|attempt_first|dedupe|relay)'

$(BIN)/quanzu: requirements.txt pyproject.toml
	@echo 'making a virtual environment in $(VENV) and installing pinned versions …'
	@command -v $(PYTHON) >/dev/null || { echo 'Python 3.11 is needed: set PYTHON=/path/to/python3.11'; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: $(BIN)/quanzu
	@$(BIN)/quanzu demo --alerts $(ALERTS) --seed $(SEED)

# three: tests of whole deployments wait for most of their time, and stay with one worker (xdist_group)
test: $(BIN)/quanzu
	@echo 'running every test that this machine can run …'
	@$(BIN)/python -m pytest -n 3 --dist loadgroup -p no:cacheprovider $(COVERED)

# a quarter slower, so not a part of `make test`
coverage: COVERED = --cov --cov-report=term
coverage: test

check: lint types layers

lint: $(BIN)/quanzu
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(BIN)/quanzu
	@$(BIN)/mypy

layers: $(BIN)/quanzu
	@$(BIN)/lint-imports

bench: $(BIN)/quanzu
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

# ASKABLE=no: a carrier that cannot be asked; BREAK: one promise switched off, to see whether the audit notices
SIZE ?= $(if $(BREAK),brief,full)
chaos: $(BIN)/quanzu
	@$(BIN)/python -m tests.chaos --seed $(SEED) --size $(SIZE) $(if $(BREAK),--break $(BREAK)) $(if $(filter no,$(ASKABLE)),--not-askable)

clean:
	@rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov
