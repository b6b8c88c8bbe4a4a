#!/bin/sh
# showo with the LibTorch that LIBTORCH (a folder with lib/) or TORCH_PYTHON (a Python that imports torch) names, else the one in
# this bundle, else python3's.
here=$(dirname "$(readlink -f "$0")")
of_python() { "$1" -c 'import os, torch; print(os.path.join(torch.__path__[0], "lib"))' 2> /dev/null; }
if [ -n "$LIBTORCH" ]; then
  torch=$LIBTORCH/lib
elif [ -n "$TORCH_PYTHON" ]; then
  torch=$(of_python "$TORCH_PYTHON") || { echo "showo: TORCH_PYTHON=$TORCH_PYTHON: expected a Python that imports torch" >&2; exit 1; }
elif [ -e "$here/../lib/libtorch_cpu.so" ]; then
  torch=$here/../lib
else
  torch=$(of_python python3)
fi
if [ ! -e "$torch/libtorch_cpu.so" ]; then
  echo "showo: ${torch:+$torch has }no LibTorch: LIBTORCH names its folder, or TORCH_PYTHON a Python that imports torch 2.11 or later" >&2
  exit 1
fi
export LD_LIBRARY_PATH="$torch:$here/../lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
exec "$here/../libexec/showo" "$@"
