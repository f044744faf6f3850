# The commands of this project. Each installs what it needs into .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo
JOBS ?= 4
DATA ?=
CHAOS ?=
SOAK ?=
BOUNDS ?=
SIZE ?=
# Without this, each test process would compile all modules again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS)
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: help setup demo demo-kafka test test-fast chaos soak dashboard check format bench bench-stories bench-size
.PHONY: tune-stories lock golden schemas clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.done  ## build .venv with the locked dependencies and the newsloom command

$(VENV)/.done: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: set it with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup  ## curate the examples and explain one article
	rm -rf $(OUT)
	$(BIN)/newsloom run examples/fortnight.jsonl examples/events --output $(OUT) --format front-matter --images trust
	@echo
	$(BIN)/newsloom explain https://www.valestandard.example/news/kestrel-quarry-leak-alder-vale-tap-water --output $(OUT)
	@echo
	@echo "The output is in $(OUT): curated.jsonl, stories.jsonl, dead-letters.jsonl, articles/"

demo-kafka: setup  ## the same with a broker and workers on this machine (needs Java 17 and Maven)
	$(BIN)/python deploy/kafka/brokers.py run -- $(BIN)/python deploy/kafka/demo.py

test: setup  ## run all tests, JOBS=4 at a time; installs the tools that they need
	tests/tools.sh
	$(BIN)/python -c "import newsloom.bootstrap"
	$(PYTEST)

test-fast: setup  ## run the tests that need no broker, browser or namespace, in under 90 s
	$(BIN)/python -c "import newsloom.bootstrap"
	$(PYTEST) -n 3 --quick

chaos: setup  ## kill, freeze, replace workers and brokers under load; all mishaps; 25 min
	$(BIN)/python -m tests.chaos $(CHAOS)
	$(PYTEST) tests/chaos

soak: setup  ## check bounds of work, and for half an hour that nothing grows; SOAK="--minutes 2"
	$(BIN)/python -m tests.soak.bounds $(BOUNDS)
	$(BIN)/python -m tests.soak $(SOAK)

dashboard: setup  ## draw docs/dashboard.png from a run of nine minutes
	$(BIN)/python -m tests.watched docs/dashboard.png

check: setup  ## check style, types, import rules and generated files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/newsloom schemas check

format: setup  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: setup  ## write the JSON Schemas, the AsyncAPI document and the generated pages
	$(BIN)/newsloom schemas export

golden: setup  ## write the golden files; review every difference before you commit
	$(BIN)/python -m tests.golden.refresh

bench: setup  ## measure speed and memory, embedded and on Kafka; DATA=events.jsonl for your own input
	$(BIN)/python -m benchmarks.run $(DATA)
	$(BIN)/python -m benchmarks.kafka $(DATA)

bench-stories: setup  ## measure the quality of stories on labelled streams in DATA=folder
	$(BIN)/python -m benchmarks.stories $(DATA) --dense --plot out/story-costs.svg

bench-size: setup  ## measure the cost of an article while a lane grows; SIZE="--articles N"
	$(BIN)/python -m benchmarks.lane_size $(SIZE) --plot out/lane-size.svg

tune-stories: setup  ## compute the story weights from labelled streams in DATA=folder, and write them
	$(BIN)/python -m benchmarks.tune_stories $(DATA) --write

lock:  ## lock the newest dependencies, with hashes and without index addresses (needs uv)
	$(LOCK) pyproject.toml --group dev -o requirements.lock
	$(LOCK) pyproject.toml --constraint requirements.lock -o deploy/requirements.lock
	$(LOCK) --group build --constraint requirements.lock -o deploy/requirements-build.lock

clean:  ## remove .venv, out and all caches
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
