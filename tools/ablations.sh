#!/usr/bin/env bash
# Runs every study of configs/ablations on a world of 24 kinds, each where it stopped if it was stopped; results are in
# runs/ablations/STUDY/results.md (docs/ablations.md). Arguments go to `showo ablate` (--device cuda). Needs `make build` and
# tools/fetch_emoji.sh; the study of drawing also data/emoji and its recogniser.
set -euo pipefail
cd "$(dirname "$0")/.."
showo=build/showo

[ -d data/ablations ] || "$showo" data emoji --out data/ablations --kinds 24 --most 3 --grid 8 --small 32 --large 48 \
  --scenes 20000 --scenes-per-shard 500 --held-apart 500 --seed 1
"$showo" train-codec configs/ablations/codec.yaml --out runs/ablations/codec
[ -d runs/ablations/recogniser ] || "$showo" train-recogniser 'data/ablations/train-{0000..0039}.tar' \
  --out runs/ablations/recogniser --steps 1200
for study in architecture encoders scale drawing; do
  "$showo" ablate "configs/ablations/$study.yaml" --out "runs/ablations/$study" "$@"
done
