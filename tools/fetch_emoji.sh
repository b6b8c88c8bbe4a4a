#!/usr/bin/env bash
# Fetches the icons of the emoji world by package name into .packages: Google's Noto emoji (Apache-2.0) and Microsoft's
# Fluent emoji (MIT), in 64 pixels and as vectors, which are drawn in 128. Needs npm.
set -euo pipefail
cd "$(dirname "$0")/.."
mkdir -p .packages
cd .packages

fetch() {  # name@version, folder, what to unpack
  local package=$1 folder=$2
  shift 2
  [ -f "$folder/.complete" ] && return
  echo "fetch: $package"
  rm -rf "$folder" && mkdir "$folder"
  local archive
  archive=$(npm pack --silent "$package")
  tar xzf "$archive" -C "$folder" --strip-components=1 "$@"
  rm "$archive"
  touch "$folder/.complete"
}

fetch emoji-datasource-google@16.0.0 emoji-datasource-google package/img/google/64 package/package.json
fetch @lobehub/fluent-emoji-3d@1.1.0 fluent-emoji-3d package/assets package/package.json
fetch @iconify-json/noto@1.2.9 noto package/icons.json package/chars.json package/package.json
fetch @lobehub/fluent-emoji-flat@1.1.0 fluent-emoji-flat package/assets package/package.json
if [ ! -d resvg/node_modules/@resvg/resvg-js ]; then  # draws vectors (MPL-2.0)
  mkdir -p resvg && echo '{"private": true}' > resvg/package.json
  npm install --silent --no-audit --no-fund --prefix resvg @resvg/resvg-js@2.6.2
fi
if [ drawn/.complete -ot ../configs/emoji/kinds.txt ] || [ drawn/.complete -ot ../tools/draw_icons.mjs ]; then
  echo "draw: icons of 128 pixels"
  node ../tools/draw_icons.mjs . ../configs/emoji/kinds.txt
  touch drawn/.complete
fi
