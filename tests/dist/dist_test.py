"""Several processes train as one does: the same weights at the same global batch, sharded or not; a lost process ends
the others with an error; a run goes on with another number of processes. The same for the image tokenizer."""
import json
import os
import signal
import socket
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


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# A bias of keys moves attention through rotation alone: where nothing is rotated its gradient is rounding, which AdamW would
# scale up to steps of its own were eps as small.
OPTIMIZER = {"lr": 1e-3, "warmup_steps": 2, "clip": 1.0, "eps": 1e-6}


PROMPTS = 80  # a preview of seconds


class Distributed(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        tiny_run.write_shard(self.path / "a.tar")

    def tearDown(self):
        self.folder.cleanup()

    def recipe(self, processes, **more):
        return tiny_run.recipe(self.path, rows=4 // processes, **{"optimizer": OPTIMIZER, **more})

    def start(self, recipe, out, processes, *flags, command="train"):
        port = free_port()
        running = []
        for rank in range(processes):
            env = dict(os.environ, OMP_NUM_THREADS="1", RANK=str(rank), WORLD_SIZE=str(processes),
                       MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))
            running.append(subprocess.Popen(
                [SHOWO, command, str(recipe), "--out", str(self.path / out), *flags],
                env=env, stderr=subprocess.PIPE, text=True))
        return running

    def finish(self, running, timeout=300):
        results = []
        for process in running:
            _, error = process.communicate(timeout=timeout)
            results.append((process.returncode, error))
        return results

    def train(self, processes, out, *flags, **more):
        for code, error in self.finish(self.start(self.recipe(processes, **more), out, processes, *flags)):
            self.assertEqual(code, 0, error)
        return tiny_run.weights(self.path / out / "checkpoint/model/pytorch_model.safetensors")

    def expect_close(self, a, b):
        self.assertEqual(a.keys(), b.keys())
        for name in a:
            # Sums in another order differ in the last bits; a wrong divisor or mask differs by far more.
            np.testing.assert_allclose(a[name], b[name], rtol=0, atol=2e-5, err_msg=name)

    def test_processes_equal_one_at_the_same_global_batch(self):
        one = self.train(1, "one")
        start = tiny_run.weights(self.path / "one/checkpoints/step-0000003/model/pytorch_model.safetensors")
        self.assertGreater(max(np.abs(one[name] - start[name]).max() for name in one), 1e-3, "nothing was learned")
        self.expect_close(one, self.train(2, "two"))
        self.expect_close(one, self.train(4, "four-sharded", shard_optimizer=True))
        self.expect_close(one, self.train(1, "accumulated", accumulate=2,
                                          batch={"t2i": 2, "mmu": 2, "lm": 0, "image_size": 16}))

    def test_muon_is_sharded_too_and_goes_on_with_another_number_of_processes(self):
        muon = {"optimizer": {**OPTIMIZER, "muon": ["layers."]}}
        one = self.train(1, "one", **muon)
        self.expect_close(one, self.train(2, "sharded", shard_optimizer=True, **muon))
        self.train(2, "parts", "--steps", "3", shard_optimizer=True, **muon)
        for code, error in self.finish(self.start(self.recipe(2, shard_optimizer=True, **muon), "parts", 2)):
            self.assertEqual(code, 0, error)
            self.assertIn("resumed at step 3", error)
        self.expect_close(one, tiny_run.weights(self.path / "parts/checkpoint/model/pytorch_model.safetensors"))

    def test_a_sharded_run_goes_on_with_another_number_of_processes(self):
        self.train(2, "run", "--steps", "3", shard_optimizer=True)
        self.assertTrue((self.path / "run/checkpoints/step-0000003").is_dir())
        recipe = self.recipe(2, shard_optimizer=True)
        for code, error in self.finish(self.start(recipe, "run", 1)):
            self.assertEqual(code, 0, error)
            self.assertIn("resumed at step 3", error)
        state = json.loads((self.path / "run/checkpoint/state.json").read_text())
        self.assertEqual(state["step"], 6)

    def test_what_is_frozen_is_neither_summed_nor_shared_out(self):
        frozen = {"freeze": ["showo.model.embed_tokens."]}
        one = self.train(1, "one", **frozen)
        self.expect_close(one, self.train(2, "two", shard_optimizer=True, **frozen))
        for run in ("one", "two"):
            before, after = (tiny_run.weights(self.path / run / f"checkpoints/step-{step:07}/model/pytorch_model.safetensors")
                             for step in (3, 6))
            same = [name for name in after if np.array_equal(before[name], after[name])]
            self.assertEqual(same, ["showo.model.embed_tokens.weight"])
            moments = tiny_run.weights(self.path / run / "checkpoint/optimizer.safetensors")
            self.assertEqual({name.split(".", 1)[1] for name in moments}, set(after) - set(same))

    def train_codec(self, processes, out, *flags, rows=None, **more):
        recipe = tiny_run.codec_recipe(self.path, rows or 4 // processes, **more)
        for code, error in self.finish(self.start(recipe, out, processes, *flags, command="train-codec")):
            self.assertEqual(code, 0, error)
        # A key's bias shifts all of a query's scores alike: its gradient is nothing but rounding, which AdamW scales up.
        weights = tiny_run.weights(self.path / out / "checkpoint/codec/pytorch_model.safetensors")
        return {name: values for name, values in weights.items() if not name.endswith(".k.bias")}

    def test_tokenizers_of_several_processes_equal_one_at_the_same_global_batch(self):
        one = self.train_codec(1, "one")
        start = tiny_run.weights(self.path / "one/checkpoints/step-0000003/codec/pytorch_model.safetensors")
        self.assertGreater(max(np.abs(one[name] - start[name]).max() for name in one), 1e-3, "nothing was learned")
        self.expect_close(one, self.train_codec(2, "two"))
        figures = [[json.loads(line)["eval_loss"] for line in (self.path / run / "metrics.jsonl").read_text().splitlines()
                    if "eval_loss" in line] for run in ("one", "two")]
        self.assertEqual(len(figures[0]), 2)
        np.testing.assert_allclose(*figures, rtol=1e-4)

    def test_a_tokenizer_shares_out_its_optimizer_and_adds_up_batches(self):
        one = self.train_codec(1, "one")
        self.expect_close(one, self.train_codec(2, "sharded", shard_optimizer=True))
        self.expect_close(one, self.train_codec(1, "accumulated", rows=2, accumulate=2))
        # AdamW hides a wrong divisor of the gradient; its norm does not.
        for run, names in (("sharded", ["grad_norm"]), ("accumulated", ["grad_norm", "l1", "l2", "commitment"])):
            lines = [[line for line in tiny_run.metrics(self.path / name) if "l1" in line] for name in ("one", run)]
            for a, b in zip(*lines, strict=True):
                np.testing.assert_allclose([b[name] for name in names], [a[name] for name in names], rtol=1e-3, err_msg=run)

    def test_a_tokenizers_run_goes_on_with_another_number_of_processes(self):
        self.train_codec(2, "run", "--steps", "3")
        self.train_codec(1, "run", rows=2)
        state = json.loads((self.path / "run/checkpoint/state.json").read_text())
        self.assertEqual((state["step"], len(state["streams"])), (6, 1))

    def test_processes_agree_when_an_epoch_is_over(self):
        # Of five pictures process 0 has three and process 1 two: after two steps of one each, its stream is through.
        tiny_run.write_shard(self.path / "few.tar", 5)
        data = {"t2i": {"path": str(self.path / "a.tar")}, "mmu": {"path": str(self.path / "few.tar")}}
        recipe = tiny_run.recipe(self.path, rows=1, data=data, mixing="min_size", checkpoint_every=1, keep=9)
        for steps in ("3", "6"):
            for code, error in self.finish(self.start(recipe, "run", 2, "--steps", steps)):
                self.assertEqual(code, 0, error)
        for step, epoch in ((1, 0), (2, 1), (3, 1), (4, 2), (6, 3)):
            state = json.loads((self.path / f"run/checkpoints/step-{step:07}/state.json").read_text())
            self.assertEqual(state["epoch"], epoch, step)
            self.assertEqual([begin["epoch"] for begin in state["epoch_begin"]], [epoch] * 4, step)

    def test_a_lost_process_ends_the_others_and_the_job_resumes(self):
        recipe = self.recipe(2, steps=100000, checkpoint_every=2)
        running = self.start(recipe, "lost", 2, "--timeout", "30")
        try:
            deadline = time.time() + 120
            while not (self.path / "lost/checkpoint/state.json").exists():
                self.assertLess(time.time(), deadline, "no checkpoint was written")
                time.sleep(0.05)
            running[1].kill()
            _, error = running[0].communicate(timeout=60)
            self.assertEqual(running[0].returncode, 1, error)
            self.assertIn("another process may be gone", error)
            self.assertEqual(error.count("\n"), 1 + error.count("resumed"), error)
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                process.communicate()
        step = json.loads((self.path / "lost/checkpoint/state.json").read_text())["step"]
        for code, error in self.finish(self.start(recipe, "lost", 2, "--steps", str(step + 2))):
            self.assertEqual(code, 0, error)
            self.assertIn(f"resumed at step {step}", error)

    # The first process holds what the others meet at, whose library would say the loss in a trace of sixteen lines.
    def test_one_line_says_that_the_first_process_is_lost(self):
        running = self.start(self.recipe(3, steps=100000), "first", 3, "--timeout", "1")
        try:
            tiny_run.wait_for_step(self.path / "first", 2, running[0])
            running[0].kill()
            for process in running[1:]:
                _, error = process.communicate(timeout=60)
                self.assertEqual(process.returncode, 1, error)
                self.assertIn("another process may be gone", error)
                self.assertEqual(error.count("\n"), 1, error)
        finally:
            for process in running:
                process.kill()
                process.communicate()

    # A preview of the first process, or its checkpoint, takes as long as it takes.
    def test_the_others_wait_for_a_process_at_work_longer_than_the_limit(self):
        recipe = self.recipe(2, steps=3, preview_every=2, prompts=["a thing"] * PROMPTS)
        for code, error in self.finish(self.start(recipe, "run", 2, "--timeout", "1")):
            self.assertEqual(code, 0, error)

    def test_a_silent_process_is_noticed_while_the_others_wait(self):
        recipe = self.recipe(2, steps=3, preview_every=2, prompts=["a thing"] * PROMPTS * 4)
        running = self.start(recipe, "run", 3, "--timeout", "2")
        try:
            tiny_run.wait_for_step(self.path / "run", 2, running[0])
            running[2].send_signal(signal.SIGSTOP)  # as a machine that is gone: its connections stay open
            _, error = running[1].communicate(timeout=60)
            self.assertEqual(running[1].returncode, 1, error)
            self.assertIn("another process may be gone", error)
            self.assertEqual(error.count("\n"), 1, error)
        finally:
            for process in running:
                process.kill()
                process.communicate()

    def test_all_stop_after_the_same_step_when_one_is_told_to(self):
        for command, recipe in (("train", self.recipe(2, steps=100000, checkpoint_every=100000)),
                                ("train-codec", tiny_run.codec_recipe(self.path, 2, steps=100000, checkpoint_every=100000))):
            running = self.start(recipe, command, 2, command=command)
            try:
                tiny_run.wait_for_step(self.path / command, 2, running[0])
                running[1].send_signal(signal.SIGTERM)
                results = self.finish(running)
            finally:
                for process in running:
                    process.kill()
            self.assertEqual([code for code, _ in results], [75, 75], results)
            state = json.loads((self.path / command / "checkpoint/state.json").read_text())
            self.assertIn(f"stopped after step {state['step']}", results[0][1])
            self.assertEqual(tiny_run.metrics(self.path / command)[-1]["step"], state["step"])

    def alone(self, out, **variables):
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SLURM", "OMPI", "PMI", "MASTER", "RANK", "WORLD"))}
        return subprocess.run([SHOWO, "train", str(self.recipe(1)), "--out", str(self.path / out), "--steps", "1"],
                              env=dict(inherited, OMP_NUM_THREADS="1", **variables), capture_output=True, text=True, timeout=120)

    def test_a_lone_process_inside_an_allocation_is_alone(self):
        # A batch script of Slurm has a rank of its own and the tasks that were allocated, but is no step; salloc's shell is a
        # step of one task.
        batch = dict(SLURM_JOB_ID="7", SLURM_NTASKS="4", SLURM_NPROCS="4", SLURM_PROCID="0", SLURM_LOCALID="0")
        for i, variables in enumerate((batch, {**batch, "SLURM_STEP_ID": "4294967290", "SLURM_STEP_NUM_TASKS": "1"},
                                       {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "2", "WORLD_SIZE": "1"})):
            result = self.alone(f"run{i}", **variables)
            self.assertEqual(result.returncode, 0, result.stderr)

    def test_the_variable_that_speaks_of_others_is_named(self):
        for i, (variables, said) in enumerate((
                ({"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "0"}, "OMPI_COMM_WORLD_SIZE=4"),
                ({"PMI_SIZE": "2", "PMI_RANK": "1"}, "PMI_SIZE=2"),
                ({"SLURM_STEP_NUM_TASKS": "4", "SLURM_PROCID": "0"}, "SLURM_STEP_NUM_TASKS=4"))):
            result = self.alone(f"run{i}", **variables)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(said, result.stderr)
            self.assertIn("WORLD_SIZE=1 to train alone", result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        result = self.alone("sized", WORLD_SIZE="4")
        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertIn("WORLD_SIZE=4, but RANK is not set", result.stderr)

    def test_a_step_of_slurm_trains_together(self):
        # With WORLD_SIZE from the script or without it; the ranks are srun's.
        for extra in ({}, {"WORLD_SIZE": "2"}):
            port, running = free_port(), []
            for rank in range(2):
                env = dict(os.environ, OMP_NUM_THREADS="1", SLURM_NTASKS="8", SLURM_STEP_NUM_TASKS="2", SLURM_PROCID=str(rank),
                           MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port), **extra)
                running.append(subprocess.Popen([SHOWO, "train", str(self.recipe(2)), "--out", str(self.path / f"run{len(extra)}")],
                                                env=env, stderr=subprocess.PIPE, text=True))
            for code, error in self.finish(running):
                self.assertEqual(code, 0, error)
            state = json.loads((self.path / f"run{len(extra)}/checkpoint/state.json").read_text())
            self.assertEqual(len(state["streams"]), 2 * 3)

    def test_bad_variables_are_named(self):
        env = dict(os.environ, RANK="2", WORLD_SIZE="2", MASTER_ADDR="127.0.0.1", MASTER_PORT="1")
        recipe = self.recipe(1)
        for change, text in (({}, "RANK=2"), ({"RANK": "x"}, "RANK=x"), ({"RANK": "0", "MASTER_PORT": ""}, "MASTER_PORT")):
            result = subprocess.run([SHOWO, "train", str(recipe), "--out", str(self.path / "bad")],
                                    env=dict(env, **change), capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(text, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)


if __name__ == "__main__":
    unittest.main()
