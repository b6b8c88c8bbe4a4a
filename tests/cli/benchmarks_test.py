"""Benchmarks as a user runs them: given predictions scored as the official scripts score, a model asked, killed and gone on with,
questions shared out among processes, pages to look through, and what is wrong named."""
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
ORACLES = ROOT / "tests/benchmarks/oracles"
SCENE = ROOT / "models/embedded/samples/scene.png"
PREDICTIONS = {"pope": "", "mme": "responses", "vqav2": "", "gqa": "testdev_predictions.json",
               "captions": "captions_val2014_results.json", "geneval": "detections.jsonl"}


def run(*args, **options):
    return subprocess.run([SHOWO, "eval", *map(str, args)], capture_output=True, encoding="utf-8", timeout=600, **options)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Case(unittest.TestCase):
    def setUp(self):
        self.path = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.path, ignore_errors=True)

    def succeeds(self, *args, **options):
        result = run(*args, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def agree(self, expected, got, where):
        if isinstance(expected, dict):
            for key, value in expected.items():
                self.assertIn(key, got, where)
                self.agree(value, got[key], f"{where}/{key}")
        elif isinstance(expected, float):
            self.assertAlmostEqual(expected, got, delta=1e-9 * max(1, abs(expected)), msg=where)
        elif not isinstance(expected, list):
            self.assertEqual(expected, got, where)


class GivenPredictions(Case):
    def test_are_scored_as_officially_without_a_model(self):
        for name, predictions in PREDICTIONS.items():
            folder = ORACLES / name
            got = json.loads(self.succeeds(name, "--data", folder, "--predictions", folder / predictions, "--json",
                                           "--model", "nowhere"))
            expected = json.loads((folder / "expected.json").read_text())
            for block in ("official", "lmms_eval"):
                if block in expected:
                    self.agree(expected[block], got[block], f"{name}/{block}")
        corner = json.loads(self.succeeds("mmmu", "--data", ORACLES / "mmmu/corner_answer_dict.json", "--predictions",
                                          ORACLES / "mmmu/corner", "--json"))
        expected = json.loads((ORACLES / "mmmu/expected_corner.json").read_text())
        self.agree(expected["official_random"], corner["official_random"], "mmmu")
        fid = json.loads(self.succeeds("fid", "--data", ORACLES / "fid/a.safetensors", "--predictions",
                                       ORACLES / "fid/b_stats.npz", "--json"))
        expected = json.loads((ORACLES / "fid/expected.json").read_text())
        self.assertAlmostEqual(fid["official"]["fid"], expected["cases"]["a b"]["pytorch_fid"], delta=1e-8)

    def test_stand_beside_what_is_published(self):
        text = self.succeeds("gqa", "--data", ORACLES / "gqa", "--predictions", ORACLES / "gqa/testdev_predictions.json")
        self.assertIn("58.88", text)
        self.assertRegex(text, r"Show-o, 2.0B pairs, 512²\s+58\.00\s+published")
        self.assertIn("doubled: 6, the first:", text)

    def test_that_are_not_there_are_named(self):
        for args, named in ((("--data", self.path, "--predictions", ORACLES / "pope"), "coco_pope_random.json"),
                            (("--data", ORACLES / "pope", "--predictions", self.path), "coco_pope_random_answers.json"),
                            (("--data", ORACLES / "pope"), "no such picture; 50 of the benchmark's pictures are missing")):
            result = run("pope", *args)
            self.assertEqual(result.returncode, 1)
            self.assertIn(named, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertEqual(run("pope").returncode, 2)
        result = run("--all", self.path)
        self.assertEqual(result.returncode, 2)
        self.assertIn("expected folders of benchmarks: pope, mme", result.stderr)


class AModel(Case):
    """A POPE of the embedded world: one scene, which has a pineapple and a rabbit."""

    def setUp(self):
        super().setUp()
        self.data = self.path / "benchmarks/pope"
        (self.data / "images").mkdir(parents=True)
        shutil.copy(SCENE, self.data / "images/scene.png")
        things = ["a rabbit", "a pineapple", "a lion", "a bus", "a dog", "a key", "an apple", "a frog"] * 6
        lines = [{"question_id": i + 1, "image": "scene.png", "text": f"is there {thing}?", "label": "yes" if i % 8 < 2 else "no"}
                 for i, thing in enumerate(things)]
        (self.data / "coco_pope_random.json").write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.out = self.path / "out"

    def ask(self, *more, **options):
        return json.loads(self.succeeds("pope", "--data", self.data, "--out", self.out, "--json", *more, **options))

    def test_is_asked_and_its_predictions_score_the_same_when_given(self):
        page = self.path / "page.html"
        score = self.ask("--gallery", page, "--gallery-items", 10)
        self.assertEqual(score["official"]["random"]["n"], 48)
        self.assertGreater(score["official"]["random"]["accuracy"], 0.8)
        self.assertEqual(score["problems"], {})
        given = json.loads(self.succeeds("pope", "--data", self.data, "--predictions", self.out / "predictions", "--json"))
        self.assertEqual(given, score)
        text = page.read_text()
        self.assertEqual(text.count("<li class="), 10)
        self.assertEqual(text.count('<li class="right"') + text.count('<li class="wrong"'), 10)
        again = self.succeeds("--all", self.path / "benchmarks", cwd=self.path)
        self.assertRegex(again, r"pope\s+\d+\.\d\d\n")

    def test_goes_on_after_a_kill_and_shares_out_among_processes(self):
        whole = self.ask()
        shutil.rmtree(self.out)
        started = subprocess.Popen([SHOWO, "eval", "pope", "--data", self.data, "--out", self.out, "--json"],
                                   stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        answers = self.out / "answers-0.jsonl"
        for _ in range(6000):
            if answers.exists() and answers.stat().st_size > 100 or started.poll() is not None:
                break
            time.sleep(0.01)
        started.send_signal(signal.SIGKILL)
        started.wait()
        self.assertGreater(answers.stat().st_size, 100)
        environment = os.environ | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port()), "OMP_NUM_THREADS": "1"}
        command = [SHOWO, "eval", "pope", "--data", self.data, "--out", self.out, "--json"]
        processes = [subprocess.Popen(command, env=environment | {"RANK": str(rank)}, stdout=subprocess.PIPE, encoding="utf-8")
                     for rank in (0, 1)]
        said = [process.communicate(timeout=600)[0] for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0])
        self.assertEqual(json.loads(said[0]), whole)
        self.assertEqual(said[1], "", "the leading process reports alone")

    def test_draws_genevals_folder_and_goes_on(self):
        lines = (ORACLES / "geneval/evaluation_metadata.jsonl").read_text().splitlines()[:3]
        metadata = self.path / "evaluation_metadata.jsonl"
        metadata.write_text("".join(line + "\n" for line in lines))
        draw = ("geneval", "--data", self.path, "--out", self.out, "--samples", 2, "--steps", 2)
        self.succeeds(*draw)
        pictures = sorted(str(path.relative_to(self.out)) for path in self.out.rglob("*.png"))
        self.assertEqual(pictures, [f"{p:05}/samples/{s:05}.png" for p in range(3) for s in range(2)])
        for i, line in enumerate(lines):
            self.assertEqual(json.loads((self.out / f"{i:05}/metadata.jsonl").read_text()), json.loads(line))
        first, second = (self.out / pictures[i] for i in (0, 1))
        bytes_of_second = second.read_bytes()
        self.assertNotEqual(first.read_bytes(), bytes_of_second)
        second.unlink()
        first.write_bytes(b"kept")
        self.succeeds(*draw)
        self.assertEqual(second.read_bytes(), bytes_of_second)
        self.assertEqual(first.read_bytes(), b"kept")


if __name__ == "__main__":
    unittest.main()
