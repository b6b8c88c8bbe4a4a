#!/usr/bin/env bash
# Makes models/embedded anew: the world, its image tokenizer, the paper's three stages, the tokenizer's decoder once more, stories;
# each where it stopped if it was stopped. Two hours on two cores with bf16. Needs `make build`, tools/fetch_emoji.sh and tools/fetch_features.sh.
# A small model trains fastest in a process of one thread a core.
set -euo pipefail
cd "$(dirname "$0")/.."
showo=build/showo
world=(--kinds 128 --grid 8 --small 32 --large 48)

[ -d data/emoji ] || "$showo" data emoji --out data/emoji "${world[@]}" --scenes 120000 --held-apart 1500 --seed 1
[ -d data/emoji-crowded ] || "$showo" data emoji --out data/emoji-crowded "${world[@]}" --fewest 4 --scenes 20000 \
  --scenes-per-shard 500 --seed 2
[ -d data/emoji-single ] || "$showo" data emoji --out data/emoji-single "${world[@]}" --most 1 --scenes 30000 --held-apart 10 \
  --seed 1
# Shards of a few scenes, so that both kinds come by turns.
few=(--scenes 20000 --scenes-per-shard 100 --held-apart 500 --seed 1)
[ -d data/questions ] || "$showo" data emoji --out data/questions "${world[@]}" "${few[@]}"
[ -d data/conversations ] || "$showo" data emoji --out data/conversations "${world[@]}" "${few[@]}" --conversations
[ -d data/comparisons ] || "$showo" data emoji --out data/comparisons "${world[@]}" "${few[@]}" --comparisons
[ -d data/stories ] || "$showo" data emoji --out data/stories "${world[@]}" --scenes 1 --stories 60000 --held-apart 500 --seed 1

two_processes() {  # recipe, run
  local pids=() port rank pid
  port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
  for rank in 0 1; do
    RANK=$rank WORLD_SIZE=2 MASTER_ADDR=127.0.0.1 MASTER_PORT=$port OMP_NUM_THREADS=1 \
      "$showo" train "configs/embedded/$1.yaml" --out "runs/$2" &
    pids+=($!)
  done
  for pid in "${pids[@]}"; do wait "$pid"; done
}

"$showo" train-codec configs/embedded/codec.yaml --out runs/codec
for stage in 1 2 3; do two_processes "showo_stage$stage" "showo-stage$stage"; done
"$showo" train-codec configs/embedded/codec_decoder.yaml --out runs/codec-decoder
# What ships; the card, samples and sampling.json stay.
"$showo" convert runs/showo-stage3/checkpoint/model runs/embedded --dtype fp16
rm -rf runs/embedded/codec
"$showo" convert runs/codec-decoder/checkpoint/codec runs/embedded/codec --dtype fp16
cp -r runs/embedded/. models/embedded/

# The last stage begins with that model; it learns stories and conversations beside what was learned before.
two_processes story story
"$showo" convert runs/story/checkpoint/model runs/embedded-story --dtype fp16
cp -r runs/embedded-story/. models/embedded/
