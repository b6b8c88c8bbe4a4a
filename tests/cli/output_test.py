"""What is written takes the place of nothing but this program's own, never lands in what it was made from, and is
whole or not there."""
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "tests/golden/data/showo_t2i/model"
CODEC = ROOT / "tests/golden/data/magvitv2/model"
ICONS = ROOT / "tests/data/icons"
WORLD = ("--packages", ICONS, "--kinds-file", ICONS / "kinds.txt", "--kinds", 12, "--held-apart", 1)


def command(*arguments):
    return [str(SHOWO), *map(str, arguments)]


class Outputs(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)
        self.model = self.path / "model"
        shutil.copytree(MODEL, self.model)
        shutil.copytree(CODEC, self.model / "codec")
        (self.model / "README.md").write_text("a model")

    def tearDown(self):
        self.folder.cleanup()

    def succeeds(self, *arguments):
        result = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=self.path, timeout=300)
        self.assertEqual(result.returncode, 0, result.stderr)

    def refuses(self, text, *arguments):
        before = self.everything()
        result = subprocess.run(command(*arguments), capture_output=True, text=True, cwd=self.path, timeout=300)
        self.assertIn(result.returncode, (1, 2), result.stderr)
        self.assertIn(text, result.stderr)
        self.assertRegex(result.stderr, r"\Ashowo: [^\n]*\n\Z", "expected one line")
        self.assertEqual(self.everything(), before)

    def everything(self):
        return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in self.path.rglob("*") if path.is_file()}

    def writers(self, out):
        """Every command that writes a folder, small enough for a test."""
        yield "convert", self.model, out
        yield "quantize", self.model, out
        yield "bench", "--model", self.model, "--out", out
        yield "data", "emoji", *WORLD, "--scenes", 2, "--out", out

    def test_a_copy_into_its_own_source_is_refused(self):
        (self.path / "link").symlink_to(self.model)
        (self.path / "codec").symlink_to(self.model / "codec")
        for name in ("convert", "quantize"):
            for out in ("model/small", "model", "link/small", "codec/small"):
                self.refuses("one lies in the other", name, self.model, out)
            self.refuses("one lies in the other", name, "model", self.path, "--force")
            self.succeeds(name, self.model, self.path / name)
        self.refuses("one lies in the other", "convert", self.model / "codec", self.model, "--force")
        self.refuses("one lies in the other", "quantize", self.model, "phi", "--codec", self.path, "--force")
        self.refuses("one lies in the other", "bench", "--model", self.model, "--out", self.model / "small")
        icons = self.path / "icons"
        shutil.copytree(ICONS, icons)
        self.refuses("one lies in the other", "data", "emoji", "--packages", icons, "--out", icons / "emoji")

    def test_a_link_that_leads_back_is_named(self):
        (self.model / "codec" / "self").symlink_to(self.model)
        self.refuses("codec/self: is a link that leads back", "convert", self.model, "small")

    def test_what_is_no_part_of_a_model_is_left_behind(self):
        (self.model / ".git").mkdir()
        (self.model / ".git" / "objects").write_text("")
        self.succeeds("convert", self.model, "small")
        self.assertFalse((self.path / "small" / ".git").exists())
        self.assertTrue((self.path / "small" / "README.md").exists())
        self.assertTrue((self.path / "small" / "llm" / "config.json").exists())

    def test_only_its_own_folder_is_replaced(self):
        out = self.path / "out"
        thesis = out / "thesis.txt"
        for arguments in self.writers(out):
            with self.subTest(arguments[0]):
                out.mkdir()
                self.succeeds(*arguments)  # an empty one
                self.succeeds(*arguments)  # its own
                thesis.write_text("years of work")
                self.refuses("out: holds 'thesis.txt'", *arguments)
                self.succeeds(*arguments, "--force")
                self.assertFalse(thesis.exists())
                inner = next(path for path in sorted(out.rglob("*.json")))
                inner.write_text("changed by hand")
                os.utime(inner, (time.time() + 5, time.time() + 5))
                self.refuses("changed since", *arguments)
                shutil.rmtree(out)
                shutil.copytree(self.model, out)  # the names that it would write, but not by it
                self.refuses("out: holds '", *arguments)
                shutil.rmtree(out)
        out.write_text("a file")
        self.refuses("expected a folder, found a file", "convert", self.model, out, "--force")

    def test_a_signal_leaves_nothing_behind(self):
        for i in range(3000):  # so that it takes a while
            (self.model / f"notes-{i}").write_text("")
        for number, arguments in ((signal.SIGINT, ("convert", self.model, "out")),
                                  (signal.SIGTERM, ("convert", self.model, "out")),
                                  (signal.SIGHUP, ("data", "emoji", *WORLD, "--scenes", 100000, "--scenes-per-shard", 10, "--out", "out"))):
            process = subprocess.Popen(command(*arguments), stderr=subprocess.PIPE, text=True, cwd=self.path)
            deadline = time.time() + 60
            while not list(self.path.glob("out.*.tmp/*")) and process.poll() is None and time.time() < deadline:
                time.sleep(0.001)
            process.send_signal(number)
            _, error = process.communicate(timeout=60)
            self.assertEqual(process.returncode, -number, error)
            self.assertEqual([path.name for path in self.path.iterdir()], ["model"], error)

    def test_groups_that_would_mostly_be_padding_are_refused(self):
        self.refuses("group 1048576: expected at most 64", "quantize", self.model, "out", "--group", 1048576)
        config = json.loads((self.model / "config.json").read_text())
        config["quantization_config"] = {"quant_method": "showo", "bits": 8, "group": 1048576}
        (self.model / "config.json").write_text(json.dumps(config))
        self.refuses("config.json: group 1048576", "bench", "--model", self.model)


if __name__ == "__main__":
    unittest.main()
