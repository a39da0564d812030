# make run    starts the dashboard on 127.0.0.1:8501
# make test   the whole gate: format, lint, types, tests with the browser
# make lock   compiles requirements*.txt from pyproject.toml (needs uv)

.DELETE_ON_ERROR:
.PHONY: run test lock clean

# The first of these that is there and is 3.11 to 3.13; PYTHON=... takes another.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && { echo $$p; break; }; done)
ADDRESS := 127.0.0.1
PORT ?= 8501

run: .venv/run.stamp
	@.venv/bin/python -m ui.start --server.address=$(ADDRESS) --server.port=$(PORT) --server.headless=true

# One thread a process: four of them already share the cores, and OpenMP waits by spinning.
test: .venv/test.stamp
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy medai_core
	OMP_NUM_THREADS=1 .venv/bin/pytest -n 4

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11, 3.12 or 3.13 is needed and none was found."; exit 1; }
	$(PYTHON) -m venv .venv

# The same lock either way; uv, where it is there, takes a quarter of the time.
ifneq ($(shell command -v uv),)
INSTALL := uv pip install --quiet --compile-bytecode --python .venv/bin/python --requirement
else
INSTALL := .venv/bin/python -m pip install --quiet --disable-pip-version-check --requirement
endif

.venv/run.stamp: requirements.txt | .venv/bin/python
	$(INSTALL) requirements.txt
	@touch $@

.venv/test.stamp: requirements-dev.txt | .venv/bin/python
	$(INSTALL) requirements-dev.txt
	@touch $@ .venv/run.stamp

COMPILE := uv pip compile pyproject.toml --python-version 3.11 --universal --generate-hashes --no-header --no-annotate --quiet
lock:
	$(COMPILE) --output-file requirements.txt
	$(COMPILE) --extra test --constraint requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
