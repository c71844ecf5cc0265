# Short names for the commands of build.py, orion and foundry. `make help` lists them.
# Variables: MODEL, OUTPUT, SHARDS, BITS, MODELS and RATIOS, RECIPE; ARGS is added to the command as it is.

PYTHON ?= python3
BIN ?= .venv/bin
MODEL ?= lite
ARGS ?=

# What build.py fetches and makes by name.
NAMES := lite full large
OUT = $(if $(OUTPUT),--out "$(OUTPUT)")
SOURCE = $(if $(filter $(NAMES),$(MODEL)),built,setup)

.DEFAULT_GOAL := help
.SECONDEXPANSION:
.PHONY: help dev test test-e2e test-coverage quantize-model merge-models shard-model optimize-model check deploy-check

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

dev: ## set up, build, serve and open the page
	$(PYTHON) build.py serve $(ARGS)

test: ## lint, types, unit tests, end-to-end tests
	$(PYTHON) build.py test $(ARGS)

test-e2e: ## the tests in a real browser; ARGS=--headed shows it
	$(PYTHON) build.py test e2e $(ARGS)

test-coverage: ## the unit tests, with the lines that no test reached
	$(PYTHON) build.py test unit --coverage $(ARGS)

quantize-model: $$(SOURCE) ## make quantize-model MODEL=lite OUTPUT=FOLDER BITS=4 (MODEL: a name, a GGUF or a folder)
	$(BIN)/foundry quantize "$(MODEL)" $(OUT) $(if $(BITS),--bits $(BITS)) $(ARGS)

merge-models: setup ## make merge-models RECIPE=FILE OUTPUT=FOLDER, or MODELS="A B" RATIOS="0.6 0.4" OUTPUT=FOLDER
	$(BIN)/foundry merge $(if $(RECIPE),"$(RECIPE)") $(OUT) $(if $(RATIOS),--ratios $(RATIOS)) $(ARGS) $(if $(MODELS),--average $(MODELS))

shard-model: $$(SOURCE) ## make shard-model MODEL=lite OUTPUT=FOLDER SHARDS=4
	$(BIN)/foundry shard "$(MODEL)" $(OUT) $(if $(SHARDS),--shards $(SHARDS)) $(ARGS)

optimize-model: $$(SOURCE) ## from a source to a built model and its card: make optimize-model MODEL=FILE.gguf OUTPUT=FOLDER
	$(BIN)/foundry optimize "$(MODEL)" $(OUT) $(ARGS)

check: ## lint, types, unit tests
	$(PYTHON) build.py test lint unit $(ARGS)

deploy-check: ## build dist/ for a sub-path; fails on absolute URLs and on imports of files that aren't there
	$(PYTHON) build.py build --base /orion/ $(ARGS)

.PHONY: setup built
setup: # a fraction of a second when there is nothing to do
	@$(PYTHON) build.py setup

built: setup
	$(PYTHON) build.py models "$(MODEL)"
