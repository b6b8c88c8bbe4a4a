"""`showo bench` against its peers at the published size, alternately: medians as a table, and the ratios that are aimed at.
Training, memory and start-up have programs of their own (train_step.py, startup.py).

    python bench/compare.py --peers FOLDER [--rounds 3] [--only answers|pictures] [--bits 8]

FOLDER is a virtual environment with llama-cpp-python, gguf, transformers and torch; random weights are written there. Every
program has the machine to itself while it runs; only ratios of one run mean anything on a shared machine."""
import argparse
import json
import pathlib
import signal
import statistics
import subprocess

HERE = pathlib.Path(__file__).resolve().parent
SHOWO = HERE.parent / "build" / "showo"


def run(*command):
    """What a program printed as JSON; of one that fails {"failed": why}, as a peer may not run on every processor."""
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True)
    if result.returncode == 0:
        return json.loads(result.stdout[result.stdout.index("{"):])
    if result.returncode < 0:
        return {"failed": signal.Signals(-result.returncode).name}
    return {"failed": (result.stderr.strip().splitlines() or [f"status {result.returncode}"])[-1][:80]}


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
        programs[f"showo {b} bits"] = [*ours, "--bits", b, "--dtype", args.dtype, "--tokens", 128, "--steps", 4]
        if args.only != "pictures":
            programs[f"llama.cpp Q{b}_0"] = [python, HERE / "llama_cpp_peer.py", "--bits", b, "--prompt", 387, "--tokens", 128,
                                             "--repeats", 1, "--file", args.peers / f"random-q{b}_0.gguf"]
    programs[f"showo {args.dtype}"] = [*ours, "--dtype", args.dtype, "--tokens", 32, "--steps", 4]
    programs[f"reference {args.dtype}"] = [python, HERE / "reference_peer.py", "--dtype", args.dtype, "--image-steps", 1,
                                           "--tokens", 2]
    seen = {name: [] for name in programs}
    for _ in range(args.rounds):
        for name, command in programs.items():
            result = run(*command)
            if "token_s" in result:
                result["decode_tokens_per_s"] = 1 / result["token_s"]
            seen[name].append(result)
            if "failed" in result and name.startswith("showo"):
                raise SystemExit(f"{name}: {result['failed']}")

    def median(name, key):
        values = [result[key] for result in seen[name] if key in result]
        return statistics.median(values) if values else None

    print("| program | image step, s | reading, tokens/s | answering, tokens/s | share of streaming read | peak memory, GB |")
    print("| --- | --- | --- | --- | --- | --- |")
    for name in programs:
        if failed := next((result["failed"] for result in seen[name] if "failed" in result), None):
            print(f"| {name} | failed: {failed} | | | | |")
            continue
        step, read, decode = (median(name, key) for key in ("image_step_s", "read_tokens_per_s", "decode_tokens_per_s"))
        used, memory = median(name, "decode_bytes_per_s"), median(name, "peak_memory_bytes")
        share = f"{used / median(name, 'streaming_read_bytes_per_s'):.0%}" if used else ""
        cells = [f"{step:.2f}" if step else "", f"{read:.1f}" if read else "", f"{decode:.2f}" if decode else "", share,
                 f"{memory / 1e9:.2f}" if memory else ""]
        print(f"| {name} | " + " | ".join(cells) + " |")

    def ratio(ours, theirs, key, smaller_is_better=False):
        """The median of the rounds' ratios: what stands beside each other in time is compared."""
        pairs = [(a[key], b[key]) for a, b in zip(seen.get(ours, []), seen.get(theirs, [])) if key in a and key in b]
        if not pairs:
            return "not run"
        return f"{statistics.median(b / a if smaller_is_better else a / b for a, b in pairs):.2f}"

    exact, reference = f"showo {args.dtype}", f"reference {args.dtype}"
    rows = [("pictures, exact, against the reference", "2.8", ratio(exact, reference, "image_step_s", True)),
            ("pictures, 8 bits, against the reference", "5", ratio("showo 8 bits", reference, "image_step_s", True)),
            ("answers, 8 bits, against the reference", "50", ratio("showo 8 bits", reference, "decode_tokens_per_s")),
            ("answers, 8 bits, against llama.cpp Q8_0", "1.3", ratio("showo 8 bits", "llama.cpp Q8_0", "decode_tokens_per_s")),
            ("answers, 4 bits, against llama.cpp Q4_0", "1.3", ratio("showo 4 bits", "llama.cpp Q4_0", "decode_tokens_per_s")),
            ("reading, 8 bits, against llama.cpp Q8_0", "3.5", ratio("showo 8 bits", "llama.cpp Q8_0", "read_tokens_per_s"))]
    print("\n| work | target, times | here |\n| --- | --- | --- |")
    for row in rows:
        print("| " + " | ".join(row) + " |")


if __name__ == "__main__":
    main()
