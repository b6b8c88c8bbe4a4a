"""What the choices of sampling cost and gain on an emoji-world model, as a table:

    python bench/choices.py SHARDS --recogniser FOLDER [--model FOLDER] [--scenes 500]

Each row draws the captions of the same scenes; a recogniser trained on real scenes alone says in how many pictures it finds
exactly the things, their number and the place asked for. Seconds are of a picture of 18 steps at the published size with random
weights in 8 bits (--bits), the prompt read and the guidance of the embedded model's row; they come first, as they want the
machine for themselves."""
import argparse
import json
import pathlib
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SHOWO = HERE.parent / "build" / "showo"
GUIDED = "--guidance 1.75"
CHOICES = ["", GUIDED, f"{GUIDED} --guided 0.5", f"{GUIDED} --guided 0.25", f"{GUIDED} --refresh 2", f"{GUIDED} --refresh 4",
           f"{GUIDED} --guided 0.5 --refresh 2", f"{GUIDED} --guided 0.5 --refresh 4", f"{GUIDED} --guided 0.5 --steps 9",
           "--refresh 2", "--refresh 4", "--steps 9", "--steps 36", "--order confidence"]


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shards")
    parser.add_argument("--recogniser", required=True)
    parser.add_argument("--model", type=pathlib.Path, default=HERE.parent / "models/embedded")
    parser.add_argument("--scenes", type=int, default=500)
    parser.add_argument("--bits", type=int, default=8, choices=(8, 4))
    parser.add_argument("--choices", nargs="*", default=CHOICES)
    args = parser.parse_args()

    def seconds(choice):
        values = choice.split()
        if GUIDED not in choice:
            values += ["--guidance", 0]
        if "--steps" not in choice:
            values += ["--steps", 18]
        return run(SHOWO, "bench", "--random", "--bits", args.bits, "--dtype", "bf16", "--tokens", 2, "--repeats", 1, "--json",
                   *values)["image_s"]

    took = {choice: seconds(choice) for choice in args.choices}
    print("| choice | one thing | two things | count | position | seconds |\n| --- | --- | --- | --- | --- | --- |")
    for choice in args.choices:
        found = run(SHOWO, "eval", args.shards, "--model", args.model, "--scenes", args.scenes, "--questions", 0, "--recogniser",
                    args.recogniser, "--json", *choice.split())["generated"]
        shares = [f"{100 * found[asked]['all'] / found[asked]['judged']:.1f} %"
                  for asked in ("1 thing", "2 things", "count", "position")]
        print(f"| {choice or 'none'} | " + " | ".join(shares) + f" | {took[choice]:.1f} |", flush=True)


if __name__ == "__main__":
    main()
