"""The program's tasks on the embedded model, as a user runs them: what is drawn, said, converted and counted is what it should be."""
import json
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import numpy as np

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
MODEL = ROOT / "models" / "embedded"
SCENE = MODEL / "samples" / "scene.png"


def showo(*args):
    run = subprocess.run([SHOWO, *map(str, args)], capture_output=True, encoding="utf-8", timeout=300)
    assert run.returncode == 0, run.stderr
    return run.stdout


def pixels(path):
    """An 8-bit RGB PNG as [height, width, 3] (PNG specification, section 9: filters)."""
    data, at, packed = Path(path).read_bytes(), 8, b""
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at:at + 8])
        if kind == b"IHDR":
            width, height, depth, colour = struct.unpack(">IIBB", data[at + 8:at + 18])
            assert (depth, colour) == (8, 2)
        if kind == b"IDAT":
            packed += data[at + 8:at + 8 + size]
        at += size + 12
    raw = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(height, 1 + 3 * width)
    rows = np.zeros((height, 3 * width), np.int64)
    for y in range(height):
        above = rows[y - 1] if y else np.zeros(3 * width, np.int64)
        for x in range(3 * width):
            left, up, corner = (rows[y, x - 3] if x > 2 else 0), above[x], (above[x - 3] if x > 2 else 0)
            guess = left + up - corner
            nearest = min((left, up, corner), key=lambda v: abs(guess - v))
            rows[y, x] = (int(raw[y, 1 + x]) + (0, left, up, (left + up) // 2, nearest)[raw[y, 0]]) % 256
    return rows.reshape(height, width, 3).astype(np.uint8)


def tensors(path):
    data = Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    kinds = {"F32": np.float32, "F16": np.float16}
    return {name: np.frombuffer(data, kinds[item["dtype"]], offset=8 + size + item["data_offsets"][0],
                                count=int(np.prod(item["shape"], dtype=int))) for name, item in header.items()}


def weights(folder):
    return tensors(next(folder.glob("*.safetensors")))


class Tasks(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name)

    def tearDown(self):
        self.folder.cleanup()

    def test_a_picture_is_extended_on_each_side_and_keeps_its_own_pixels(self):
        scene = pixels(SCENE)
        parts = {"right": np.s_[:, :64], "left": np.s_[:, 32:], "down": np.s_[:64, :], "up": np.s_[32:, :]}
        for side, part in parts.items():
            out = self.path / f"{side}.png"
            showo("extend", SCENE, "a rabbit on a white background", "--side", side, "--steps", 4, "--seed", 2, "-o", out)
            wide = pixels(out)
            self.assertEqual(wide.shape, (64, 96, 3) if side in ("left", "right") else (96, 64, 3), side)
            self.assertTrue((wide[part] == scene).all(), side)
            self.assertGreater(wide.std(), 5, side)

    def test_a_negative_prompt_leads_away(self):
        draw = ["generate", "an apple", "--steps", 4, "--seed", 1, "--guidance", 3]
        showo(*draw, "-o", self.path / "plain.png")
        showo(*draw, "--negative-prompt", "a green frog", "-o", self.path / "away.png")
        self.assertTrue((pixels(self.path / "plain.png") != pixels(self.path / "away.png")).any())
        self.assertIn("a green frog", showo("info", self.path / "away.png"))
        refused = subprocess.run([SHOWO, *map(str, draw[:-1]), "0", "--negative-prompt", "a frog", "-o", self.path / "none.png"], capture_output=True,
                                 encoding="utf-8")
        self.assertEqual((refused.returncode, refused.stderr), (2, "showo: --negative-prompt: guidance is off, which alone heeds it\n"))

    def test_a_caption_is_the_answer_to_its_question(self):
        caption = showo("caption", SCENE)
        self.assertEqual(caption, showo("ask", SCENE, "what is in the picture?"))
        self.assertIn("pineapple", caption)
        self.assertIn("rabbit", caption)
        self.assertEqual(showo("caption", SCENE, "--question", "how many things are there?"), "two\n")

    def test_a_story_goes_on_from_its_folder_as_if_it_had_not_stopped(self):
        def told(out, *more):
            return showo("story", "a frog on a white background", "--tell", "a lion appears on the left", "--steps", 4,
                         "--seed", 3, "-o", out, *more)
        whole, parts = self.path / "whole", self.path / "parts"
        lines = told(whole, "--frames", 3).splitlines()
        self.assertEqual(len(lines), 4)
        self.assertIn("frame-2.png: a lion appears on the left", lines[1])
        told(parts, "--frames", 1)
        self.assertFalse((parts / "frame-2.png").exists())
        made = json.loads(showo("story", "--resume", "--frames", 3, "-o", parts, "--json"))
        self.assertEqual([Path(frame["path"]).name for frame in made["frames"]], ["frame-2.png", "frame-3.png"])
        for i in (1, 2, 3):
            self.assertTrue((pixels(whole / f"frame-{i}.png") == pixels(parts / f"frame-{i}.png")).all(), i)
        self.assertEqual(json.loads((whole / "story.json").read_text()) | {"model": ""},
                         json.loads((parts / "story.json").read_text()) | {"model": ""})
        self.assertGreater(pixels(whole / "story.png").shape[1], 512)

    def test_a_story_goes_on_with_what_is_told_then(self):
        out = self.path / "out"
        showo("story", "a lion on a white background", "--frames", 2, "--steps", 2, "-o", out)
        showo("story", "--resume", "--tell", "the lion leaves", "--frames", 3, "-o", out)
        before = json.loads((out / "story.json").read_text())["frames"]
        self.assertEqual(before[2]["text"], "the lion leaves")
        showo("story", "--resume", "--frames", 4, "-o", out)
        after = json.loads((out / "story.json").read_text())["frames"]
        self.assertEqual(after[:3], before)
        run = subprocess.run([SHOWO, "story", "another", "--resume", "-o", out], capture_output=True, encoding="utf-8", timeout=300)
        self.assertEqual(run.returncode, 2)
        self.assertIn("--resume: the story has its beginning", run.stderr)

    def test_the_texts_of_a_story_are_drawn_as_asked(self):
        def text(seed, *flags):
            out = self.path / "-".join(["texts", str(seed), *flags])
            showo("story", "--picture", SCENE, "--frames", 2, "--steps", 1, "--seed", seed, "-o", out, *flags)
            return json.loads((out / "story.json").read_text())["frames"][1]["text"]

        likeliest = text(1, "--text-temperature", "0")
        self.assertEqual(text(2, "--text-temperature", "0"), likeliest)
        wild = ("--text-temperature", "5", "--text-top-p", "1")
        self.assertNotEqual(text(1, *wild), text(2, *wild))

    def test_a_story_may_begin_with_a_picture(self):
        out = self.path / "out"
        showo("story", "--picture", SCENE, "--tell", "the rabbit leaves", "--frames", 2, "--steps", 2, "-o", out)
        story = json.loads((out / "story.json").read_text())
        self.assertEqual([frame["text"] for frame in story["frames"]], ["", "the rabbit leaves"])
        showo("reconstruct", SCENE, "-o", self.path / "codes.png")
        self.assertTrue((pixels(out / "frame-1.png") == pixels(self.path / "codes.png")).all())

    def test_a_picture_is_edited_by_description_and_by_instruction(self):
        for name, how in (("described", ("a rabbit on a white background", "--strength", 0.2, "--rounds", 2)),
                          ("told", ("--instruction", "the background turns blue"))):
            showo("edit", SCENE, *how, "--steps", 3, "-o", self.path / f"{name}.png")
            self.assertEqual(pixels(self.path / f"{name}.png").shape, (64, 64, 3), name)

    def test_turns_of_a_conversation_see_those_before(self):
        run = subprocess.run([SHOWO, "ask", SCENE, "what is in the picture?", "--chat", "--json"], capture_output=True,
                             encoding="utf-8", timeout=300, input="how many things are there?\n\nand on what background?\n")
        self.assertEqual(run.returncode, 0, run.stderr)
        answers = json.loads(run.stdout)["answers"]
        self.assertEqual([turn["question"] for turn in answers],
                         ["what is in the picture?", "how many things are there?", "and on what background?"])
        self.assertEqual(answers[0]["answer"], showo("ask", SCENE, "what is in the picture?").strip())

    def test_questions_may_be_about_several_pictures(self):
        showo("edit", SCENE, "--instruction", "the background turns blue", "-o", self.path / "blue.png")
        second = "what colour is the background of the second picture?"
        answer = showo("ask", SCENE, "--also", self.path / "blue.png", "do both pictures have the same background?", second)
        self.assertEqual(answer.splitlines(), ["no", "blue"])
        self.assertEqual(showo("ask", self.path / "blue.png", "--also", SCENE, second).strip(), "white")
        missing = subprocess.run([SHOWO, "ask", SCENE, "--also", "none.png", "what?"], capture_output=True, encoding="utf-8", timeout=300)
        self.assertEqual((missing.returncode, missing.stderr), (1, "showo: none.png: No such file or directory\n"))

    def test_converted_weights_are_the_roundings_of_the_original(self):
        showo("convert", MODEL, self.path / "wide", "--dtype", "fp32")
        showo("convert", self.path / "wide", self.path / "narrow", "--dtype", "fp16")
        original, wide, narrow = weights(MODEL), weights(self.path / "wide"), weights(self.path / "narrow")
        self.assertEqual(set(original), set(wide))
        for name, tensor in original.items():
            self.assertEqual(wide[name].dtype, np.float32)
            self.assertTrue((wide[name] == tensor.astype(np.float32)).all(), name)
            self.assertTrue((narrow[name] == wide[name].astype(np.float16)).all(), name)
        question = ("ask", SCENE, "what color is the background?")
        self.assertEqual(showo(*question, "--model", self.path / "narrow"), showo(*question))

    def test_a_model_is_judged_on_scenes(self):
        icons = ROOT / "tests" / "data" / "icons"
        showo("data", "emoji", "--out", self.path / "world", "--packages", icons, "--kinds-file", icons / "kinds.txt", "--kinds", 12,
              "--most", 2, "--grid", 8, "--small", 32, "--large", 48, "--scenes", 40, "--held-apart", 4)
        shard = self.path / "world" / "train-0000.tar"
        showo("train-recogniser", shard, "--out", self.path / "judge", "--steps", 3, "--batch", 4)
        figures = json.loads(showo("eval", shard, "--scenes", 3, "--questions", 2, "--steps", 2, "--recogniser", self.path / "judge", "--json"))
        self.assertGreater(figures["psnr"], 20)
        for kind in ("real", "reconstructed", "generated"):
            judged = sum(tally["judged"] for asked, tally in figures[kind].items() if asked.endswith(("thing", "things")))
            self.assertEqual(judged, 3, kind)
        every = figures["questions"]["all"]
        self.assertEqual(every["asked"], sum(t["asked"] for kind, t in figures["questions"].items() if kind != "all"))
        self.assertGreater(every["right"], every["asked"] / 2)


if __name__ == "__main__":
    unittest.main()
