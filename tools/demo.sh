#!/usr/bin/env bash
# What the embedded model can do, in half a minute: pictures from text, questions about one, inpainting, extrapolation.
set -euo pipefail
cd "$(dirname "$0")/.."
showo=build/showo
mkdir -p demo

echo "demo: four pictures from text"
i=0
for prompt in "a glossy apple on a blue background" "a small flat rocket at the top left on a black background" \
  "a glossy lion to the left of a glossy car on a white background" "two flat strawberries on a yellow background"; do
  i=$((i + 1))
  "$showo" generate "$prompt" -o "demo/generated-$i.png" --seed 1
done

scene=models/embedded/samples/scene.png
echo "demo: questions about $scene"
for question in "what is in the picture?" "what colour is the background?" "how many things are there?" \
  "where is the rabbit?"; do
  echo "  $question $("$showo" ask "$scene" "$question")"
done

echo "demo: the scene's left half drawn anew, and the scene made wider"
"$showo" inpaint "$scene" models/embedded/samples/mask.png "a glossy apple to the left of a glossy rabbit on a white background" -o demo/inpainted.png --seed 1
"$showo" extend "$scene" "a glossy rabbit to the left of a glossy mushroom on a white background" --side right -o demo/extended.png --seed 1
echo "demo: look into demo/"
