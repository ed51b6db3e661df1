# Everything below needs Python 3.10 or newer and nothing else. PYTHON=… picks another one;
# COMFYUI_PATH=… uses your ComfyUI for the tests and for `make comfyui` instead of the one
# that is fetched.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

# Pins of the development environment only: users get torch from ComfyUI.
TORCH := torch==2.13.0
TORCHVISION := torchvision==0.28.0

.PHONY: help demo test check lint types javascript format comfyui bench clean with-comfyui \
	with-webui
help:
	@echo 'make demo     paint a portrait and train a style, without ComfyUI; pictures in demo/'
	@echo 'make test     everything, in a real ComfyUI and half a WebUI too'
	@echo 'make check    format, lint, types and the fast tests'
	@echo 'make comfyui  a real ComfyUI with the pack in it, in the browser'
	@echo 'make bench    the benchmarks'

# The models of the developers' data collection are used where it lies beside the project.
demo: $(VENV)/installed
	TPS_PORTRAIT_HOME="$${TPS_PORTRAIT_HOME:-$(wildcard $(abspath ../shared/data))}" \
		$(BIN)/tps-portrait demo

# The fast ones side by side, each on one thread: torch's threads wait for each other busily. The
# others one by one: they start ComfyUI, browsers and trainings, which fill the machine.
FAST_TESTS = OMP_NUM_THREADS=1 $(BIN)/pytest -m 'not slow' --numprocesses=logical --maxprocesses=4 \
	--dist=loadfile

test: lint with-comfyui with-webui
	$(FAST_TESTS)
	$(BIN)/pytest -m slow

check: lint
	$(FAST_TESTS)

lint: types javascript
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

# For the oldest and the newest Python, with what either's standard library has. The link gives the
# folder the package's name, whatever it is called.
types: $(VENV)/installed
	mkdir -p $(VENV)/types && ln -sfn ../.. $(VENV)/types/tps_portrait
	printf '%s\n' 3.10 3.13 | xargs -P 2 -I{} $(BIN)/mypy --no-error-summary --python-version {}

# What needs Node.js is only this linter: where it is not installed the line says so.
NODE := $(shell command -v npm)
ESLINT := $(VENV)/javascript/node_modules/.bin/eslint --config $(VENV)/javascript/eslint.config.mjs \
	--cache --cache-location $(VENV)/javascript/cache
javascript: $(if $(NODE),$(VENV)/javascript/installed)
ifdef NODE
	$(ESLINT) --no-error-on-unmatched-pattern web 'training/**/*.js' 'javascript/**/*.js'
else
	@echo 'The JavaScript is not checked: npm is not installed.'
endif

$(VENV)/javascript/installed: tests/javascript/package.json tests/javascript/eslint.config.mjs
	mkdir -p $(@D) && cp $^ $(@D)
	npm install --prefix $(@D) --no-audit --no-fund --loglevel=error
	touch $@

format: $(VENV)/installed
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

comfyui: with-comfyui
	$(BIN)/python tests/comfyui.py

bench: export TPS_PORTRAIT_HOME ?= $(wildcard $(abspath ../shared/data))
bench: with-comfyui
	for script in benchmarks/bench_*.py; do $(BIN)/python "$$script"; done
	$(BIN)/python benchmarks/landmark_accuracy.py
	$(BIN)/python benchmarks/landmark_jitter.py

clean:
	rm -rf $(VENV) demo *.egg-info

# torch comes first and alone: anything else would pull the newest one. torchvision comes
# without its dependencies for the same reason; torchvision_without_cuda.py says what it works around.
$(VENV)/installed: pyproject.toml requirements.txt tests/requirements.txt \
		tests/torchvision_without_cuda.py Makefile
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
		echo 'Python 3.10 or newer is needed: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)'; \
		exit 1; }
	@echo 'Installing into $(VENV): a few minutes, once.'
	test -x $(BIN)/pip || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(TORCH)
	$(BIN)/pip install --quiet --no-deps $(TORCHVISION)
	site=$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); \
		cp tests/torchvision_without_cuda.py "$$site/"; \
		echo 'import torchvision_without_cuda' > "$$site/torchvision_without_cuda.pth"
	$(BIN)/pip install --quiet -c tests/comfyui-constraints.txt \
		-r requirements.txt -r tests/requirements.txt
	$(BIN)/pip install --quiet --no-deps -e .
	touch $@

# Says nothing and costs a moment when all is there.
with-comfyui: $(VENV)/installed
	@$(BIN)/python tests/comfyui_backend.py

# Where they can't be had, one line says so, and the tests in them are skipped.
with-webui: $(VENV)/installed
	@$(BIN)/python tests/webui_environment.py
