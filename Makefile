# The verbs of the project. `make help` lists them.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
JOBS   ?= 2

export OMP_NUM_THREADS ?= 1
export HF_HUB_OFFLINE := 1

.DEFAULT_GOAL := help
.PHONY: vsix grammars lint-specs help demo test test-all lint fmt types specs docs accept bench curves clean

help:  ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  %-10s %s\n", $$1, $$2}'

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(STAMP)

demo: $(STAMP)  ## compile ALBERT and its rivals, compare them, train small ones for a minute
	$(BIN)/sharedsl compile specs/encoder/albert.sdsl
	$(BIN)/sharedsl compare specs/encoder/albert.sdsl --model Albert --at B=1,T=128
	$(BIN)/python -m benchmarks.demo

test: $(STAMP) lint types  ## format, lint, types, every test but the slow ones
	$(BIN)/sharedsl compile --check specs
	$(BIN)/python -m pytest -n $(JOBS) -m "not slow"

test-all: $(STAMP)  ## the slow tests as well
	$(BIN)/python -m pytest -n $(JOBS)

lint: $(STAMP)  ## ruff
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-specs: $(STAMP)  ## style and lint of the specs
	$(BIN)/sharedsl fmt --check specs sharedsl/std
	$(BIN)/sharedsl lint specs sharedsl/std

fmt: $(STAMP)  ## format our own code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(STAMP)  ## mypy
	$(BIN)/mypy

specs: $(STAMP)  ## compile every spec into generated/
	$(BIN)/sharedsl compile specs

docs: $(STAMP)  ## write the generated pages of docs/
	$(BIN)/python -m sharedsl.layers.docs > docs/layers.md
	$(BIN)/python -m sharedsl.lint.docs > docs/lints.md
	$(BIN)/python -m sharedsl.diagnostics.docs > docs/codes.md
	$(BIN)/python -c 'import json, sharedsl.config as c; print(json.dumps(c.schema(), indent=2))' > docs/sharedsl.schema.json
	$(BIN)/python -m tests.docs.contents

accept: $(STAMP) specs docs  ## accept changed goldens
	$(BIN)/python -m pytest -n $(JOBS) --snapshot-update -m "not slow"

bench: $(STAMP)  ## measure, and write docs/performance.md
	$(BIN)/python -m benchmarks.run

curves: $(STAMP)  ## train one member of every family, and write docs/training.md
	$(BIN)/python -m benchmarks.training

grammars:  ## make the tree-sitter parser from its grammar (with the command of tree-sitter 0.22)
	cd grammar/tree-sitter && tree-sitter generate --no-bindings

vsix:  ## build the extension for Visual Studio Code (needs npm)
	cd editors/vscode && npm ci --ignore-scripts --no-audit --no-fund && npm run package

clean:  ## remove what make installed
	rm -rf $(VENV)
