#!/usr/bin/env python3
"""Pictures and answers together in one engine against one after another, at the published size with random weights: a table in
Markdown. Times of a row are from one process, alternately, the best of --repeats.

    bench/engine.py --bits 8                # or --dtype bf16, fp32; --device cuda
"""
import argparse
import json
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def row(jobs, kind, steps, tokens, extra):
    command = [ROOT / "build/showo", "bench", "--random", "--jobs", jobs, "--jobs-of", kind, "--steps", steps, "--tokens", tokens,
               "--json", *extra]
    result = json.loads(subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True).stdout)
    apart, together = result["one_after_another"], result["together"]

    def latency(times):
        return " / ".join(f"{times[key]:.2f}" for key in ("picture_latency_s", "answer_latency_s") if times[key] > 0)

    def decoding(times):
        return f"{times['decode_tokens_per_s']:.1f}" if times["decode_tokens_per_s"] > 0 else ""
    return (f"| {jobs} {kind} | {apart['seconds']:.2f} | {together['seconds']:.2f} | {result['times_as_fast']:.2f} | {latency(apart)} | "
            f"{latency(together)} | {decoding(apart)} | {decoding(together)} |")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=3, help="of a picture")
    parser.add_argument("--tokens", type=int, default=32, help="of an answer")
    parser.add_argument("--jobs", type=int, nargs="+", default=[1, 4, 16])
    parser.add_argument("--kinds", nargs="+", default=["pictures", "answers", "mixed"])
    options, extra = parser.parse_known_args()
    print("| jobs | one after another, s | together, s | times as fast | finished after (means; picture / answer), s | together | "
          "tokens/s behind the first | together |\n| --- | --- | --- | --- | --- | --- | --- | --- |")
    for kind in options.kinds:
        for jobs in options.jobs:
            if jobs == 1 and kind == "mixed":
                continue
            print(row(jobs, kind, options.steps, options.tokens, extra), flush=True)


if __name__ == "__main__":
    main()
