# From a clean clone: "make demo" shows healthmon at work, "make test" tries everything. Both prepare .venv first.
# Needs Python 3.11 or newer with venv, and make; "PYTHON=python3.12 make test" chooses another interpreter.

PYTHON ?= python3
BIN := .venv/bin
SUITES ?=

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

.PHONY: help demo test check lab soak bench vendor install install-tests clean

help:
	@echo 'make demo    a day of trouble in a minute, against an Asterisk that is only played; OPEN_FOR=10m leaves it up'
	@echo 'make test    everything: static checks, tests, real Asterisk 22 and 16'
	@echo 'make check   the static checks only'
	@echo 'make lab     fetch the real Asterisk and SIP peers for the tests'
	@echo 'make soak    the long tests: hours of crashes and hostile input'
	@echo 'make bench   measure: events per second, memory, start-up times, years of history'
	@echo 'make vendor  fetch what the web pages have from elsewhere (uPlot), and put it into the package'
	@echo 'make clean   remove what these commands made in this folder'

demo: install
	$(BIN)/healthmon demo $(if $(OPEN_FOR),--open-for $(OPEN_FOR))

test: install-tests
	$(BIN)/python -m tests.run_suites $(SUITES)

check: install-tests
	$(BIN)/python -m tests.run_suites static

lab: install-tests
	$(BIN)/python -m tests.lab fetch

soak: install-tests
	$(BIN)/python -m tests.lab fetch
	$(BIN)/python -m tests.fresh_root fetch
	$(BIN)/python -m pytest -m "soak and not rows"; crashes=$$?; \
		$(BIN)/python -m tests.system.soak_rows && exit $$crashes

bench: install-tests
	$(BIN)/python -m tests.bench

vendor: install-tests
	$(BIN)/python -m tests.vendor

install: $(BIN)/.installed
install-tests: $(BIN)/.installed-tests

# Each is done once, and again when the dependencies change.
$(BIN)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo '$(PYTHON) is missing or older than 3.11: healthmon needs Python 3.11 or newer.' >&2; exit 1; }
	@$(PYTHON) -m venv .venv \
		|| { rm -rf .venv; echo 'No virtual environment could be made; on Debian or Ubuntu: apt install python3-venv' >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --editable '.[web]'
	@touch $@

$(BIN)/.installed-tests: $(BIN)/.installed
	$(BIN)/python -m pip install --quiet --editable '.[test]'
	@touch $@

clean:
	rm -rf .venv build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find healthmon tests -name __pycache__ -prune -exec rm -rf {} +
