"""A study of tiny runs from its file to its tables: stages shared, failures named, stopped and killed in the middle and
gone on with, and nothing trained or measured twice."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tiny_run  # noqa: E402

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]


def study(folder, **more):
    """Two stages, four rows of which the last cannot be, two seeds."""
    shard = str(folder / "a.tar")
    recipe = str(tiny_run.recipe(folder))
    values = {
        "title": "Tiny", "about": "Of pictures of noise.", "seeds": [1, 2],
        "stages": [{"name": "base", "recipe": recipe},
                   {"name": "tune", "recipe": recipe, "set": {"init_from": "{base}/model", "steps": 3}}],
        "evaluations": [
            {"name": "asked", "arguments": [shard, "--scenes", 0, "--questions", 2]},
            {"name": "seen", "arguments": [shard, "--scenes", 2, "--questions", 0], "rows": ["as it is"],
             "settings": [{"flag": "guidance", "values": [0, 2]}, {"flag": "steps", "values": [1, 2]}]}],
        "figures": [{"name": "answers, %", "evaluation": "asked", "value": "questions/all/right", "of": "questions/all/asked"},
                    {"name": "PSNR", "evaluation": "seen", "value": "psnr"}],
        "paper": {"table": "Table 0", "figures": ["GQA"]},
        "rows": [{"name": "as it is", "paper": [48.7]}, {"name": "no norm", "set": {"base.llm.qk_norm": "none"}},
                 {"name": "causal", "set": {"tune.attention": "causal"}},
                 {"name": "askew", "set": {"tune.batch.image_size": 20}}],
        "trends": [{"claim": "Causal attention answers as well", "figure": "answers, %", "near": "causal", "to": "as it is",
                    "within": 5}],
    }
    values.update(more)
    path = folder / "tiny.yaml"
    path.write_text(json.dumps(values))
    return path


def ours(folder):
    """Processes of the program that work in the folder."""
    found = []
    for process in Path("/proc").iterdir():
        try:
            words = (process / "cmdline").read_bytes().split(b"\0") if process.name.isdigit() else []
        except OSError:
            continue
        if words and words[0] == str(SHOWO).encode() and any(str(folder).encode() in word for word in words):
            found.append(int(process.name))
    return found


class Ablate(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.out = self.path / "out"
        tiny_run.write_shard(self.path / "a.tar", 12)

    def tearDown(self):
        self.folder.cleanup()

    def command(self, *arguments):
        return [str(SHOWO), "ablate", *map(str, arguments), "--out", str(self.out)]

    def ablate(self, *arguments, status=0):
        result = subprocess.run(self.command(*arguments), capture_output=True, text=True, timeout=900)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def results(self):
        return json.loads((self.out / "results.json").read_text())

    def test_a_study_from_its_file_to_its_tables(self):
        path = study(self.path)
        self.ablate(path, "--only", "causal")
        self.assertEqual({cell["row"] for cell in self.results()["cells"] if cell["figures"]}, {"causal"})
        result = self.ablate(path, "--processes", 2, status=1)
        self.assertIn("2 of 16 cells failed", result.stderr.splitlines()[-1])
        self.assertIn("Causal attention answers as well: ", result.stdout)
        runs = sorted(run.name.rsplit("-", 1)[0] for run in (self.out / "runs").iterdir())
        self.assertEqual(runs.count("base"), 4, "with the norm and without, at two seeds")
        self.assertEqual(runs.count("tune"), 8)
        cells = self.results()["cells"]
        self.assertEqual(len(cells), 4 * 2 + 4 * 2)
        for cell in cells:
            if cell["row"] == "askew":
                self.assertIn("batch.image_size 20 is not a multiple of the stride", cell["error"])
            else:
                self.assertEqual(len(cell["figures"]), 1, cell)
                self.assertGreater(cell["seconds"], 0)
                self.assertGreater(cell["training_seconds"], cell["seconds"] / 100)
        settings = {cell["setting"] for cell in cells if "setting" in cell}
        self.assertEqual(settings, {f"guidance {g}, steps {s}" for g in (0, 2) for s in (1, 2)})
        table = (self.out / "results.md").read_text()
        self.assertRegex(table, r"\| as it is \| [\d.]+ ± [\d.]+ \| 2 \| 48.7 \|")
        self.assertRegex(table, r"\| askew \| – \| 0 \| – \|")
        self.assertRegex(table, r"\| as it is @ guidance 2, steps 1 \| [\d.]+ ± [\d.]+ \| 2 \|")
        self.assertIn("- askew, seed 2: tune-", table)
        for name in ("answers.svg", "psnr.svg"):
            self.assertIn(f"]({name})", table)
            xml.etree.ElementTree.parse(self.out / name)
        model = next((self.out / "runs").glob("tune-*/checkpoint"))
        self.assertEqual([part.name for part in model.iterdir()], ["model"], "what resumes a run stays behind")

        # What is finished is not run again.
        before = {path: path.stat().st_mtime_ns for path in (self.out / "runs").rglob("metrics.jsonl")}
        again = self.ablate(path, "--only", "causal", "--only", "no norm")
        self.assertEqual(again.stderr, "")
        report = (self.out / "results.json").read_bytes()
        (self.out / "results.json").unlink()
        self.ablate(path, "--report-only", status=1)
        self.assertEqual((self.out / "results.json").read_bytes(), report)
        self.assertEqual(before, {path: path.stat().st_mtime_ns for path in before})

        # Another study's folder, or anybody's, is left alone.
        self.assertIn("holds the study \"tiny\", not 'other'", self.ablate(study(self.path, name="other"), status=1).stderr)
        self.out = self.path
        self.assertIn("which is no study's", self.ablate(path, status=1).stderr)

    def wait_for_steps(self, process, least):
        """Until two runs have checkpoints and logged so many steps."""
        deadline = time.time() + 300
        while True:
            runs = [run for run in (self.out / "runs").glob("*") if (run / "checkpoint").exists()]
            if sum(len(tiny_run.metrics(run)) >= least for run in runs) >= 2:
                return
            self.assertIsNone(process.poll(), "ended by itself")
            self.assertLess(time.time(), deadline, "nothing was trained")
            time.sleep(0.02)

    def test_stopped_and_killed_it_goes_on_where_it_was(self):
        recipe = tiny_run.recipe(self.path, rows=2, steps=1000, checkpoint_every=50)
        path = study(self.path, stages=[{"name": "base", "recipe": str(recipe)}], trends=[],
                     rows=[{"name": "as it is"}], evaluations=[study_asked(self.path)],
                     figures=[{"name": "answers", "evaluation": "asked", "value": "questions/all/asked"}])
        for sent, status, least in ((signal.SIGTERM, 75, 20), (signal.SIGKILL, -9, 60)):
            process = subprocess.Popen(self.command(path, "--processes", 2), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
            self.wait_for_steps(process, least)
            process.send_signal(sent)
            _, error = process.communicate(timeout=120)
            self.assertEqual(process.returncode, status, error)
            deadline = time.time() + 10
            while ours(self.path) and time.time() < deadline:
                time.sleep(0.05)
            self.assertEqual(ours(self.path), [], "a child outlived it")
            if sent == signal.SIGTERM:
                self.assertIn("stopped; the same command goes on", error)
        second = subprocess.Popen(self.command(path, "--processes", 2), stdout=subprocess.DEVNULL,
                                       stderr=subprocess.PIPE, text=True)
        self.wait_for_steps(second, 80)
        refused = subprocess.run(self.command(path), capture_output=True, text=True, timeout=60)
        self.assertIn("another run is writing here", refused.stderr)
        _, error = second.communicate(timeout=900)
        self.assertEqual(second.returncode, 0, error)
        for run in (self.out / "runs").iterdir():
            self.assertEqual([line["step"] for line in tiny_run.metrics(run)], list(range(1, 1001)))
            log = (self.out / "logs" / f"{run.name}.log").read_text()
            self.assertEqual(log.count("resumed at step"), 2, log)
        self.assertEqual([cell["figures"] for cell in self.results()["cells"]], [{"answers": 2.0}] * 2)

    def test_the_studies_that_come_with_the_program_are_whole(self):
        studies = sorted(path for path in (ROOT / "configs/ablations").glob("*.yaml") if "\nrows:" in path.read_text())
        self.assertEqual([path.stem for path in studies], ["architecture", "drawing", "encoders", "scale"])
        codec = study(self.path, stages=[{"name": "base", "command": "train-codec", "recipe": "configs/ablations/codec.yaml"}],
                      rows=[{"name": "as it is"}], trends=[])
        for path in [*studies, codec]:
            self.out = self.path / path.stem
            subprocess.run(self.command(path, "--report-only"), check=True, cwd=ROOT, capture_output=True, timeout=60)
            results = self.results()
            self.assertTrue(all(cell["figures"] == {} for cell in results["cells"]))
            self.assertEqual({trend["verdict"] for trend in results["trends"]} - {"cannot say"}, set())

    def test_what_a_study_cannot_say_is_named_before_anything_runs(self):
        for change, says in (({"recipe": "a.yaml"}, "unknown key 'recipe'"),
                             ({"rows": [{"name": "as it is", "set": {"base.llm.qk_nrm": "none"}}]}, "base: llm: unknown key 'qk_nrm'"),
                             ({"rows": [{"name": "as it is", "set": {"base.steps": 0}}]}, "base: steps: expected at least 1"),
                             ({"rows": [{"name": "as it is", "set": {"base.attention": "open"}}]}, "expected omni or causal"),
                             ({"rows": [{"name": "as it is"}, {"name": "as it is"}]}, "row 'as it is' stands twice"),
                             ({"stages": [{"name": "base", "recipe": "none.yaml"}]}, "none.yaml"),
                             ({"trends": [{"claim": "c", "figure": "PSNR", "higher": "a", "than": "b"}]}, "trend 'c': no row 'a'")):
            result = self.ablate(study(self.path, **{"trends": [], **change}), status=1)
            self.assertIn(says, result.stderr)
            self.assertEqual(result.stderr.count("\n"), 1)
            self.assertFalse(self.out.exists())
        self.assertIn("--only none", self.ablate(study(self.path), "--only", "none", status=2).stderr)
        self.assertIn("--device tpu", self.ablate(study(self.path), "--device", "tpu", status=2).stderr)


def study_asked(folder):
    return {"name": "asked", "arguments": [str(folder / "a.tar"), "--scenes", 0, "--questions", 2]}


if __name__ == "__main__":
    unittest.main()
