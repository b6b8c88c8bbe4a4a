"""From the program's start to the first token and the first step of a picture, and memory while answering: a folder of the
published shapes with random weights, in the page cache.

    python bench/startup.py --folder FOLDER [--bits 8] [--rounds 3]

FOLDER (1.9 GB with 8 bits) is written when it is not there. Its text tokenizer is the embedded model's, which has fewer tokens:
that saves a few milliseconds of reading. Seconds are of the whole program, its end included."""
import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]
SHOWO = ROOT / "build" / "showo"


def run(*command):
    start = time.perf_counter()
    program = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    first = program.stdout.read(1)
    took = time.perf_counter() - start
    printed = first + program.stdout.read()
    if program.wait() != 0:
        raise SystemExit(f"failed: {command}")
    return took, printed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path, required=True)
    parser.add_argument("--bits", type=int, default=8, choices=(8, 4))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--tokens", type=int, default=128)
    args = parser.parse_args()
    if not args.folder.exists():
        run(SHOWO, "bench", "--random", "--bits", args.bits, "--dtype", "bf16", "--out", args.folder)
        for item in (ROOT / "models/embedded/llm").iterdir():
            if item.name != "config.json":
                shutil.copy(item, args.folder / "llm" / item.name)
        config = args.folder / "llm/config.json"  # texts end as that tokenizer's do
        config.write_text(json.dumps(json.loads(config.read_text()) | {"bos_token_id": 1023, "eos_token_id": 1023}))
    picture = next((ROOT / "models/embedded/samples").glob("*.png"))
    ask = [SHOWO, "ask", picture, "what is in the picture?", "--model", args.folder, "--dtype", "bf16", "--top-k", 1, "--json"]
    draw = [SHOWO, "generate", "a car", "--model", args.folder, "--dtype", "bf16", "--steps", 1, "-o", args.folder / "a.png"]
    run(*ask, "--max-tokens", 1)  # brings the weights into the page cache
    first, step, answers = [], [], []
    for _ in range(args.rounds):
        first.append(run(*ask, "--max-tokens", 1)[0])
        step.append(run(*draw)[0])
        answers.append(json.loads(run(*ask, "--max-tokens", args.tokens)[1]))
    parts = {name: statistics.median(a["timings"][name] for a in answers) for name in ("load", "read")}
    behind = [a["timings"]["tokens"][1:] for a in answers]  # the first waits for the reading
    tokens = statistics.median(len(some) / sum(some) for some in behind)
    print("| | |\n| --- | --- |")
    print(f"| start to the first token of an answer | {statistics.median(first):.2f} s |")
    print(f"| of that, mapping and checking the weights | {parts['load']:.2f} s |")
    print(f"| of that, the picture to codes | {parts['read']:.2f} s |")
    print(f"| start to a picture of one step, decoded and written | {statistics.median(step):.2f} s |")
    print(f"| answering, behind the first token | {tokens:.1f} tokens/s |")
    print(f"| most memory while answering {args.tokens} tokens | {max(a['peak_memory'] for a in answers) / 1e9:.2f} GB |")


if __name__ == "__main__":
    main()
