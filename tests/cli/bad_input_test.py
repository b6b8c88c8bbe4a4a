"""Bad input gives one clear line and a non-zero exit, never a crash, a hang or a half-written output."""
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

SHOWO = sys.argv.pop(1)
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "embedded"
GOLDEN = ROOT / "tests" / "golden" / "data"


def run(*args, limit=None):
    def restrict():
        import resource
        import signal

        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.run([SHOWO, *map(str, args)], capture_output=True, text=True, timeout=300,
                          preexec_fn=restrict if limit is not None else None)


def png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    rows = zlib.compress(bytes((width + 1) * height)) if width * height < 1_000_000 else b""
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def safetensors(entries, data=b""):
    header = json.dumps({name: {"dtype": d, "shape": s, "data_offsets": o} for name, (d, s, o) in entries.items()})
    return struct.pack("<Q", len(header)) + header.encode() + data


class Fixture(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, content):
        (self.path / name).write_bytes(content)
        return self.path / name

    def expect(self, code, text, *args, **kwargs):
        result = run(*args, **kwargs)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(text, result.stderr)
        self.assertTrue(result.stderr.startswith("showo: "), result.stderr)
        self.assertFalse(list(self.path.rglob("*.tmp")), "a half-written file is left")


class BadInput(Fixture):
    def test_unknown_flags_are_usage_errors(self):
        self.expect(2, "--colour", "generate", "an apple", "--colour", "red")
        self.expect(2, "frobnicate", "frobnicate")

    def test_unknown_recipe_keys_name_the_key(self):
        recipe = self.write("recipe.yaml", b"codec: {ch: 32}\nstepz: 3\n")
        self.expect(1, "stepz", "train-codec", recipe, "--out", self.path / "run")

    def test_recipe_syntax_names_the_line(self):
        recipe = self.write("recipe.yaml", b"codec: {ch: 32\nsteps: [\n")
        self.expect(1, "line", "train-codec", recipe, "--out", self.path / "run")

    def test_missing_model(self):
        self.expect(1, "nowhere", "generate", "an apple", "--model", self.path / "nowhere")

    def test_corrupt_pictures(self):
        for name, content, text in (("a.png", png(8, 8)[:40], "PNG"), ("b.png", b"nonsense", "not a PNG"),
                                    ("c.png", b"", "empty"), ("d.png", png(60000, 60000), "limit"),
                                    ("e.jpg", b"\xff\xd8\xff\xe0nonsense", "JPEG")):
            self.expect(1, text, "info" if name.endswith("png") else "ask", self.write(name, content),
                        *(() if name.endswith("png") else ("what?",)))

    def test_lying_checkpoints(self):
        model = (GOLDEN / "showo_t2i/model/model.safetensors").read_bytes()
        for name, content, text in (
            ("truncated", model[: len(model) // 2], "tensor"),
            ("header", struct.pack("<Q", 2**60) + b"{}", "header"),
            ("overflow", safetensors({"a": ("F32", [2**32, 2**32], [0, 0])}), "overflow"),
            ("overlap", safetensors({"a": ("U8", [4], [0, 4]), "b": ("U8", [4], [2, 6])}, bytes(6)), "overlaps"),
            ("outside", safetensors({"a": ("U8", [4], [0, 4])}, bytes(2)), "outside"),
        ):
            path = self.write(name + ".safetensors", content)
            self.expect(1, text, "info", path)

    def test_the_checkpoint_must_fit_its_config(self):
        folder = self.path / "model"
        shutil.copytree(GOLDEN / "showo_t2i/model", folder)
        config = json.loads((folder / "llm/config.json").read_text())
        config["intermediate_size"] = 128
        (folder / "llm/config.json").write_text(json.dumps(config))
        case = self.path / "case.json"
        case.write_text((GOLDEN / "showo_t2i/case.json").read_text())
        result = run("check", self.path)
        self.assertEqual(result.returncode, 1)
        self.assertIn("expected [128, 64]", result.stdout)

    def test_a_folder_that_is_no_case(self):
        self.assertEqual(run("check", self.path).returncode, 1)


@unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
class BadRequests(Fixture):
    def test_prompts_steps_and_names(self):
        self.expect(2, "empty", "generate", "  ")
        self.expect(2, "--steps 0", "generate", "an apple", "--steps", "0", "-o", self.path / "a.png")
        self.expect(2, ".png", "generate", "an apple", "-o", self.path / "a.gif")

    def test_an_over_long_prompt_is_cut(self):
        result = run("generate", "an apple and " * 400, "-o", self.path / "a.png", "--steps", "2")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_a_mask_of_another_size(self):
        scene = MODEL / "samples/scene.png"
        self.expect(1, "mask", "inpaint", scene, self.write("mask.png", png(8, 8)), "an apple", "-o", self.path / "a.png")

    def test_full_disk_and_unwritable_folder(self):
        self.expect(1, "a.png", "generate", "an apple", "--steps", "1", "-o", self.path / "a.png", limit=100)
        self.assertFalse((self.path / "a.png").exists())
        self.expect(1, "missing", "generate", "an apple", "--steps", "1", "-o", self.path / "missing" / "a.png")

    def test_nan_in_weights(self):
        folder = self.path / "model"
        shutil.copytree(MODEL, folder)
        weights = bytearray((folder / "model.safetensors").read_bytes())
        weights[-4:] = struct.pack("<f", float("nan"))
        (folder / "model.safetensors").write_bytes(weights)
        self.expect(1, "not finite", "generate", "an apple", "--model", folder, "-o", self.path / "a.png")

    def test_the_same_seed_gives_the_same_picture_whatever_the_count(self):
        for count, name in ((1, "one.png"), (2, "two.png")):
            result = run("generate", "an apple", "-n", count, "--seed", "5", "--steps", "3", "-o", self.path / name)
            self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual((self.path / "one.png").read_bytes(), (self.path / "two-0.png").read_bytes())
        self.assertIn("prompt: an apple", run("info", self.path / "one.png").stdout)

    def test_inpainting_keeps_every_pixel_outside_the_mask(self):
        scene, mask, out = MODEL / "samples/scene.png", MODEL / "samples/mask.png", self.path / "out.png"
        result = run("inpaint", scene, mask, "a frog", "--steps", "2", "-o", out)
        self.assertEqual(result.returncode, 0, result.stderr)


if __name__ == "__main__":
    unittest.main()
