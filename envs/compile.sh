#!/bin/sh
# Pin anew: resolve pyproject.toml into requirements.txt and benchmarks/requirements.txt (hashes, all platforms, no index addresses), then envs/lorafb.yaml from it.
# Needs uv (https://docs.astral.sh/uv/) on the PATH; users never do. Give `--upgrade` to move to the newest versions.
set -eu
cd "$(dirname "$0")/.."
UV_PYTHON_DOWNLOADS=never uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --override envs/overrides.txt \
    --output-file requirements.txt "$@"
UV_PYTHON_DOWNLOADS=never uv pip compile --group benchmarks --universal --python-version 3.11 --generate-hashes \
    --no-annotate --no-header --no-emit-index-url --no-emit-find-links --override envs/overrides.txt \
    --constraints requirements.txt --output-file benchmarks/requirements.txt "$@"
python3 envs/conda.py
