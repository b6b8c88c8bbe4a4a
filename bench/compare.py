"""`showo bench` against its peers at the published size, alternately, medians and ratios as a table:

    python bench/compare.py --peers FOLDER [--rounds 3] [--only answers|pictures] [--bits 8]

FOLDER is a virtual environment with llama-cpp-python, gguf, transformers and torch; random weights are written there. Every
program has the machine to itself while it runs; only ratios of one run mean anything on a shared machine."""
import argparse
import json
import pathlib
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SHOWO = HERE.parent / "build" / "showo"


def run(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True)
    return json.loads(result.stdout[result.stdout.index("{"):])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", type=pathlib.Path, required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", choices=("answers", "pictures"))
    parser.add_argument("--bits", type=int, choices=(8, 4), action="append")
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"))
    args = parser.parse_args()
    python = args.peers / "bin" / "python"
    bits = args.bits or [8, 4]

    programs = {}
    ours = [SHOWO, "bench", "--random", "--json", "--prompt", 126, "--repeats", 1]
    for b in bits:
        programs[f"showo {b} bits"] = [*ours, "--bits", b, "--tokens", 32, "--steps", 2]
        if args.only != "pictures":
            programs[f"llama.cpp Q{b}_0"] = [python, HERE / "llama_cpp_peer.py", "--bits", b, "--prompt", 387, "--tokens", 32,
                                             "--repeats", 1, "--file", args.peers / f"random-q{b}_0.gguf"]
    programs[f"showo {args.dtype}"] = [*ours, "--dtype", args.dtype, "--tokens", 8, "--steps", 2]
    programs[f"reference {args.dtype}"] = [python, HERE / "reference_peer.py", "--dtype", args.dtype, "--image-steps", 1,
                                           "--tokens", 2]
    seen = {name: [] for name in programs}
    for _ in range(args.rounds):
        for name, command in programs.items():
            seen[name].append(run(*command))

    def median(name, key):
        values = [result[key] for result in seen[name] if key in result]
        return statistics.median(values) if values else None

    print("| program | image step, s | reading, tokens/s | answering, tokens/s | share of streaming read | peak memory, GB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in programs:
        step, read, decode = (median(name, key) for key in ("image_step_s", "read_tokens_per_s", "decode_tokens_per_s"))
        if decode is None and median(name, "token_s"):
            decode = 1 / median(name, "token_s")
        used, memory = median(name, "decode_bytes_per_s"), median(name, "peak_memory_bytes")
        share = f"{used / median(name, 'streaming_read_bytes_per_s'):.0%}" if used else ""
        cells = [f"{step:.2f}" if step else "", f"{read:.1f}" if read else "", f"{decode:.2f}" if decode else "", share,
                 f"{memory / 1e9:.2f}" if memory else ""]
        print(f"| {name} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
