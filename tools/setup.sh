#!/usr/bin/env bash
# Installs what is missing to build: Debian packages, and a private Python environment with the pinned LibTorch, unless
# TORCH_PYTHON names a Python that imports a torch of 2.11 or later.
set -euo pipefail
cd "$(dirname "$0")/.."

# Names that distributions have for the same package are separated by |: any of them will do, the first is asked for.
packages=(g++ cmake ninja-build ccache pkg-config libcli11-dev nlohmann-json3-dev libyaml-cpp-dev libspdlog-dev libfmt-dev
  "libjpeg-dev|libjpeg62-turbo-dev|libjpeg-turbo8-dev" libpng-dev libwebp-dev libarchive-dev libpcre2-dev
  libcpp-httplib-dev libssl-dev libsentencepiece-dev libutf8proc-dev libhwy-dev libgloo-dev libgtest-dev
  "libtcmalloc-minimal4|libtcmalloc-minimal4t64")
torch_version=2.13.0

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
install_packages() {
  echo "setup: installing Debian packages: $*"
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" > /dev/null
}

is_installed() {
  local name
  for name in ${1//|/ }; do
    dpkg-query -W -f '${Status}' "$name" 2> /dev/null | grep -q 'install ok installed' && return 0
  done
  return 1
}

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("${package%%|*}")
done
[ ${#missing[@]} = 0 ] || install_packages "${missing[@]}"

if [ -n "${TORCH_PYTHON:-}" ]; then
  "$TORCH_PYTHON" - << 'PY' || { echo "setup: TORCH_PYTHON=$TORCH_PYTHON: expected a Python that imports torch 2.11 or later" >&2; exit 1; }
import torch
assert tuple(int(part) for part in torch.__version__.split("+")[0].split(".")[:2]) >= (2, 11), torch.__version__
PY
  exit 0
fi

# With a GPU the build with CUDA, which is the one without a local version, and the headers that CUDA graphs and NCCL want
# (cmake/ShowoTorch.cmake); else the build for CPUs where the index has one: it is a quarter of the size.
install_torch() {
  if nvidia-smi -L 2> /dev/null | grep -q GPU; then
    .venv/bin/pip install -q "torch===$torch_version" numpy
    local cuda
    cuda=$(.venv/bin/python -c 'import torch; print(torch.version.cuda)')
    .venv/bin/pip install -q "nvidia-cuda-crt==$cuda.*" "nvidia-cuda-cccl==$cuda.*" ||
      echo "setup: no headers of CUDA $cuda to be had: building without CUDA graphs and NCCL" >&2
  else
    .venv/bin/pip install -q "torch==$torch_version+cpu" numpy 2> /dev/null || .venv/bin/pip install -q "torch==$torch_version" numpy
  fi
}
if [ "$(cat .venv/torch-version 2> /dev/null)" != "$torch_version" ]; then
  echo "setup: making .venv with torch $torch_version (1 GB, with CUDA 5 GB; a few minutes)"
  python3 -m venv .venv 2> /dev/null || { install_packages python3-venv; python3 -m venv .venv; }
  install_torch
  echo "$torch_version" > .venv/torch-version
fi

# Parquet's library (cmake/ShowoParquet.cmake). Without it everything else is built.
if [ ! -e .venv/pyarrow-tried ]; then
  .venv/bin/pip install -q "pyarrow==26.*" || echo "setup: no pyarrow to be had: building without Parquet" >&2
  touch .venv/pyarrow-tried
fi

# What the Python package is built and tested with (python/). Without it everything else is.
if [ ! -e .venv/python-tried ]; then
  .venv/bin/pip install -q "nanobind==3.*" pytest hypothesis pillow || echo "setup: no nanobind to be had: building without Python" >&2
  touch .venv/python-tried
fi
