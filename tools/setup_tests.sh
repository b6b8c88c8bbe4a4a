#!/usr/bin/env bash
# What tests use where it is at hand: clients and a proxy for the server, a browser for its page. Whatever cannot be had is said, and
# the tests that want it are skipped.
set -uo pipefail
cd "$(dirname "$0")/.."
python=${TORCH_PYTHON:-.venv/bin/python}

as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
missing=()
command -v nginx > /dev/null || [ -x /usr/sbin/nginx ] || missing+=(nginx-light)
command -v chromium > /dev/null || missing+=(chromium)
command -v node > /dev/null || missing+=(nodejs)
command -v npm > /dev/null || missing+=(npm)
command -v openssl > /dev/null || missing+=(openssl)
for package in "${missing[@]}"; do
  echo "setup: installing Debian package $package"
  as_root timeout 600 env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$package" > /dev/null 2>&1 ||
    echo "setup: no $package to be had: its tests are skipped" >&2
done

"$python" -c 'import openai, schemathesis' 2> /dev/null || timeout 600 "$python" -m pip install -q openai schemathesis 2> /dev/null ||
  echo "setup: no openai or schemathesis to be had: their tests are skipped" >&2

modules=tests/server/page
if command -v npm > /dev/null && [ ! -d $modules/node_modules/axe-core ]; then
  (cd $modules && timeout 300 npm ci --silent --ignore-scripts --no-audit --no-fund > /dev/null 2>&1) ||
    echo "setup: no playwright-core or axe-core to be had: the page's test is skipped" >&2
fi
exit 0
