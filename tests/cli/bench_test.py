"""What `showo bench` reports of the embedded model: every figure is there, and those that hang together do."""
import json
import subprocess
import sys
import unittest
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
TOWER = ROOT / "tests/golden/data/showo_clip_mmu"


def bench(*flags):
    return json.loads(subprocess.run([SHOWO, "bench", "--repeats", "1", "--json", *map(str, flags)], stdout=subprocess.PIPE,
                                     check=True, timeout=600).stdout)


class Bench(unittest.TestCase):
    def check(self, figures, names):
        self.assertLessEqual(set(names), set(figures))
        for name, value in figures.items():
            self.assertGreater(value, 0, name)

    def test_drawing_and_answering(self):
        names = ["image_s", "image_step_s", "encode_s", "decode_s", "read_tokens_per_s", "decode_tokens_per_s",
                 "gemm_operations_per_s", "streaming_read_bytes_per_s", "peak_memory_bytes"]
        exact = bench("--steps", 2, "--tokens", 3)
        self.check(exact, names)
        for bits in (8, 4):
            rounded = bench("--steps", 2, "--tokens", 3, "--bits", bits)
            self.check(rounded, names)
            self.assertLess(rounded["weights_bytes"], exact["weights_bytes"] / 2)
        for figures in (exact, rounded):
            # A picture is its steps; a token reads all weights; a process holds them.
            self.assertGreater(figures["image_s"], figures["image_step_s"])
            self.assertLess(figures["image_s"], 100 * figures["image_step_s"])
            self.assertAlmostEqual(figures["decode_bytes_per_s"] / figures["decode_tokens_per_s"] / figures["weights_bytes"], 1, 6)
            self.assertGreater(figures["peak_memory_bytes"], figures["weights_bytes"])
        # 2 of 256 · (4 · 256² + 2 · 256 · 1024) in six layers, and the codes' logits, at least.
        work = exact["image_step_operations_per_s"] * exact["image_step_s"]
        self.assertGreater(work, 2 * 66 * 6 * (4 * 256**2 + 2 * 256 * 1024))
        self.assertLess(work, 8 * 66 * (6 * (4 * 256**2 + 2 * 256 * 1024) + 256 * 8192))

    def test_the_training_of_a_row_more_is_more_work(self):
        few, more = bench("--train", 4), bench("--train", 8)
        work = [run["train_operations_per_s"] * run["train_step_s"] for run in (few, more)]
        tokens = [run["train_tokens_per_s"] * run["train_step_s"] for run in (few, more)]
        self.assertAlmostEqual(tokens[1] / tokens[0], 2, 3)
        self.assertAlmostEqual(work[1] / work[0], 2, 1)

    def test_training(self):
        names = ["train_step_s", "train_tokens_per_s", "train_operations_per_s", "gemm_operations_per_s"]
        plain, recomputed = bench("--train", 4), bench("--train", 4, "--recompute")
        self.check(plain, names)
        self.check(recomputed, names)
        # The same rows and arithmetic, whatever the time.
        work = [run["train_operations_per_s"] * run["train_step_s"] for run in (plain, recomputed)]
        self.assertAlmostEqual(work[0] / work[1], 1, 6)

    def test_pictures_seen_as_features_are_read_as_such(self):
        model = ("--model", TOWER / "model", "--codec", ROOT / "models/embedded/codec")
        seen = bench(*model, "--clip", TOWER / "clip", "--steps", 2, "--tokens", 3)
        self.check(seen, ["features_s", "encode_s", "read_tokens_per_s"])
        self.assertNotIn("features_s", bench("--steps", 2, "--tokens", 3))
        # Of two rows one is about a picture: 28 tokens before 16 features, where codes have nothing before 16 codes.
        tokens = [run["train_tokens_per_s"] * run["train_step_s"] for run in (
            bench(*model, "--clip", TOWER / "clip", "--train", 2, "--prompt", 5), bench(*model, "--clip", TOWER / "clip", "--train", 4, "--prompt", 5))]
        self.assertAlmostEqual(tokens[1], 2 * tokens[0], 3)
        self.assertGreater(tokens[0], 28 + 2 * 16)
        self.assertGreater(bench(*model, "--clip", TOWER / "clip", "--jobs", 2, "--steps", 2, "--tokens", 3)["together"]["seconds"], 0)
        run = subprocess.run([SHOWO, "bench", *model], capture_output=True, encoding="utf-8", timeout=60)
        self.assertEqual(run.returncode, 1)
        self.assertIn(f"{TOWER}/model/clip: not found", run.stderr)

    def test_training_refuses_rounded_weights(self):
        run = subprocess.run([SHOWO, "bench", "--train", "4", "--bits", "8"], capture_output=True, encoding="utf-8", timeout=60)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--bits", run.stderr)


if __name__ == "__main__":
    unittest.main()
