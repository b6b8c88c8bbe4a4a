"""What is printed of files and models is text: nothing in it forges a line or drives the terminal. What stands in a
user's way – a folder that is gone, a picture of another size – is named as the user knows it."""
import json
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "embedded"
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029]")
EVIL = "a\x1b[2J\r\nforged: line\x9b31m\u2028b\x7f"


def run(*arguments, cwd=None):
    return subprocess.run([SHOWO, *map(os.fsencode, map(str, arguments))], capture_output=True, encoding="utf-8", cwd=cwd,
                          timeout=300)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width, height, white=(), texts=()):
    """Grey, black but for the `white` pixels; `texts`: keys and values as bytes."""
    rows = bytearray((width + 1) * height)
    for x, y in white:
        rows[y * (width + 1) + 1 + x] = 255
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            b"".join(chunk(b"tEXt", key + b"\0" + value) for key, value in texts) +
            chunk(b"IDAT", zlib.compress(bytes(rows))) + chunk(b"IEND", b""))


class Fixture(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def write(self, name, content):
        (self.path / name).write_bytes(content)
        return self.path / name

    def plain(self, result, lines=None):
        self.assertIsNone(CONTROL.search(result.stdout + result.stderr), (result.stdout, result.stderr))
        if lines is not None:
            self.assertEqual(len(result.stdout.splitlines()), lines, result.stdout)


class Printed(Fixture):
    def test_a_pictures_texts(self):
        texts = [(b"title", EVIL.encode()), (b"k\x1b]0;x\x07\ney", b"latin \xe9\x9b"), (b"long", b"y" * 20000 + b"END")]
        result = run("info", self.write("a.png", png(2, 2, texts=texts)))
        self.assertEqual(result.returncode, 0, result.stderr)
        self.plain(result, 1 + len(texts))
        self.assertIn("a\\x1b[2J\\r\\nforged: line", result.stdout)
        self.assertIn("latin \\xe9\\x9b", result.stdout)
        self.assertIn("y" * 20000 + "END", result.stdout, "nothing is left out")

    def test_names_of_files(self):
        picture = self.write(EVIL.replace("\x9b", "") + ".png", png(2, 2))
        self.plain(run("info", picture), 1)
        self.plain(run("check", self.path / EVIL), 1)

    @unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
    def test_pictures_that_were_written(self):
        out = self.path / (EVIL + ".png")
        result = run("generate", "an apple", "--steps", 1, "-n", 2, "-o", out)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.plain(result, 3)
        result = run("ask", out.with_name(EVIL + "-0.png"), EVIL, "--max-tokens", 2, "--json")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.plain(result)
        self.assertEqual(json.loads(result.stdout)["answers"][0]["question"], EVIL)

    @unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
    def test_answers(self):
        """With a tokenizer that spells the first two words of the answer as an escape and a line break."""
        def ask(*flags):
            result = run("ask", MODEL / "samples/scene.png", "what is in the picture?", *flags)
            self.assertEqual(result.returncode, 0, result.stderr)
            return result

        first, second = ask().stdout.split()[:2]
        model = self.path / "model"
        shutil.copytree(MODEL, model)
        path = model / "llm" / "tokenizer.json"
        tokenizer = json.loads(path.read_text())
        vocabulary = tokenizer["model"]["vocab"]
        for word, control in (("\u0120" + first, "\u011b"), ("\u0120" + second, "\u010a")):  # as GPT-2 spells them
            vocabulary[word], vocabulary[control] = vocabulary[control], vocabulary[word]
        path.write_text(json.dumps(tokenizer))
        result = ask("--model", model)
        self.plain(result)
        self.assertTrue(result.stdout.startswith("\\x1b\n"), result.stdout)


class FoldersThatAreGone(Fixture):
    def test_the_current_one(self):
        picture, gone = self.write("a.png", png(2, 2)), self.path / "gone"
        for arguments in (("info", picture), ("generate", "an apple", "--steps", "1", "-o", self.path / "x.png")):
            gone.mkdir()
            shell = 'cd "$1" && rmdir "$1" && shift && exec "$@"'
            result = subprocess.run(["sh", "-c", shell, "sh", gone, SHOWO, *map(str, arguments)], capture_output=True,
                                    encoding="utf-8", timeout=300)
            self.assertRegex(result.stderr, r"\Ashowo: [^\n]*the current folder[^\n]*\n\Z")
            self.assertEqual(result.returncode, 1)


@unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
class Pictures(Fixture):
    def test_a_mask_of_one_pixel_marks_its_token(self):
        mask = self.write("dot.png", png(64, 64, white=[(41, 7)]))
        result = run("inpaint", MODEL / "samples/scene.png", mask, "a frog", "--steps", 1, "-o", self.path / "out.png")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_an_inverted_mask_draws_what_is_black(self):
        scene, black = self.write("scene.png", png(90, 70)), self.write("black.png", png(90, 70))
        arguments = ("inpaint", scene, black, "a frog", "--steps", 1, "-o", self.path / "out.png")
        self.assertIn("marks nothing", run(*arguments).stderr)
        result = run(*arguments, "--invert-mask")
        self.assertEqual(result.returncode, 0, result.stderr)

    def test_of_another_size_are_named_as_they_are(self):
        scene, out = MODEL / "samples/scene.png", self.path / "out.png"
        small, black = self.write("small.png", png(8, 6)), self.write("black.png", png(64, 64))
        long, wide = self.write("long.png", png(1, 60000)), self.write("wide.png", png(60000, 1))
        for text, *arguments in (
                ("long.png: the picture is 1×60000", "reconstruct", long, "-o", out),
                ("wide.png: the picture is 60000×1", "reconstruct", wide, "-o", out),
                ("long.png: the picture is 1×60000", "ask", long, "what?"),
                ("small.png: the picture is 8×6", "inpaint", small, black, "a frog", "-o", out),
                ("small.png: the mask is 8×6", "inpaint", scene, small, "a frog", "-o", out),
                ("black.png: the mask is 64×64, and marks nothing", "inpaint", scene, black, "a frog", "-o", out),
                ("long.png: the picture is 1×60000", "extend", long, "a frog", "-o", out),
                ("wide.png: the picture is 60000×1", "extend", wide, "a frog", "--side", "up", "-o", out)):
            result = run(*arguments)
            self.assertEqual(result.returncode, 1, result.stderr)
            self.assertIn(text, result.stderr)
        self.assertFalse(out.exists())


if __name__ == "__main__":
    unittest.main()
