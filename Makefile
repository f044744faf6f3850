# The targets a person needs. Each sets up what it lacks; all of it lives in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
OUT ?= out/demo
JOBS ?= 6
DATA ?=
CHAOS ?=
SOAK ?=
SIZE ?=
# Without compiled files each process would compile all modules again.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest -n $(JOBS)
LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

.PHONY: help setup demo demo-kafka test test-fast chaos soak dashboard check format bench bench-stories bench-size
.PHONY: tune-stories lock golden schemas clean

help:  ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(VENV)/.done  ## build .venv with everything locked, and the newsloom command

$(VENV)/.done: requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $@

demo: setup  ## curate the examples and look at the outcome
	rm -rf $(OUT)
	$(BIN)/newsloom run examples/fortnight.jsonl examples/events --output $(OUT) --format front-matter --images trust
	@echo
	$(BIN)/newsloom explain https://www.valestandard.example/news/kestrel-quarry-leak-alder-vale-tap-water --output $(OUT)
	@echo
	@echo "Look on in $(OUT): curated.jsonl, stories.jsonl, dead-letters.jsonl, articles/"

demo-kafka: setup  ## the same on Kafka: a broker, topics, workers, examples, what comes out (Java 17, Maven)
	$(BIN)/python deploy/kafka/brokers.py run -- $(BIN)/python deploy/kafka/demo.py

test: setup  ## all tests, JOBS=6 at a time, and what they need besides Python
	tests/tools.sh
	$(BIN)/python -c "import newsloom.bootstrap"
	$(PYTEST)

test-fast: setup  ## the tests that need no broker, browser or namespace: under 90 seconds
	$(BIN)/python -c "import newsloom.bootstrap"
	$(PYTEST) --quick

chaos: setup  ## kill, freeze and change workers and three brokers under a steady flow; ten minutes
	$(BIN)/python -m tests.chaos $(CHAOS)

soak: setup  ## workers under a steady load for half an hour: does anything grow? SOAK="--minutes 2"
	$(BIN)/python -m tests.soak $(SOAK)

dashboard: setup  ## nine minutes of a run, drawn as the dashboard: docs/dashboard.png
	$(BIN)/python -m tests.watched docs/dashboard.png

check: setup  ## style, types, import rules, generated files current
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/newsloom schemas check

format: setup  ## put the code in its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

schemas: setup  ## write schemas/json anew from the records
	$(BIN)/newsloom schemas export

golden: setup  ## write the golden files anew; review them before you commit
	$(BIN)/python -m tests.golden.refresh

bench: setup  ## speed and memory, of a run and on Kafka; DATA=events.jsonl measures on a file of yours
	$(BIN)/python -m benchmarks.run $(DATA)
	$(BIN)/python -m benchmarks.kafka $(DATA)

bench-stories: setup  ## quality of the stories on labelled streams, DATA=folder, beside the usual ways
	$(BIN)/python -m benchmarks.stories $(DATA) --plot out/story-costs.svg

bench-size: setup  ## what an article costs as a lane grows to millions; SIZE=--articles N sets how far
	$(BIN)/python -m benchmarks.lane_size $(SIZE) --plot out/lane-size.svg

tune-stories: setup  ## weights of the evidence for stories from labelled streams, DATA=folder; rewrites them
	$(BIN)/python -m benchmarks.tune_stories $(DATA) --write

lock:  ## lock the newest dependencies, with hashes and without addresses (needs uv)
	$(LOCK) pyproject.toml --group dev -o requirements.lock
	$(LOCK) pyproject.toml --constraint requirements.lock -o deploy/requirements.lock
	$(LOCK) --group build --constraint requirements.lock -o deploy/requirements-build.lock

clean:  ## remove what was made
	rm -rf $(VENV) out .mypy_cache .ruff_cache .pytest_cache .hypothesis
