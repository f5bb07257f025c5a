# One word a task. `make demo` and `make test` set everything up first; a second set-up takes no time.
SHELL := /bin/sh
BIN := .venv/bin
# Spark and Airflow run the Python and the Java that the set-up found, whatever PATH says.
RUN = PATH="$(CURDIR)/$(BIN):$$PATH" JAVA_HOME="$$($(BIN)/python -m habeas.pipeline.runtime.java)" SPARK_LOCAL_IP=127.0.0.1

# Every job, worker and scheduler would compile the same files again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test battery unit check fix bench bench-decide mutation lock lock-jars train-synthetic
.DEFAULT_GOAL := help

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Python, Java, packages and jars, by hash (the other tasks do it themselves)
	@tools/setup.sh

demo: setup ## draw an archive, run the night on it, show what was embedded and refused
	@$(RUN) $(BIN)/habeas demo

test: setup ## all tests: unit, then those with Spark, Airflow and whole runs
	@$(RUN) tools/test.sh

battery: setup ## every case of the long matrices; goes on where it was cut off (SHARE=0.1 SEED=7: a drawn tenth)
	@$(RUN) tools/battery.sh $(or $(SHARE),1) $(or $(SEED),1)

unit: setup ## unit tests alone: no JVM, under a minute
	@$(RUN) $(BIN)/pytest tests/unit -n 2

check: setup ## lint, formatting, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fix: setup ## what a linter can mend itself
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: setup ## speed of photos and clips beside what people write by hand, and a page of every goal (hours)
	@$(RUN) $(BIN)/python bench/speed.py --go-on
	@$(RUN) $(BIN)/python bench/clips.py --go-on
	@$(RUN) $(BIN)/python bench/page.py

bench-decide: setup ## how the cost of deciding grows with the roster, and what a small change costs (hours)
	@$(RUN) $(BIN)/python bench/decide.py --go-on

mutation: setup ## faults put into gate and facts, a sample of them: does a test see each? (an hour; resumable)
	$(BIN)/python -m pip install --quiet --editable '.[mutation]'
	$(BIN)/python tools/mutation.py

lock: ## compile requirements.lock anew from pyproject.toml; review the diff
	uv pip compile pyproject.toml --extra airflow --extra dev --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-header -q -o requirements.lock

lock-jars: ## resolve the jars anew and write their digests; review the diff
	@$(BIN)/python tools/setup.py --lock-jars

train-synthetic: setup ## train the drawn people's model pack from scratch (a night; resumable)
	$(BIN)/python -m pip install --quiet --editable '.[train]'
	$(BIN)/python -m habeas.synthetic.training all
