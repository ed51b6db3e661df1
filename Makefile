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

.PHONY: help demo test check lint format comfyui bench clean with-comfyui
help:
	@echo 'make demo     paint a portrait and train a style, without ComfyUI; pictures in demo/'
	@echo 'make test     everything, in a real ComfyUI too'
	@echo 'make check    format, lint and the fast tests'
	@echo 'make comfyui  a real ComfyUI with the pack in it, in the browser'
	@echo 'make bench    the benchmarks'

# The models of the developers' data collection are used where it lies beside the project.
demo: $(VENV)/installed
	TPS_PORTRAIT_HOME="$${TPS_PORTRAIT_HOME:-$(wildcard $(abspath ../shared/data))}" \
		$(BIN)/tps-portrait demo

test: lint with-comfyui
	$(BIN)/pytest

check: lint
	$(BIN)/pytest -m 'not slow'

lint: $(VENV)/installed
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff check --quiet

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
