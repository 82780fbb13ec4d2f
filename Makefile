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
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements/uv.txt requirements/dev.txt
	@test -n "$(PYTHON)" || { echo "Grantwire needs Python 3.11 or newer with its venv module; install it or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once, about 15 seconds) ..."
	@$(PYTHON) -m venv --clear $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

setup: $(READY) ## set up the virtual environment (every other target does it too)

test: $(READY) ## run every test, those of the built functions too
	@$(BIN)/python -m pytest -n auto --dist loadfile

check: $(READY) ## what CI runs: format, lint, types, template, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy layers/common/grantwire local bench tests e2e cli deployment
	@for function in functions/*/app.py; do echo "$(BIN)/mypy $$function"; $(BIN)/mypy "$$function" || exit 1; done
	SAM_CLI_TELEMETRY=0 $(BIN)/sam validate --lint
	@$(MAKE) test

matrix: ## the tests on every Python from 3.11 to 3.14 that is at hand, each in an environment of its own
	@for version in 3.11 3.12 3.13 3.14; do for python in python$$version $(HOME)/.pyenv/versions/$$version*/bin/python$$version; do \
		if $$python -c 'import venv' >/dev/null 2>&1; then $(MAKE) test PYTHON=$$python VENV=.venv-$$version || exit 1; break; fi; \
	done; done

bench: $(READY) ## measure init time and CPU per delivery against their floors
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.cold_start
	@$(BIN)/python -m bench.delivery_cpu
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.rendering
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.filtering
	@$(MAKE) phases outage pace

bench-console: $(READY) chromium ## how the console feels: its first load, 1,000 webhooks, a template of 64 KB
	@CHROMIUM="$(CHROMIUM)" PYTHONPATH=layers/common:. $(BIN)/python -m bench.console

outage: $(READY) ## a receiver that fails at random, and a host that hangs while 100,000 deliveries wait
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.outage

performance: $(READY) ## measure what docs/performance.md tells, and write it (6 minutes; best on a quiet machine)
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.performance

phases: $(READY) ## what each phase of a warm delivery takes, and how often connections are kept
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.phases

load: $(READY) ## events on the bus, real handlers in processes of their own, and a receiver that slows down (a minute)
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.load

pace: $(READY) ## a receiver that takes 20 a second is sent 60 a second, with its limit set and without
	@PYTHONPATH=layers/common:. $(BIN)/python -m bench.pace

lock: $(READY) ## pin the newest versions that requirements/*.in allow, with their hashes
	@for name in layers/common/requirements functions/webhooks/requirements requirements/uv requirements/dev requirements/e2e requirements/audit; do rm -f $$name.txt; \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $$name.in -o $$name.txt || exit 1; done

AUDIT_VENV = .venv-audit
AUDIT_READY = $(AUDIT_VENV)/.ready

$(AUDIT_READY): requirements/audit.txt | $(READY)
	@"$(UV)" venv --quiet --clear --python "$(abspath $(BIN)/python)" "$(AUDIT_VENV)"
	@"$(UV)" pip install --quiet --python "$(AUDIT_VENV)/bin/python" --require-hashes -r requirements/audit.txt
	@touch "$@"

SHIPPED = layers/common/requirements.txt $(wildcard functions/*/requirements.txt)

# Strict: without it, a library that PyPI was not asked about counts as one without holes.
audit: $(AUDIT_READY) ## ask PyPI for known holes in what is shipped; fails when it cannot be asked
	@"$(AUDIT_VENV)/bin/pip-audit" --strict --disable-pip --require-hashes $(addprefix -r ,$(SHIPPED))

docs: $(READY) ## write the documents that are made from the code
	@$(BIN)/python -m local.documents

.PHONY: help setup test check matrix bench bench-console outage pace performance phases load lock audit docs

# Build, and tests of what was built ------------------------------------------------------------------------------------
ARCHITECTURE ?= arm64
BUILD_DIR ?= .aws-sam/build
E2E_VENV ?= .venv-e2e
E2E_READY = $(E2E_VENV)/.ready

# The functions' own Python compiles what is shipped; another version's .pyc files would be ignored by Lambda.
runtime = $(shell $(1) -c 'import sys; sys.implementation.cache_tag == "cpython-313" and print(sys.executable)' 2>/dev/null)
RUNTIME_PYTHON ?= $(firstword $(foreach python,$(abspath $(BIN)/python) $(CANDIDATES),$(call runtime,$(python))))

build: $(READY) ## make what `sam deploy` uploads into .aws-sam/build (ARCHITECTURE=x86_64: for that processor)
	@$(MAKE) artefacts

# `build` without setting up the environment: for the tests, which run in it.
artefacts:
	@echo "Building for $(ARCHITECTURE) into $(BUILD_DIR) (about 4 seconds) ..."
	@export RUNTIME_PYTHON="$(RUNTIME_PYTHON)" UV="$(UV)" ARCHITECTURE="$(ARCHITECTURE)" SAM_CLI_TELEMETRY=0 MAKEFLAGS=--no-print-directory; \
	test -n "$$RUNTIME_PYTHON" || echo "No Python 3.13 at hand: no .pyc files are shipped, and a cold start takes about twice as long."; \
	"$(BIN)/sam" build --build-dir "$(BUILD_DIR)" --parameter-overrides "Architecture=$(ARCHITECTURE)"
	@"$(BIN)/python" -m deployment.processor "$(BUILD_DIR)" "$(ARCHITECTURE)"
	@"$(BIN)/python" -m deployment.materials "$(BUILD_DIR)"

$(E2E_READY): requirements/e2e.txt | $(READY)
	@echo "Setting up $(E2E_VENV) (once, about 5 seconds) ..."
	@"$(UV)" venv --quiet --clear --python "$(abspath $(BIN)/python)" "$(E2E_VENV)"
	@"$(UV)" pip install --quiet --python "$(E2E_VENV)/bin/python" --require-hashes -r requirements/e2e.txt
	@touch "$@"

e2e: $(READY) $(E2E_READY) ## deploy template.yaml to a local AWS and send events through it
	@E2E_PYTHON="$(abspath $(E2E_VENV)/bin/python)" "$(BIN)/python" -m pytest -s e2e

deploy: build ## build, then deploy: guided the first time, as samconfig.toml says after that
	@"$(BIN)/python" -m deployment.deploy

NAMES =

restore: $(READY) ## write what a new stack of kept tables is made with (NAMES="WebhooksTable=… DeliveriesTable=… SecretsKey=…")
	@"$(BIN)/python" -m deployment.restore $(NAMES)

MACHINE = $(subst aarch64,arm64,$(shell uname -m))

sam-local: $(READY) ## write what `sam local invoke` needs to work on the running `make run`, and print its commands
	@$(MAKE) artefacts ARCHITECTURE=$(MACHINE) BUILD_DIR=.aws-sam/local >/dev/null
	@"$(BIN)/python" -m local.sam_local --port "$(PORT)"

.PHONY: build artefacts e2e deploy restore sam-local

CHROMIUM ?= $(firstword $(wildcard /usr/bin/chromium /usr/bin/chromium-browser /usr/bin/google-chrome))

chromium:
	@test -n "$(CHROMIUM)" || { echo "No Chromium at hand: install it (on Debian: apt-get install chromium), or name it: make browser CHROMIUM=/path/to/it" >&2; exit 1; }

browser: $(READY) chromium ## do in a real browser what people do in the console
	@CHROMIUM="$(CHROMIUM)" $(BIN)/python -m pytest tests/browser

screenshots: $(READY) chromium ## take docs/images/ anew: every page of the console, light and dark
	@CHROMIUM="$(CHROMIUM)" PYTHONPATH=layers/common:. $(BIN)/python -m tests.browser.screenshots

.PHONY: browser chromium screenshots

# The local stack -------------------------------------------------------------------------------------------------------
WEBHOOKS = webhooks
PORT = 8600
EVENT = events/request_created.json
NOW =

run: $(READY) ## start the local stack, until Ctrl-C (WEBHOOKS=my-webhooks/ for your own, PORT=8601 for another port)
	@"$(BIN)/python" -m local.run --webhooks "$(WEBHOOKS)" --port "$(PORT)"

event: $(READY) ## put an event on its bus (EVENT=events/request_granted.json; NOW=1 makes it a new request)
	@"$(BIN)/python" -m local.put_event --port "$(PORT)" $(if $(NOW),--now) "$(EVENT)"

demo: WEBHOOKS = webhooks/torq.json
demo: $(READY) ## an event of each trigger through the local stack, compared with what its Torq received
	@"$(BIN)/python" -m local.demo --webhooks "$(WEBHOOKS)"

.PHONY: run event demo

# The simulation --------------------------------------------------------------------------------------------------------
SEEDS = 20000
SEED =
SIMULATION = PYTHONPATH=layers/common "$(BIN)/python" -m tests.simulation

simulate: $(READY) ## break everything in simulated time, by chance (SEEDS=100000 for more, SEED=123 for one, step by step)
	@$(SIMULATION).run $(if $(SEED),--seed "$(SEED)",--seeds "$(SEEDS)")

mutants: $(READY) ## put faults into the code, in memory, and print which promise catches each
	@$(SIMULATION).mutants

FAMILY =

hostile: $(READY) ## hostile URLs, receivers, events and webhooks in a table; then without each guard (FAMILY=receivers for one)
	@PYTHONPATH=layers/common:. "$(BIN)/python" -m tests.hostile $(if $(FAMILY),--family "$(FAMILY)")

SECONDS = 60

fuzz: $(READY) ## random and hostile templates and events (SECONDS=600 for longer, SEED=123 for one)
	@PYTHONPATH=layers/common:. "$(BIN)/python" -m tests.fuzz_templates $(if $(SEED),--seed "$(SEED)",--seconds "$(SECONDS)")

EXAMPLES = 20

fuzz-api: $(READY) ## requests made of the API's own description, against the local stack (EXAMPLES=200 for more)
	@"$(BIN)/python" -m tests.fuzz_api --examples "$(EXAMPLES)"

.PHONY: simulate mutants hostile fuzz fuzz-api
