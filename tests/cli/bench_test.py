"""What `showo bench` reports of the embedded model: every figure is there and is a positive number."""
import json
import subprocess
import sys
import unittest
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()


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

    def test_training(self):
        names = ["train_step_s", "train_tokens_per_s", "train_operations_per_s", "gemm_operations_per_s"]
        plain, recomputed = bench("--train", 4), bench("--train", 4, "--recompute")
        self.check(plain, names)
        self.check(recomputed, names)
        # The same rows and arithmetic, whatever the time.
        work = [run["train_operations_per_s"] * run["train_step_s"] for run in (plain, recomputed)]
        self.assertAlmostEqual(work[0] / work[1], 1, 6)

    def test_training_refuses_rounded_weights(self):
        run = subprocess.run([SHOWO, "bench", "--train", "4", "--bits", "8"], capture_output=True, encoding="utf-8", timeout=60)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--bits", run.stderr)


if __name__ == "__main__":
    unittest.main()
