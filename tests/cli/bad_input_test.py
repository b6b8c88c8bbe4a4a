"""Bad input gives one clear line and a non-zero exit, never a crash, a hang or a half-written output."""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "embedded"
GOLDEN = ROOT / "tests" / "golden" / "data"


def run(*args, limit=None, closed=(), **kwargs):
    """`limit`: bytes that a file may have, which stands for a full disk; `closed`: streams that are not open."""
    def restrict():
        if limit is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        for stream in closed:
            os.close(stream)

    return subprocess.run([SHOWO, *map(os.fsencode, map(str, args))], stderr=subprocess.PIPE, encoding="utf-8",
                          timeout=300, preexec_fn=restrict if limit is not None or closed else None,
                          **{"stdout": subprocess.PIPE, **kwargs})


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
        result = run(*args, cwd=self.path, **kwargs)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(text, result.stderr)
        self.assertRegex(result.stderr, r"\Ashowo: [^\x00-\x1f\x7f-\x9f\u2028\u2029]+\n\Z", "expected one line")
        self.assertFalse(list(self.path.rglob("*.tmp")), "a half-written file is left")

    def expect_all(self, cases):
        """Cases of (code, text, arguments), two at a time."""
        with ThreadPoolExecutor(2) as pool:
            for result in [pool.submit(self.expect, *case) for case in cases]:
                result.result()


