"""A training step of `showo train` against the same model in eager PyTorch as the reference runs it: all rows padded to one
length, a dense mask, logits at every position. Ours reads, decodes and tokenizes its pictures in the time measured; the
peer's ids are ready. Alternately, in one process tree:

    python bench/train_step.py --shards 'data/emoji/train-0000.tar' --text data/emoji/text.txt [--width 256 --layers 6]

Needs transformers and torch. Prints seconds a step, the ratio, and the share of the machine's measured GEMM speed."""
import argparse
import json
import pathlib
import statistics
import subprocess
import tempfile
import time

import torch
import transformers

ROOT = pathlib.Path(__file__).resolve().parents[1]
ROWS = {"t2i": 8, "lm": 4, "mmu": 6}
TEXT, IMAGE, TEXT_VOCABULARY, VOCABULARY = 32, 64, 1024, 9227  # the embedded model's
LENGTH = 1 + TEXT + IMAGE + 2

RECIPE = """
llm: {{hidden_size: {width}, intermediate_size: {inner}, num_hidden_layers: {layers}, num_attention_heads: {heads}}}
text_tokens: {text}
codec: {root}/models/embedded/codec
tokenizer: {root}/configs/embedded/llm
data:
  t2i: {{path: "{shards}"}}
  mmu: {{path: "{shards}", prompts: {root}/configs/prompts/describe.txt}}
  lm: {{format: lines, path: "{lines}"}}
batch: {{t2i: {t2i}, lm: {lm}, mmu: {mmu}, image_size: 64, lm_length: 64, mmu_length: 512}}
optimizer: {{lr: 1.0e-3, warmup_steps: 10, clip: 1.0}}
steps: {steps}
log_every: {steps}
bf16: {bf16}
"""


def ours(args, folder):
    recipe = folder / "recipe.yaml"
    recipe.write_text(RECIPE.format(width=args.width, inner=4 * args.width, layers=args.layers, heads=args.heads, text=TEXT,
                                    root=ROOT, shards=pathlib.Path(args.shards).resolve(),
                                    lines=pathlib.Path(args.text).resolve(), steps=args.steps,
                                    bf16=str(args.dtype == "bf16").lower(), **ROWS))
    out = folder / "run"
    subprocess.run([ROOT / "build" / "showo", "train", recipe, "--out", out], check=True, capture_output=True)
    line = json.loads((out / "metrics.jsonl").read_text().splitlines()[-1])
    subprocess.run(["rm", "-r", out], check=True)
    return line["seconds"] / args.steps


class Peer:
    def __init__(self, args):
        config = transformers.PhiConfig(vocab_size=VOCABULARY, hidden_size=args.width, intermediate_size=4 * args.width,
                                        num_hidden_layers=args.layers, num_attention_heads=args.heads,
                                        partial_rotary_factor=0.5, qk_layernorm=True, attn_implementation="sdpa")
        self.model = transformers.PhiForCausalLM(config).train()
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)
        self.bf16 = args.dtype == "bf16"
        rows = sum(ROWS.values())
        self.ids = torch.randint(0, TEXT_VOCABULARY, (rows, LENGTH))
        self.labels = torch.full((rows, LENGTH), -100)
        picture = slice(1 + TEXT + 1, LENGTH - 1)
        codes = torch.randint(TEXT_VOCABULARY, VOCABULARY - 1, (rows, IMAGE))
        self.ids[:ROWS["t2i"], picture] = codes[:ROWS["t2i"]]
        self.labels[:ROWS["t2i"], picture] = codes[:ROWS["t2i"]]
        self.labels[ROWS["t2i"]:, 1:TEXT] = self.ids[ROWS["t2i"]:, 1:TEXT]
        allowed = torch.ones(LENGTH, LENGTH, dtype=torch.bool).tril()
        allowed[1 + TEXT:, 1 + TEXT:] = True
        mask = torch.zeros(LENGTH, LENGTH).masked_fill(~allowed, torch.finfo(torch.float32).min)
        self.mask = mask.expand(rows, 1, LENGTH, LENGTH).contiguous()

    def step(self):
        with torch.autocast("cpu", torch.bfloat16, enabled=self.bf16):
            logits = self.model(input_ids=self.ids, attention_mask=self.mask).logits
            t2i = torch.nn.functional.cross_entropy(logits[:ROWS["t2i"]].reshape(-1, VOCABULARY),
                                                    self.labels[:ROWS["t2i"]].reshape(-1), ignore_index=-100)
            text = torch.nn.functional.cross_entropy(logits[ROWS["t2i"]:, :-1].reshape(-1, VOCABULARY),
                                                     self.labels[ROWS["t2i"]:, 1:].reshape(-1), ignore_index=-100)
            loss = t2i + text
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)

    def seconds(self, steps):
        self.step()
        start = time.perf_counter()
        for _ in range(steps):
            self.step()
        return (time.perf_counter() - start) / steps


def products_speed(dtype):
    """Operations a second of a large product."""
    a, b = (torch.randn(2048, 2048, dtype=dtype) for _ in range(2))
    best = float("inf")
    for _ in range(6):
        start = time.perf_counter()
        a @ b
        best = min(best, time.perf_counter() - start)
    return 2 * 2048 ** 3 / best


def operations(args):
    """Of a step forwards and backwards, the peer's rows and logits: what both would have to multiply."""
    layer = 4 * args.width ** 2 + 2 * args.width * 4 * args.width + 2 * LENGTH * args.width
    return 6 * sum(ROWS.values()) * LENGTH * (layer * args.layers + args.width * VOCABULARY)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", required=True)
    parser.add_argument("--text", required=True)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--heads", type=int, default=4)
    parser.add_argument("--steps", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dtype", default="fp32", choices=("fp32", "bf16"))
    args = parser.parse_args()
    peer = Peer(args)
    mine, theirs = [], []
    for _ in range(args.rounds):
        with tempfile.TemporaryDirectory() as folder:
            mine.append(ours(args, pathlib.Path(folder)))
        theirs.append(peer.seconds(max(2, args.steps // 3)))
    mine, theirs = statistics.median(mine), statistics.median(theirs)
    speed = products_speed(torch.bfloat16 if args.dtype == "bf16" else torch.float32)
    print(f"eager PyTorch multiplies {operations(args) / theirs / 1e9:.0f} GFLOP/s, "
          f"{operations(args) / theirs / speed:.0%} of what a large product reaches; showo does the same work at "
          f"{operations(args) / mine / speed:.0%}")
    print(f"showo {mine:.3f} s a step, eager PyTorch {theirs:.3f} s: {theirs / mine:.2f} times as fast")


if __name__ == "__main__":
    main()
