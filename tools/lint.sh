#!/usr/bin/env bash
# clang-format and clang-tidy over the files that differ from BASE (origin/main, else the last commit), or over all:
#   tools/lint.sh [--all | BASE]
# clang-tidy reads the release build's compile commands, which `make configure` writes.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=()
command -v clang-format > /dev/null || packages+=(clang-format)
command -v clang-tidy > /dev/null || packages+=(clang-tidy)
dpkg -s libomp-dev > /dev/null 2>&1 || packages+=(libomp-dev)  # omp.h as clang reads it
if [ ${#packages[@]} != 0 ]; then
  echo "lint: installing Debian packages: ${packages[*]}"
  as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi; }
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}" > /dev/null
fi

if [ "${1:-}" = --all ]; then
  mapfile -t files < <(git ls-files '*.cpp' '*.h')
else
  base=${1:-$(git rev-parse --verify -q origin/main || git rev-parse HEAD~1)}
  mapfile -t files < <({ git diff --name-only --diff-filter=d "$(git merge-base "$base" HEAD)" -- '*.cpp' '*.h'
    git ls-files --others --exclude-standard '*.cpp' '*.h'; } | sort -u)
fi
[ ${#files[@]} != 0 ] || { echo "lint: nothing differs"; exit 0; }
clang-format --dry-run --Werror "${files[@]}"

# The commands without what only GCC knows, once a file; a header is read through a source that includes it.
mkdir -p build/lint
mapfile -t sources < <(python3 - "${files[@]}" << 'PY'
import json
import os
import re
import sys

root = os.getcwd() + "/"
commands = {}
for entry in json.load(open("build/compile_commands.json")):
    gcc_only = r" -fpch-preprocess| -Winvalid-pch| -include \S*cmake_pch\.hxx"
    entry["command"] = re.sub(gcc_only, "", entry["command"])
    if "-fsanitize" not in entry["command"] and entry["file"].startswith(root):
        commands.setdefault(entry["file"].removeprefix(root), entry)
json.dump(list(commands.values()), open("build/lint/compile_commands.json", "w"))

def readers(header):
    name = header.removeprefix("src/")
    beside = header.removesuffix(".h") + ".cpp"
    return [beside] if beside in commands else [
        source for source in sorted(commands) if f'#include "{name}"' in open(source).read()][:1]

wanted = {source for file in sys.argv[1:] for source in ([file] if file in commands else readers(file))}
print(*sorted(wanted & commands.keys()), sep="\n")
PY
)
[ -n "${sources[0]}" ] || exit 0
echo "lint: ${#files[@]} files formatted; clang-tidy reads ${#sources[@]}"
printf '%s\n' "${sources[@]}" | xargs -P "$(nproc)" -n 1 clang-tidy -p build/lint --quiet 2> >(grep -v 'warnings generated\.$' >&2)
