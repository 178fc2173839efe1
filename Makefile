# make certify     start the reference exchange, certify it, write build/certify/
# make test        the push lane;  make test-full  every number an issue states
# make selftest    every faulty server against all probes: the kill matrix
# make lint        style and types;  make docs  the guidelines site in build/site/
# make bench     seconds of a whole profile; STIX objects judged a second, against stix2-validator

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
export NO_MKDOCS_2_WARNING = 1
export DISABLE_MKDOCS_2_WARNING = true

.PHONY: certify test test-full selftest lint docs clean

certify: $(VENV)/run.stamp
	@$(BIN)/isao demo --certify --output build/certify

test: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "not full"

test-full: $(VENV)/dev.stamp
	$(BIN)/python -m pytest -n 2 --dist worksteal --require-real-data
	$(BIN)/python -m tests.selftest

selftest: $(VENV)/dev.stamp
	$(BIN)/python -m tests.selftest

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/dev.stamp
	$(BIN)/python -m tests.bench.suite_speed
	$(BIN)/python -m tests.bench.stix_validation

docs: $(VENV)/dev.stamp
	$(BIN)/python docs/build.py
	$(BIN)/mkdocs build --strict -q -f build/docs/mkdocs.yml -d ../site

$(VENV)/python.stamp:
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/run.stamp: $(VENV)/python.stamp requirements/run.lock pyproject.toml
	$(BIN)/pip install -q --require-hashes -r requirements/run.lock
	$(BIN)/pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp requirements/dev.lock
	$(BIN)/pip install -q --require-hashes -r requirements/dev.lock
	@touch $@

clean:
	rm -rf build $(VENV) .pytest_cache .mypy_cache .ruff_cache
