"""What the choices of sampling cost and gain on an emoji-world model, as a table:

    python bench/choices.py SHARDS --recogniser FOLDER [--model FOLDER] [--scenes 500]

Each row draws the captions of the same scenes; a recogniser trained on real scenes alone says in how many pictures it finds
exactly the things, their number and the background asked for. Time is the median of a picture's steps, the first row's again
beside each, as machines waver."""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SHOWO = HERE.parent / "build" / "showo"
CHOICES = ["", "--guidance 0", "--guided 0.5", "--guided 0.25", "--refresh 2", "--refresh 4", "--order halton",
           "--steps 9", "--steps 36", "--preset balanced", "--preset fast"]


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards")
    parser.add_argument("--recogniser", required=True)
    parser.add_argument("--model", type=pathlib.Path, default=HERE.parent / "models/embedded")
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--choices", nargs="*", default=CHOICES)
    args = parser.parse_args()

    def seconds(flags):
        with tempfile.TemporaryDirectory() as folder:
            drawn = run(SHOWO, "generate", "a flat car on a red background", "--model", args.model, "-o", f"{folder}/a.png",
                        "--json", *flags)
        return sum(drawn["timings"]["steps"])

    print("| choice | one thing | two things | count | position | time |")
    print("| --- | --- | --- | --- | --- | --- |")
    for choice in args.choices:
        flags = choice.split()
        found = run(SHOWO, "eval", args.shards, "--model", args.model, "--scenes", args.scenes, "--questions", 0, "--recogniser",
                    args.recogniser, "--json", *flags)["generated"]
        shares = [f"{100 * found[asked]['all'] / found[asked]['judged']:.1f} %" for asked in ("1 thing", "2 things", "count", "position")]
        pairs = [(seconds(flags), seconds([])) for _ in range(5)]
        print(f"| {choice or 'none'} | " + " | ".join(shares) + f" | {statistics.median(a / b for a, b in pairs):.2f} |", flush=True)


if __name__ == "__main__":
    main()
