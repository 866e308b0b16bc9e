# Everything from a clean checkout with Python 3.11+, make and, for tests on Apache Kafka, Java 17
# and Maven. `make` alone lists what there is.

# Another Python: make test PYTHON=/path/to/python
PYTHON ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
# Arguments for the program that a target runs: make demo ARGS="--rate 500"
ARGS ?=
# Where the public data lies: make evaluate DATA=/path
# What `make test` runs: make test TESTS=tests/measures
PACKAGES := $(patsubst %/__init__.py,%,$(filter-out bench/% tests/%,$(wildcard */__init__.py)))
TESTS ?= tests ops/grafana $(PACKAGES)

BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.DEFAULT_GOAL := help
DATA ?= ../shared/data
.PHONY: help demo test check bench evaluate evaluate-alerts train fuzz chaos kafka schemas dashboards constraints clean
.DELETE_ON_ERROR:

help: ## This list
	@grep -E '^[a-z-]+:.*## ' $(firstword $(MAKEFILE_LIST)) \
		| sed -E 's/^([a-z-]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name about; \
		do printf '  make %-15s %s\n' "$$name" "$$about"; done

demo: .venv/.runtime ## Broker, simulated feed, worker and alerts in one command; Ctrl-C ends it
	@$(BIN)/leimo demo $(ARGS)

# The tests of a file stay in one process: they share brokers and databases.
test: .venv/.dev kafka ## All tests and doctests, with branch coverage
	@$(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile \
		--cov --cov-report=term:skip-covered $(TESTS) $(ARGS)

check: .venv/.dev ## Lint, format, types, and that generated files are up to date
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy ops/grafana/dashboard.py
	$(BIN)/python -m schemas.json_schemas --check
	$(BIN)/python -m center.api_page --check
	$(BIN)/python ops/grafana/dashboard.py --check

bench: .venv/.bench ## leimo against its peers (Java and Maven add two); ARGS=live, restart, scaling, feeds
	@$(BIN)/python -m bench $(ARGS)

evaluate: .venv/.dev ## How right the analysis is, beside others; ARGS=--write puts it into docs/analysis.md
	@$(BIN)/python -m bench.evaluate --data $(DATA) $(ARGS)

evaluate-alerts: .venv/.dev ## How good the alerts are, beside others; ARGS=--write puts it into docs/alerts.md
	@$(BIN)/python -m bench.alerts --data $(DATA) $(ARGS)

train: .venv/.dev ## Learn the shipped models anew from DATA (about five minutes)
	@$(BIN)/python -m analysis.training.senses --out analysis/models/senses.lm \
		--catalogue catalogue/catalogue.yml --left-out bench/evaluate/left_out.txt \
		--card docs/models/senses.md $(DATA)/stream/weibo_statuses.ndjson.gz \
		$(foreach name,smp_usual_train3 smp_virus_train3 w18_train shop_train htl_train \
			ws_train_stripped car_train3,$(DATA)/sentiment/$(name).tsv.gz)
	@$(BIN)/python -m analysis.training.sentiment --out analysis/models/sentiment.lm \
		--card docs/models/sentiment.md $(foreach pair,smp_usual_train3=train smp_virus_train3=train \
			w18_train=split ws_train_stripped=mix-split ws_train=mix shop_train=mix htl_train=mix \
			car_train3=mix smp_usual_eval3=test smp_virus_eval3=test, \
			$(DATA)/sentiment/$(subst =,.tsv.gz=,$(pair))) \
		$(DATA)/stance/nlpcc2016_train.tsv.gz=target-split
	@$(BIN)/python -m analysis.training.stances --out analysis/models/stances.lm \
		--catalogue catalogue/catalogue.yml --card docs/models/stances.md $(DATA)
	@$(BIN)/python -m analysis.training.filler --out analysis/models/spam.lm \
		--card docs/models/spam.md --posts $(DATA)/spam/posts.tsv.gz \
		$(DATA)/stream/weibo_statuses.ndjson.gz $(foreach name,smp_usual_train3 smp_virus_train3 \
			w18_train ws_train_stripped shop_train htl_train car_train3,$(DATA)/sentiment/$(name).tsv.gz)

fuzz: .venv/.dev ## A million broken posts through both stages: make fuzz ARGS="FILE --records 9000"
	@$(BIN)/python -m tests.agents.fuzzing $(ARGS)

chaos: .venv/.dev kafka ## Kill, stop and cut off what runs, and count what was lost: make chaos ARGS=--short
	@$(BIN)/python -m tests.chaos $(ARGS)

kafka: .venv/.dev ## Fetch Apache Kafka for the tests (needs Java 17 and Maven)
	@$(BIN)/python -m kafka_io.kafka_jars

schemas: .venv/.dev ## Write the JSON Schemas and the table of topics anew
	@$(BIN)/python -m schemas.json_schemas

dashboards: .venv/.dev ## Write the generated Grafana dashboard anew
	@$(BIN)/python ops/grafana/dashboard.py

constraints: .venv/.dev ## Write constraints.txt anew from the newest versions that fit
	@echo "Installing the newest versions that pyproject.toml allows ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade \
		--upgrade-strategy eager --editable '.[dev]'
	@head -n 1 constraints.txt > .venv/constraints.txt
	@$(BIN)/python -m pip --disable-pip-version-check freeze --exclude-editable \
		>> .venv/constraints.txt
	@mv .venv/constraints.txt constraints.txt

clean: ## Remove the virtual environment, the caches and the fetched Kafka
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage build dist ops/kafka/libs
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/bin/python:
	@test -n "$(PYTHON)" && $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "leimo needs Python 3.11 or newer; $(or $(PYTHON),python3) is not. Install it," \
			"or name it: make PYTHON=/path/to/python3.11"; exit 1; }
	@echo "Making a virtual environment in .venv ..."
	@$(PYTHON) -m venv .venv || { rm -rf .venv; \
		echo "Python's venv is missing (Debian: apt-get install python3-venv)"; exit 1; }

.venv/.runtime: Dockerfile pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing leimo and the embedded broker into .venv (once, about half a minute) ..."
	@$(PIP) --editable '.[demo,plot]'
	@echo "The command is $(BIN)/leimo"
	@touch $@

.venv/.dev: Dockerfile pyproject.toml constraints.txt | .venv/bin/python
	@echo "Installing leimo and its development tools into .venv (once, about a minute) ..."
	@$(PIP) --editable '.[dev]'
	@touch .venv/.runtime $@

# Quix Streams wants an older pydantic than leimo: a virtual environment of its own, which has only
# what the analysis needs and finds our packages in the folder that it runs in.
.venv/.bench: bench/peers/requirements.txt .venv/.dev
	@echo "Installing Quix Streams into .venv/quix (once, about a minute) ..."
	@{ rm -rf .venv/quix && $(BIN)/python -m venv .venv/quix && .venv/quix/bin/python -m pip install \
		--quiet --disable-pip-version-check --requirement bench/peers/requirements.txt \
		&& touch $@; } || { rm -rf .venv/quix; \
		echo "Quix Streams could not be installed and is left out"; }
