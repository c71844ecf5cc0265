# Short names for the commands of build.py, orion and foundry. `make help` lists them.

PYTHON ?= python3
BIN := .venv/bin
MODEL ?= lite
RECIPE ?=
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help dev test test-e2e test-coverage quantize-model merge-models shard-model optimize-model check deploy-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## set up, build, serve and open the page
	$(PYTHON) build.py serve $(ARGS)

test: ## lint, types, unit tests, end-to-end tests
	$(PYTHON) build.py test

test-e2e: ## the tests in a real browser
	$(PYTHON) build.py test e2e

test-coverage: ## the unit tests, with the coverage of each file
	$(PYTHON) build.py test unit --coverage

quantize-model: setup ## quantize a model: make quantize-model ARGS="smollm2-135m-instruct --bits 4 --symmetric"
	$(BIN)/foundry quantize $(ARGS)

merge-models: setup ## merge models by a recipe: make merge-models RECIPE=FILE
	$(BIN)/foundry merge $(RECIPE) $(ARGS)

shard-model: ## fetch, convert and shard a model: make shard-model MODEL=lite; cut it otherwise: ARGS="ID --shards 4"
	$(PYTHON) build.py models $(MODEL)
	$(if $(ARGS),$(BIN)/foundry shard $(ARGS))

optimize-model: setup ## from a source to a built model and its card: make optimize-model ARGS="FILE.gguf"
	$(BIN)/foundry optimize $(ARGS)

check: ## lint and types
	$(PYTHON) build.py test lint

deploy-check: ## build dist/ for a sub-path; fails on absolute URLs and on imports of files that aren't there
	$(PYTHON) build.py build --base /orion/

.PHONY: setup
setup: # a fraction of a second when there is nothing to do
	@$(PYTHON) build.py setup
