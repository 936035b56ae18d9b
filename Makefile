# The one entry: `make demo` and `make test` work in an empty clone with Python 3.11 or later and make.
# Everything is installed into .venv from the hashed locks; stamps in .venv keep a second call from doing it again.

VENV ?= .venv
JOBS ?= 2
UV ?= uv
UPGRADE ?=
BENCH ?=

# Python 3.11 first: what is measured and tested. Any later one that the locks know will do.
ifndef PYTHON
PYTHON := $(shell for p in python3.11 python3 python3.12 python3.13 python3.14 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo "$$p" && break; done)
endif

SHELL := /bin/sh
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --quiet --disable-pip-version-check --no-input
FLAGSHIP := scenarios/kursk_2024.yaml
LOCKING := pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)
BUILD_REQUIRES := import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")

unexport PYTHONPATH PYTHONHOME
.DELETE_ON_ERROR:
.PHONY: help demo test fast check bench findings lock clean

help:
	@echo "make demo   run the flagship scenario and say where its table and figure are"
	@echo "make test   every check and every test, the slow ones too"
	@echo "make fast   the checks and the tests without the slow ones"
	@echo "make bench  time the engines, the SimPy model and the C loop side by side (BENCH=--quick for a minute's worth)"
	@echo "make findings  test the article's twelve claims and write docs/findings.md"
	@echo "make lock   renew the locks (needs uv; UPGRADE=--upgrade for newer versions)"
	@echo "make clean  remove .venv and all caches (results stay)"

demo: $(VENV)/stamp-runtime
	@$(BIN)/twofront run $(FLAGSHIP)
	@newest=$$(ls -td results/*/ 2>/dev/null | head -n 1); test -n "$$newest" || exit 0; \
	echo; echo "Table and figure are in $$newest"; ls "$$newest" | sed 's/^/  /'

test: check
	$(BIN)/python -m pytest -n $(JOBS)

fast: check
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

bench: $(VENV)/stamp-dev
	@$(BIN)/python benchmarks/run.py $(BENCH)

findings: $(VENV)/stamp-runtime
	@$(BIN)/python docs/findings.py

check: $(VENV)/stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

$(VENV)/stamp-runtime: requirements.lock requirements-build.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what the simulator needs into $(VENV) (a minute or two, once) ..."
	@$(PIP) install --require-hashes -r requirements.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/stamp-dev: requirements-dev.lock requirements-build.lock pyproject.toml | $(VENV)/pyvenv.cfg
	@echo "Installing what the checks and tests need into $(VENV) (a minute or two, once) ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/pyvenv.cfg:
	@if [ -z "$(PYTHON)" ]; then \
		echo "twofront needs Python 3.11 or later; here python3 is $$(python3 --version 2>&1 || echo missing)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)" >&2; exit 1; fi
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and \
		"twofront needs Python 3.11 or later; $(PYTHON) is " + sys.version.split()[0])'
	@echo "Making $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV) || { rm -f $@; \
		echo "Python could not make $(VENV); on Debian and Ubuntu the package python3-venv is missing." >&2; exit 1; }

# The locks agree on what they share, and name no address (docs/decisions/0001-frame.md).
lock:
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: make lock UV=/path/to/uv" >&2; exit 1; }
	$(UV) $(LOCKING) pyproject.toml -o requirements.lock
	$(UV) $(LOCKING) pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	$(PYTHON) -c '$(BUILD_REQUIRES)' | $(UV) $(LOCKING) - -c requirements-dev.lock -o requirements-build.lock

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
