# Each target sets up what it needs in .venv, at once when it is there already.
# Another interpreter: make PYTHON=python3.13 test

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
WORKERS ?= 2

NBVAL := -p nbval --nbval-lax --nbval-current-env --nbval-cell-timeout=60
BENCHMARKS = $(filter-out __init__ harness peers,$(basename $(notdir $(wildcard benchmarks/*.py)))) \
             $(notdir $(patsubst %/__main__.py,%,$(wildcard benchmarks/*/__main__.py)))
ALLOW_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test check lab notebooks ui browser bench experiments soak

help:
	@echo "make demo       500 orders, a network outage, and what became of them"
	@echo "make lab        JupyterLab on notebooks/"
	@echo "make test       all tests, notebooks included"
	@echo "make check      lint, format and types"
	@echo "make notebooks  the notebooks alone, from a clean kernel"
	@echo "make ui         JupyterLab in a headless Chromium"
	@echo "make bench      every benchmark, into runs/bench/"
	@echo "make experiments  published experiments in full, into data/; some ten minutes"
	@echo "make soak       the long campaigns: many seeds, many kills"

demo: $(VENV)/.ready-report
	@$(VENV)/bin/eventlab run scenarios/payment-outage.yaml

# The notebooks run also when a test has failed, so that one round tells everything.
test: $(VENV)/.ready-dev
	@failed=0; \
	$(PY) -m pytest -q -n $(WORKERS) --dist loadfile || failed=1; \
	$(PY) -m pytest -q $(NBVAL) notebooks || failed=1; \
	exit $$failed

check: $(VENV)/.ready-dev
	@$(PY) -m ruff check
	@$(PY) -m ruff format --check
	@$(PY) -m mypy

lab: $(VENV)/.ready-lab
	@$(PY) -m jupyterlab $(ALLOW_ROOT) notebooks

notebooks: $(VENV)/.ready-dev
	@$(PY) -m pytest -q $(NBVAL) notebooks

ui: $(VENV)/.ready-dev browser
	@$(PY) -m pytest -q -m ui tests/ui

# Debian's Chromium: a browser that playwright downloads would be another one than readers have.
browser:
	@[ -n "$$CHROMIUM" ] || command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-dejavu-core >/dev/null; \
	  else \
	    echo "make ui needs Chromium on the PATH, or its place in CHROMIUM; on Debian: apt-get install chromium fonts-dejavu-core" >&2; \
	    exit 2; \
	  fi; }

bench: $(VENV)/.ready-dev
	@mkdir -p runs/bench
	@failed=0; \
	for name in $(BENCHMARKS); do $(PY) -m benchmarks.$$name --json runs/bench/$$name.json || failed=1; done; \
	exit $$failed

experiments: $(VENV)/.ready-report
	@$(PY) -m experiments

soak: $(VENV)/.ready-dev
	@$(PY) -m pytest -m soak
	@mkdir -p runs/bench
	@$(PY) -m benchmarks.store --soak --json runs/bench/store-soak.json

# One stamp per extra; `dev` holds all the others.
$(VENV)/.ready-dev: pyproject.toml constraints.txt | $(PY)
	@echo "Setting up $(VENV) for development; the first time takes a minute or two." >&2
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $(VENV)/.ready-report $(VENV)/.ready-lab $@

$(VENV)/.ready-%: pyproject.toml constraints.txt | $(PY)
	@echo "Setting up $(VENV); the first time takes a minute." >&2
	@$(PY) -m pip install --quiet --constraint constraints.txt --editable '.[$*]'
	@touch $@

$(PY):
	@command -v '$(PYTHON)' >/dev/null || { \
	  echo "There is no '$(PYTHON)' on the PATH. Name an interpreter: make PYTHON=/path/to/python3" >&2; exit 2; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "eventlab needs Python 3.11 or newer, and '$(PYTHON)' is $$('$(PYTHON)' -V 2>&1). Name another: make PYTHON=python3.12" >&2; exit 2; }
	@'$(PYTHON)' -m venv --clear $(VENV) || { \
	  rm -rf $(VENV); \
	  echo "'$(PYTHON)' could not make a virtual environment; on Debian: apt-get install python3-venv" >&2; exit 2; }
