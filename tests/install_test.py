"""What `cmake --install` writes serves others: a prefix that was moved, whose program runs anywhere, and examples that find the
library by find_package."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

BUILD, CMAKE = Path(sys.argv.pop(1)), sys.argv.pop(1)
ROOT = Path(__file__).resolve().parents[1]


def run(*command, **more):
    return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=600, **more)


class Installed(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        path = Path(cls.folder.name)
        installed = run(CMAKE, "--install", BUILD, "--prefix", path / "first")
        assert installed.returncode == 0, installed.stderr
        cls.prefix, cls.elsewhere = path / "moved", path / "elsewhere"
        (path / "first").rename(cls.prefix)
        cls.elsewhere.mkdir()

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def test_the_program_finds_its_model(self):
        ask = run(self.prefix / "bin/showo", "ask", ROOT / "models/embedded/samples/scene.png", "what is in the picture?",
                  cwd=self.elsewhere)
        self.assertEqual(ask.returncode, 0, ask.stderr)
        self.assertIn("rabbit", ask.stdout)
        lost = run(self.prefix / "bin/showo", "generate", "a dog", cwd=self.elsewhere, env=dict(os.environ, SHOWO_HOME="/nowhere"))
        self.assertEqual((lost.returncode, lost.stderr.count("\n")), (1, 1), lost.stderr)

    def test_no_path_of_the_sources_is_inside(self):
        for file in (self.prefix / "bin/showo", self.prefix / "lib/libshowo.so"):
            self.assertNotIn(f"{ROOT}/src".encode(), file.read_bytes())
        for file in (self.prefix / "lib/cmake").rglob("*.cmake"):
            self.assertNotIn(str(ROOT), file.read_text(), file)

    def test_examples_are_built_on_it(self):
        build = Path(self.folder.name) / "examples"
        configured = run(CMAKE, "-S", ROOT / "examples", "-B", build, f"-DCMAKE_PREFIX_PATH={self.prefix}")
        self.assertEqual(configured.returncode, 0, configured.stderr)
        built = run(CMAKE, "--build", build)
        self.assertEqual(built.returncode, 0, built.stdout + built.stderr)
        drawn = run(build / "generate", "a flat frog on a red background", cwd=self.elsewhere)
        self.assertEqual(drawn.returncode, 0, drawn.stderr)
        self.assertTrue((self.elsewhere / "picture-1.png").exists())
        asked = run(build / "ask", ROOT / "models/embedded/samples/scene.png", "what is in the picture?")
        self.assertIn("rabbit", asked.stdout, asked.stderr)
        batch = run(build / "batch", cwd=self.elsewhere)
        self.assertEqual(batch.returncode, 0, batch.stderr)
        self.assertIn("lion", batch.stdout)
        self.assertTrue((self.elsewhere / "batch-1.png").exists())


if __name__ == "__main__":
    unittest.main()
