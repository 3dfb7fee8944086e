# Two commands are enough: `make run` and `make test`.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: run demo test test-slow check audit sbom lock clean

run: .venv/.installed
	$(BIN)/rutan serve

# The same server over three invented months; prints links that sign you in at the desk.
demo: .venv/.installed
	$(BIN)/rutan demo

# More workers than cores: most of these tests wait for a server, not for the processor.
test: .venv/.installed-dev
	$(BIN)/python -m pytest -n 4 tests

test-slow: .venv/.installed-dev
	$(BIN)/python -m pytest -n 2 -m slow tests

check: .venv/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/rutan content check
	$(BIN)/bandit --quiet --configfile pyproject.toml --severity-level medium --recursive bot content handlers scheduler
	$(BIN)/python .ci/audit.py requirements.lock

# Known weaknesses in what we lean on. Fails for one that is found, and says so where no advisory service can be reached.
audit: .venv/.installed-dev
	$(BIN)/python .ci/audit.py requirements.lock

# What is inside, for those who must know: every package of the lock with version and hashes, as CycloneDX.
sbom: .venv/.installed-dev
	mkdir -p var
	$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible --of JSON -o var/sbom.json

# The lock carries names, versions and hashes only; pip refuses anything else.
.venv/.installed: requirements.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/rutan content check
	touch $@

.venv/.installed-dev: requirements-dev.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/rutan content check
	touch $@ .venv/.installed

# Needs uv (`pip install uv`). Resolves for Python 3.11 to 3.13 at once.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --extra dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
