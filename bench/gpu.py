"""Drawing, answering and training on a GPU at the published size, random weights in bf16, beside what is aimed at on an H100 or
H200:

    python bench/gpu.py [--device cuda] [--rounds 3]"""
import argparse
import json
import pathlib
import subprocess

SHOWO = pathlib.Path(__file__).resolve().parents[1] / "build" / "showo"


def bench(args, *flags):
    command = [SHOWO, "bench", "--random", "--device", args.device, "--dtype", "bf16", "--repeats", args.rounds, "--json", *flags]
    return json.loads(subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--rows", type=int, default=32, help="of a training step")
    args = parser.parse_args()
    drawing = ["--steps", args.steps, "--guidance", 5, "--tokens", args.tokens]
    small, large = (bench(args, "--size", size, *drawing) for size in (256, 512))
    training = bench(args, "--train", args.rows)
    print("| work | aimed at | here |\n| --- | --- | --- |")
    for size, result, target in ((256, small, 60), (512, large, 200)):
        seconds = result["image_s"] + result["decode_s"]
        print(f"| {size}², {args.steps} steps, guidance, decoded | {target} ms | {1e3 * seconds:.1f} ms |")
        print(f"| of that, a step's arithmetic | | {result['image_step_operations_per_s'] / 1e12:.1f} TFLOP/s, a large product's "
              f"{result['gemm_operations_per_s'] / 1e12:.1f} |")
    print(f"| answering, one text | 800 tokens/s | {small['decode_tokens_per_s']:.1f} tokens/s |")
    print(f"| reading | | {small['read_tokens_per_s']:.0f} tokens/s |")
    share = training["train_operations_per_s"] / training["gemm_operations_per_s"]
    print(f"| training, {args.rows} rows a step | 50 % of 989 TFLOP/s | {training['train_operations_per_s'] / 1e12:.0f} TFLOP/s, "
          f"{share:.0%} of a large product's |")
    print(f"| | | {training['train_tokens_per_s']:.0f} tokens/s |")


if __name__ == "__main__":
    main()
