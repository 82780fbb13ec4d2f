# What people and CI run. Every target sets up what it needs; `make help` lists them.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The newest-fitting Python: the functions' own version first, since what it compiles can be deployed as it is.
CANDIDATES = python3.13 $(wildcard $(HOME)/.pyenv/versions/3.13*/bin/python3.13) python3 python3.14 python3.12 python3.11
fits = $(shell $(1) -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(1))
PYTHON ?= $(or $(call fits,python3.13),$(firstword $(foreach python,$(CANDIDATES),$(call fits,$(python)))))
VENV ?= .venv
BIN = $(VENV)/bin
READY = $(VENV)/.ready
UV = $(abspath $(BIN)/uv)

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements/uv.txt requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Grantwire needs Python 3.11 or newer with its venv module; install it or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once, about 15 seconds) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(READY) ## set up the virtual environment (every other target does it too)

lock: $(READY) ## pin the newest versions that requirements/*.in allow, with their hashes
	@for name in layers/common/requirements requirements/uv requirements/dev requirements/e2e; do rm -f $$name.txt; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $$name.in -o $$name.txt || exit 1; done

.PHONY: help setup lock
