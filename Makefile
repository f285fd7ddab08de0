# Every target makes what it needs: `make demo` on a machine that has only Python starts from nothing.

SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
VENV := .venv
PYTHON := $(VENV)/bin/python
PIP := $(PYTHON) -m pip --disable-pip-version-check install --quiet --root-user-action=ignore
DEMO := $(VENV)/.with-demo
TEST := $(VENV)/.with-test
# Those that measure, in their quick form: each has a longer one in its first lines. kill.py has a target of its own.
HELPERS := accounting catch_kills crowd heartbeat kill monitors ptys report scripted_rows throttled
COMMA := ,
CHOSEN := $(patsubst %,benchmarks/%.py,$(subst $(COMMA), ,$(BENCH)))
BENCHMARKS := $(filter-out $(HELPERS:%=benchmarks/%.py),$(sort $(wildcard benchmarks/[a-z]*.py)))

.PHONY: help demo test lint check keys picture fuzz bench kill wheel clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | sort | while IFS=$$'\t' read -r name text; do \
		printf '  make %-9s %s\n' "$$name" "$$text"; done

demo: $(DEMO) ## a stand-in Tentacle with real .NET processes, and the screen on it
	@$(PYTHON) -m octotui demo

test: $(TEST) ## the whole test suite
	@$(PYTHON) -m pytest $(PYTEST_ARGS)

lint: $(TEST) ## formatting, lint rules and types
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m mypy

check: lint test ## everything that has to pass before a change is handed in

keys: $(TEST) ## write the key table of the README from the action table
	@$(PYTHON) .ci/keys.py README.md

picture: $(TEST) ## draw the pictures of the README with the program itself
	@$(PYTHON) tests/ui/ui_picture.py docs

fuzz: $(TEST) ## break cores, replies, event streams, /proc files and command lines; CASES=10000 SEED=1
	@$(PYTHON) tests/fuzz/long_run.py --cases $(or $(CASES),10000) --seed $(or $(SEED),1) $(FUZZ_ARGS)

bench: $(TEST) ## measure view, scan, capture and start-up beside their peers, on this machine; BENCH=view,storm
	@set -e; for script in $(or $(CHOSEN),$(BENCHMARKS)); do echo "== $$script"; $(PYTHON) "$$script"; done

kill: $(TEST) ## kill octotui at random moments of real captures; KILLS=200 SEED=1
	@$(PYTHON) benchmarks/kill.py $(or $(KILLS),200) $(or $(SEED),1)

wheel: $(TEST) ## build the wheel and try it in an environment of its own
	@.ci/wheel

clean: ## remove what the other targets made
	@rm -rf $(VENV) dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(DEMO): pyproject.toml .ci/venv
	@.ci/venv $(VENV)
	@echo "installing octotui with the demo's .NET runtime into $(VENV)"
	@$(PIP) --editable '.[demo]'
	@touch $@

$(TEST): pyproject.toml .ci/venv
	@.ci/venv $(VENV)
	@echo "installing octotui with the test tools into $(VENV)"
	@$(PIP) --editable '.[demo,test]'
	@touch $@ $(DEMO)
