"""A run killed at any moment resumes from a whole checkpoint, and ends with the bits of one that was never killed.
SHOWO_KILLS: how many times (a few by default)."""
import ctypes
import errno
import json
import os
import random
import signal
import struct
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

    def start(self, recipe, out, steps, command="train", **more):
        return subprocess.Popen([SHOWO, command, str(recipe), "--out", str(self.path / out), "--steps", str(steps)],
                                stderr=subprocess.PIPE, text=True, **more)

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
        for file in ("model/pytorch_model.safetensors", "model_ema/pytorch_model.safetensors", "optimizer.safetensors"):
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

            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))

        result = subprocess.run([SHOWO, "train", str(recipe), "--out", str(self.path / "full")], capture_output=True,
                                text=True, timeout=300, preexec_fn=restrict)
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("File too large", result.stderr)
        self.assertEqual(self.step("full"), 2)
        self.finish(recipe, "full", 4)
        self.assertEqual(self.step("full"), 4)


    def test_a_signal_finishes_the_step_and_saves_it(self):
        recipes = {"train": tiny_run.recipe(self.path, steps=100000, checkpoint_every=100000),
                   "train-codec": tiny_run.codec_recipe(self.path, steps=100000, checkpoint_every=100000)}
        for command, sent in (("train", signal.SIGTERM), ("train", signal.SIGINT), ("train-codec", signal.SIGTERM)):
            run, seen = self.path / command, 0
            if run.exists():
                seen = self.step(command)
            process = self.start(recipes[command], command, 100000, command)
            tiny_run.wait_for_step(run, seen + 2, process)
            process.send_signal(sent)
            _, error = process.communicate(timeout=120)
            self.assertEqual(process.returncode, 75, error)
            step = self.step(command)
            self.assertIn(f"stopped after step {step}, which is saved", error)
            self.assertEqual(tiny_run.metrics(run)[-1]["step"], step, "more steps, or less, than were saved")
            if seen:
                self.assertIn(f"resumed at step {seen}", error)

    def test_the_end_of_its_input_stops_a_run_that_is_to_end_with_it(self):
        recipe = tiny_run.recipe(self.path, steps=100000, checkpoint_every=100000)
        with_input = {"stdin": subprocess.PIPE, "env": dict(os.environ, SHOWO_END_WITH_INPUT="1")}
        process = self.start(recipe, "run", 100000, **with_input)
        process.stdin.write("what is written is passed over")
        process.stdin.flush()
        tiny_run.wait_for_step(self.path / "run", 2, process)
        process.communicate(timeout=120)  # closes its input
        step = self.step("run")
        self.assertEqual((process.returncode, tiny_run.metrics(self.path / "run")[-1]["step"]), (75, step))
        # While it saves, as a signal told it to, that is no second one; and without the variable it is nothing.
        process = self.start(recipe, "run", 100000, **with_input)
        tiny_run.wait_for_step(self.path / "run", step + 2, process)
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=120)
        self.assertEqual(process.returncode, 75)
        self.assertGreater(self.step("run"), step)
        done = subprocess.run([SHOWO, "train", str(recipe), "--out", str(self.path / "other"), "--steps", "3"],
                              stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_steps_after_the_checkpoint_are_not_logged_twice(self):
        recipe = tiny_run.recipe(self.path, steps=100000, checkpoint_every=100000)
        self.finish(recipe, "run", 2)
        process = self.start(recipe, "run", 100000)
        tiny_run.wait_for_step(self.path / "run", 5, process)
        process.kill()
        process.communicate()
        with open(self.path / "run/metrics.jsonl", "a") as file:
            file.write('{"step": 9, "lo')  # as a crash of the machine leaves it
        self.finish(recipe, "run", 4)
        self.assertEqual([line["step"] for line in tiny_run.metrics(self.path / "run")], [1, 2, 3, 4])
        subprocess.run([SHOWO, "plot", str(self.path / "run")], check=True, capture_output=True, timeout=60)

    def test_a_second_run_in_a_folder_is_refused_while_the_first_lives(self):
        recipe = tiny_run.recipe(self.path, steps=100000, checkpoint_every=1)
        first = self.start(recipe, "run", 100000)
        try:
            tiny_run.wait_for_step(self.path / "run", 2, first)
            second = self.start(recipe, "run", 100000)
            _, error = second.communicate(timeout=120)
            self.assertEqual(second.returncode, 1, error)
            self.assertIn("another run is writing here", error)
            self.assertEqual(error.count("\n"), 1, error)
            self.assertIsNone(first.poll())
        finally:
            first.kill()
            first.communicate()
        self.finish(recipe, "run", self.step("run") + 1)

    def test_a_run_goes_on_where_there_are_no_symbolic_links(self):
        recipe = tiny_run.recipe(self.path, checkpoint_every=1)
        for steps in (2, 3):
            process = subprocess.run([SHOWO, "train", str(recipe), "--out", str(self.path / "run"), "--steps", str(steps)],
                                     capture_output=True, text=True, timeout=300, preexec_fn=forbid_symlinks)
            self.assertEqual(process.returncode, 0, process.stderr)
        self.assertIn("resumed at step 2", process.stderr)
        self.assertEqual((self.path / "run/checkpoint").read_text(), "checkpoints/step-0000003\n")
        self.finish(recipe, "run", 4)  # where links work again
        self.assertEqual(self.step("run"), 4)


def forbid_symlinks():
    """As on FAT: making a link is not permitted. A filter of system calls (seccomp) says so in the file system's place."""
    calls = {"x86_64": (88, 266), "aarch64": (36,)}[os.uname().machine]
    load, equal, give = 0x20, 0x15, 0x06  # BPF: load the call's number, compare, return
    allow, refuse = 0x7FFF0000, 0x00050000 | errno.EPERM
    program = [(load, 0, 0, 0)]
    for call in calls:
        program += [(equal, 0, 1, call), (give, 0, 0, refuse)]
    program.append((give, 0, 0, allow))
    code = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *line) for line in program))

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]

    libc = ctypes.CDLL(None, use_errno=True)
    no_new_privileges, seccomp, filtered = 38, 22, 2
    if libc.prctl(no_new_privileges, 1, 0, 0, 0) != 0 or libc.prctl(
            seccomp, filtered, ctypes.byref(Program(len(program), ctypes.addressof(code))), 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no filter of system calls")


if __name__ == "__main__":
    unittest.main()