class BadInput(Fixture):
    def test_flags_that_cannot_be_used(self):
        picture = self.write("scene.png", png(8, 8))
        self.expect_all((2, text, *arguments) for text, arguments in (
            ("--colour", ("generate", "an apple", "--colour", "red")),
            ("frobnicate", ("frobnicate",)),
            ("prompt is required", ("generate",)),
            ("--seed -1", ("generate", "an apple", "--seed", "-1")),
            ("--seed 99999999999999999999", ("generate", "an apple", "--seed", "99999999999999999999")),
            ("--steps", ("generate", "an apple", "--steps", "many")),
            ("--dtype: foo", ("generate", "an apple", "--dtype", "foo")),
            ("-n 0", ("generate", "an apple", "-n", "0")),
            ("-n 1025", ("generate", "an apple", "-n", "1025")),
            (".png", ("generate", "an apple", "-o", "a.gif")),
            ("the prompt is empty", ("generate", " \n ")),
            ("a frame's text is empty", ("story", "a frog", "--tell", " ", "-o", "s")),
            ("a story begins with", ("story", "-o", "s")),
            ("--out .: the folder is not empty", ("story", "a frog", "-o", ".")),
            ("--frames 200", ("story", "a frog", "--frames", "200", "-o", "s")),
            ("--strength 0", ("edit", picture, "a dog", "--strength", "0")),
            ("--strength 1.5", ("edit", picture, "a dog", "--strength", "1.5")),
            ("expected a description of the new picture, or --instruction", ("edit", picture)),
            ("questions is required", ("ask", picture)),
            ("the question is empty", ("ask", picture, "")),
            ("--top-p 2", ("ask", picture, "what?", "--top-p", "2")),
            ("--top-p nan", ("ask", picture, "what?", "--top-p", "nan")),
            ("--top-k -1", ("ask", picture, "what?", "--top-k", "-1")),
            ("--temperature -1", ("ask", picture, "what?", "--temperature", "-1")),
            ("--max-tokens 0", ("ask", picture, "what?", "--max-tokens", "0")),
            ("--side", ("extend", picture, "a dog", "--side", "inside")),
            ("--steps", ("train", "recipe.yaml", "--out", "run", "--steps", "0")),
            ("--threads", ("info", picture, "--threads", "-1")),
            ("--threads 99999999999", ("info", picture, "--threads", "99999999999")),
            ("-n 4294967297", ("generate", "an apple", "-n", "4294967297")),
            ("--steps 4294967297", ("generate", "an apple", "--steps", "4294967297")),
            ("--offset 1e3", ("extend", picture, "a dog", "--offset", "1e3")),
            ("--max-tokens 0x10", ("ask", picture, "what?", "--max-tokens", "0x10")),
            ("--timeout 0", ("train", "recipe.yaml", "--out", "run", "--timeout", "0")),
            ("--tokens 1", ("bench", "--tokens", "1")),
            ("--bits 4294967304", ("ask", picture, "what?", "--bits", "4294967304")),
            ("--guidance 1e999", ("generate", "an apple", "--guidance", "1e999"))))

    def test_bad_recipes(self):
        recipe = self.write("recipe.yaml", b"codec: {ch: 32}\nstepz: 3\n")
        broken = self.write("broken.yaml", b"codec: {ch: 32\nsteps: [\n")
        wrong = self.write("wrong.yaml", b"steps: many\n")
        out = self.path / "run"
        unknown = self.write("unknown.yaml", b"steps: 1\nstepz: 3\n")
        self.expect_all([(1, "stepz", "train-codec", recipe, "--out", out), (1, "stepz", "train", unknown, "--out", out),
                         (1, "line", "train-codec", broken, "--out", out),
                         (1, "steps: expected a whole number", "train-codec", wrong, "--out", out),
                         (1, "expected a file, found a folder", "train-codec", self.path, "--out", out),
                         (1, "nowhere.yaml", "train-codec", self.path / "nowhere.yaml", "--out", out)])
        self.assertFalse(out.exists())

    def test_missing_models(self):
        empty = self.path / "empty"
        empty.mkdir()
        shutil.copytree(GOLDEN / "showo_t2i/model", self.path / "weightless", ignore=shutil.ignore_patterns("*tensors"))
        self.expect_all([(1, "nowhere", "generate", "an apple", "--model", self.path / "nowhere"),
                         (1, "empty", "generate", "an apple", "--model", empty),
                         (1, "no weights", "info", self.path / "weightless")])

    def test_bad_pictures(self):
        os.mkfifo(self.path / "pipe.png")
        missing = self.path / "missing.png"
        files = (("a.png", png(8, 8)[:40], "PNG"), ("b.png", b"nonsense", "not a PNG"), ("c.png", b"", "empty"),
                 ("d.png", png(60000, 60000), "limit"), ("e.jpg", b"\xff\xd8\xff\xe0nonsense", "JPEG"),
                 ("f.webp", b"RIFF\x10\0\0\0WEBPVP8 ", "WebP"),
                 ("two\nlines \x1b[31m.png", b"nonsense", "two\\nlines \\x1b"))
        self.expect_all([(1, text, "ask", self.write(name, content), "what?") for name, content, text in files] +
                        [(1, text, "info", self.path / name) for name, _, text in files if name.endswith(".png")] +
                        [(1, "expected a file, found a folder", "ask", self.path, "what?"),
                         (1, "not a regular file", "ask", self.path / "pipe.png", "what?"),
                         (1, "No such file", "inpaint", missing, missing, "an apple")])

    def test_lying_checkpoints(self):
        model = (GOLDEN / "showo_t2i/model/model.safetensors").read_bytes()
        pickle = (GOLDEN / "showo_train/model/pytorch_model.bin").read_bytes()
        cases = []
        for name, content, text in (
            ("empty", b"", "empty"),
            ("truncated", model[: len(model) // 2], "tensor"),
            ("header", struct.pack("<Q", 2**60) + b"{}", "header"),
            ("overflow", safetensors({"a": ("F32", [2**32, 2**32], [0, 0])}), "overflow"),
            ("overlap", safetensors({"a": ("U8", [4], [0, 4]), "b": ("U8", [4], [2, 6])}, bytes(6)), "overlaps"),
            ("outside", safetensors({"a": ("U8", [4], [0, 4])}, bytes(2)), "outside"),
            ("control", safetensors({"a\nb\x1b[2J\u2028": ("U8", [4], [0, 5])}, bytes(5)), "a\\nb\\x1b[2J\\xe2"),
            ("long", safetensors({"a\n" * 500_000: ("U8", [4], [0, 5])}, bytes(5)), "5 bytes in the file, expected 4"),
            ("bytes", struct.pack("<Q", 5) + b'{"\xff\n"', "not valid JSON"),
        ):
            cases.append((1, text, "info", self.write(name + ".safetensors", content)))
        for name, content, text in (("half", pickle[: len(pickle) // 2], "truncated"), ("text", b"text", "not a zip")):
            cases.append((1, text, "info", self.write(name + ".bin", content)))
        self.expect_all(cases)

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

    def test_results_that_cannot_be_shown(self):
        with open("/dev/full", "w") as full:
            self.expect(1, "standard output: No space left", "info", self.write("scene.png", png(8, 8)), stdout=full)


@unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
class BadRequests(Fixture):
    def test_requests_that_the_model_cannot_fulfil(self):
        picture, out = MODEL / "samples/scene.png", self.path / "a.png"
        cases = [(2, text, "generate", "an apple", "-o", out, *arguments) for text, arguments in (
            ("--steps 0", ("--steps", "0")), ("--steps 257", ("--steps", "257")),
            ("--guidance nan", ("--guidance", "nan")), ("--temperature inf", ("--temperature", "inf")),
            ("--schedule", ("--schedule", "foo")), ("--guided 2", ("--guided", "2")), ("--refresh 0", ("--refresh", "0")),
            ("--code-temperature 0", ("--code-temperature", "0")), ("--order random", ("--order", "random")), ("--preset quick", ("--preset", "quick")), ("--device tpu", ("--device", "tpu")))]
        if not Path("/dev/nvidia0").exists():
            cases.append((2, "--device cuda", "generate", "an apple", "--device", "cuda"))
        cases.append((1, "most 1", "data", "emoji", "--most", "1", "--fewest", "2", "--out", self.path / "data"))
        cases.append((2, "--fewest 7", "data", "emoji", "--fewest", "7", "--out", self.path / "data"))
        cases.append((2, "--offset 8", "extend", picture, "an apple", "--offset", "8"))
        cases.append((2, "expected at most", "ask", picture, "what is this? " * 5000))
        small, black = self.write("small.png", png(8, 8)), self.write("black.png", png(64, 64))
        cases += [(1, text, "inpaint", of, mask, "an apple", "-o", out) for text, of, mask in (
            ("the mask is 8×8", picture, small), ("expected one size", small, picture), ("marks nothing", picture, black), ("marks nothing", small, small))]
        self.expect_all(cases)
        self.assertFalse(out.exists())

    def test_an_over_long_prompt_is_cut(self):
        result = run("generate", "an apple and " * 400, "-o", self.path / "a.png", "--steps", "2")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_results_that_cannot_be_written(self):
        picture, folder = MODEL / "samples/scene.png", self.path / "folder.png"
        folder.mkdir()
        file = self.write("file", b"")
        self.expect_all([(1, text, "reconstruct", picture, "-o", out) for out, text in (
            (folder, "found a folder"), (self.path / "missing" / "a.png", "no such folder"),
            (file / "a.png", "no such folder"), ("/proc/a.png", "/proc/a.png: No such file"))])
        self.expect(1, "a.png: File too large", "reconstruct", picture, "-o", self.path / "a.png", limit=100)
        self.assertFalse((self.path / "a.png").exists())
        self.expect(1, "converted: ", "convert", MODEL, self.path / "converted", limit=100_000)
        self.assertFalse((self.path / "converted").exists())
        self.expect(1, "file", "convert", MODEL, file / "below")

    def test_closed_streams_change_nothing(self):
        picture = MODEL / "samples/scene.png"
        for name, closed in (("open.png", ()), ("closed.png", (0,)), ("silent.png", (0, 1))):
            result = run("reconstruct", picture, "-o", self.path / name, closed=closed)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertEqual((self.path / name).read_bytes(), (self.path / "open.png").read_bytes())

    def test_nan_in_weights(self):
        folder = self.path / "model"
        shutil.copytree(MODEL, folder)
        weights = bytearray((folder / "pytorch_model.safetensors").read_bytes())
        weights[-4:] = struct.pack("<f", float("nan"))
        (folder / "pytorch_model.safetensors").write_bytes(weights)
        self.expect(1, "not finite", "generate", "an apple", "--model", folder, "-o", self.path / "a.png")

    def test_numbers_that_a_dtype_cannot_hold(self):
        folder, out = self.path / "model", self.path / "out"
        self.assertEqual(run("convert", MODEL, folder, "--dtype", "fp32").returncode, 0)
        file = folder / "pytorch_model.safetensors"
        weights = file.read_bytes()
        for value, dtype, text in ((1e5, "fp16", "cannot hold"), (float("nan"), "fp16", "not finite"),
                                   (float("inf"), "fp32", "not finite")):
            file.write_bytes(weights[:-4] + struct.pack("<f", value))
            self.expect(1, text, "convert", folder, out, "--dtype", dtype)
            self.assertFalse(out.exists())
        file.write_bytes(weights[:-4] + struct.pack("<f", 1e5))
        self.expect(1, "cannot hold", "generate", "an apple", "--model", folder, "--dtype", "fp16", "-o", self.path / "a.png")
        self.assertEqual(run("convert", folder, out, "--dtype", "bf16").returncode, 0)
        self.assertEqual(sorted(item.name for item in out.glob("*.safetensors")), ["pytorch_model.safetensors"])

    def test_a_models_own_sampling_values(self):
        model = self.path / "model"
        shutil.copytree(MODEL, model)

        def drawn(*flags):
            out = self.path / "a.png"
            self.assertEqual(run("generate", "an apple", "--steps", 2, "--model", model, "-o", out, *flags).returncode, 0)
            return run("info", out).stdout

        (model / "sampling.json").write_text('{"guidance": 3.5}')
        self.assertIn("3.5", drawn())
        self.assertNotIn("3.5", drawn("--guidance", 2))
        (model / "sampling.json").unlink()
        self.assertIn("1.75", drawn())
        for text, named in (('{"guidance": 3.5, "colour": 1}', "colour"), ('{"guidance": "much"}', "guidance"), ("[]", "keys")):
            (model / "sampling.json").write_text(text)
            self.expect(1, named, "generate", "an apple", "--model", model)

    def test_low_bits(self):
        out = self.path / "8bit"
        picture = MODEL / "samples" / "scene.png"
        exact = run("ask", picture, "what is in the picture?").stdout
        self.assertEqual(run("quantize", MODEL, out, "--bits", 8).returncode, 0)
        self.assertEqual(run("ask", picture, "what is in the picture?", "--model", out).stdout, exact)
        self.assertEqual(run("ask", picture, "what is in the picture?", "--bits", 8).stdout, exact)
        self.expect(2, "8 bits", "ask", picture, "what?", "--model", out, "--bits", 4)
        self.expect(2, "already", "quantize", out, self.path / "again")
        self.expect(2, "--bits", "quantize", MODEL, self.path / "again", "--bits", 5)
        self.expect(1, "group 33", "quantize", MODEL, self.path / "again", "--group", 33)
        tower = GOLDEN / "showo_clip_mmu"
        seeing = ("quantize", tower / "model", self.path / "again", "--codec", MODEL / "codec")
        self.expect(1, "clip: not found", *seeing)
        self.expect(1, "config.json", *seeing, "--clip", GOLDEN)
        shutil.copytree(tower / "clip", self.path / "other")
        config = json.loads((self.path / "other/config.json").read_text())
        (self.path / "other/config.json").write_text(json.dumps(config | {"hidden_size": 16}))
        self.expect(1, "hidden_size is 16, the model's mm_projector takes 32", *seeing, "--clip", self.path / "other")
        self.expect(2, "one lies in the other", *seeing[:2], self.path / "other/in", *seeing[3:], "--clip", self.path / "other")
        self.assertFalse((self.path / "again").exists())
        shutil.copytree(tower / "clip", self.path / "published")
        for name in ("tf_model.h5", "model.fp16.safetensors", "LICENSE"):
            (self.path / "published" / name).write_bytes(b"x")
        run(*seeing, "--clip", self.path / "published")
        self.assertEqual({path.name for path in (self.path / "again/clip").iterdir()},
                         {path.name for path in (tower / "clip").iterdir()} | {"LICENSE"})

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
