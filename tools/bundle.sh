#!/usr/bin/env bash
# A tar that runs without Debian's packages: `make bundle` → build/showo-VERSION-linux-ARCH.tar.gz, with the program, the library,
# headers, models, recipes, and the shared libraries they use. LibTorch stays outside, for a program of any size and every kind
# of GPU: the program takes the one that LIBTORCH or TORCH_PYTHON names. `make bundle TORCH=inside` packs it too.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${TORCH_PYTHON:-.venv/bin/python}
torch=$("$python" -c 'import os, torch; print(os.path.join(torch.__path__[0], "lib"))')
version=$(build/showo --version)
name=showo-$version-linux-$(uname -m)
root=build/bundle/$name

rm -rf build/bundle
cmake --install build --prefix "$root" > /dev/null
mkdir -p "$root/libexec"
mv "$root/bin/showo" "$root/libexec/showo"
cp tools/bundle_launcher.sh "$root/bin/showo"
for file in "$root/libexec/showo" "$root"/lib/libshowo.so.?.?.?; do
  printf 'file(RPATH_SET FILE "%s" NEW_RPATH "$ORIGIN/../lib:$ORIGIN")\n' "$file" > build/bundle/rpath.cmake
  cmake -P build/bundle/rpath.cmake
done

# What they need of the machine, but for the C library, which every machine has its own of, and LibTorch's folder.
ldd build/showo build/lib/libshowo.so | awk '$2 == "=>" {print $3}' | sort -u |
  grep -vE "/(libc|libm|libdl|librt|libpthread|ld-linux[^/]*)\.so" | while read -r library; do
  case $library in
    not) echo "bundle: build/showo misses a library: $(ldd build/showo | grep 'not found')" >&2; exit 1 ;;
    "$torch"/*) [ "${TORCH:-outside}" != inside ] || cp -L "$library" "$root/lib/" ;;
    *) cp -L "$library" "$root/lib/" ;;
  esac
done
tar -C build/bundle -czf "build/$name.tar.gz" "$name"
echo "bundle: build/$name.tar.gz, $(du -h "build/$name.tar.gz" | cut -f1)"
