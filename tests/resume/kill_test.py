"""A run killed at any moment resumes from a whole checkpoint, and ends with the bits of one that was never killed.
SHOWO_KILLS: how many times (a few by default)."""
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tiny_run  # noqa: E402

SHOWO = sys.argv.pop(1)
KILLS = int(os.environ.get("SHOWO_KILLS", "6"))
SETTINGS = {"checkpoint_every": 1, "accumulate": 2, "ema": 0.9}


class Killed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        tiny_run.write_shard(self.path / "a.tar")
        self.dice = random.Random(5)

    def tearDown(self):
        self.folder.cleanup()

    def start(self, recipe, out, steps):
        return subprocess.Popen([SHOWO, "train", str(recipe), "--out", str(self.path / out), "--steps", str(steps)],
                                stderr=subprocess.PIPE, text=True)

    def finish(self, recipe, out, steps):
        process = self.start(recipe, out, steps)
        _, error = process.communicate(timeout=600)
        self.assertEqual(process.returncode, 0, error)

    def step(self, out):
        state = self.path / out / "checkpoint/state.json"
        return json.loads(state.read_text())["step"] if state.exists() else 0

    def test_a_killed_run_ends_with_the_bits_of_an_unbroken_one(self):
        # A constant rate: the two runs' lengths are not known beforehand.
        recipe = tiny_run.recipe(self.path, optimizer={"lr": 1e-3, "min_lr": 1e-3, "warmup_steps": 0}, **SETTINGS)
        seen = 0
        for _ in range(KILLS):
            process = self.start(recipe, "killed", 100000)
            deadline = time.time() + 120
            while self.step("killed") <= seen:
                self.assertIsNone(process.poll(), "ended by itself")
                self.assertLess(time.time(), deadline, "no checkpoint was written")
                time.sleep(0.01)
            time.sleep(self.dice.uniform(0, 0.5))
            process.kill()
            _, error = process.communicate()
            if seen:
                self.assertIn(f"resumed at step {seen}", error)
            self.assertGreater(self.step("killed"), seen)
            seen = self.step("killed")
        self.finish(recipe, "killed", seen + 2)
        self.finish(recipe, "whole", seen + 2)
        for file in ("model/model.safetensors", "model_ema/model.safetensors", "optimizer.safetensors"):
            a, b = (tiny_run.weights(self.path / run / "checkpoint" / file) for run in ("killed", "whole"))
            self.assertEqual(a.keys(), b.keys())
            for name in a:
                np.testing.assert_array_equal(a[name], b[name], err_msg=f"{file}: {name}")
        leftovers = [p.name for p in (self.path / "killed/checkpoints").iterdir() if p.suffix]
        self.assertEqual(leftovers, [], "what a killed run left half-written stays for ever")

    def test_a_full_disk_ends_the_run_and_leaves_the_last_checkpoint(self):
        recipe = tiny_run.recipe(self.path, **SETTINGS)
        self.finish(recipe, "full", 2)

        def restrict():
            import resource
            import signal

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        result = subprocess.run([SHOWO, "train", str(recipe), "--out", str(self.path / "full")], capture_output=True,
                                text=True, timeout=300, preexec_fn=restrict)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertEqual(self.step("full"), 2)
        self.finish(recipe, "full", 4)
        self.assertEqual(self.step("full"), 4)


if __name__ == "__main__":
    unittest.main()
