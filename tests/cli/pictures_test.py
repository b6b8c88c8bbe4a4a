"""Pictures drawn and measured as a user runs it: lists of prompts drawn, killed and gone on with, CLIP score, FID with the network's
weights by path, DPG-Bench, MMMU from Parquet; and what is wrong with pictures, prompts and weights named."""
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

import numpy as np
import torch
from PIL import Image
from random_weights import INCEPTION_CASE, clip_folder, inception_file, read_safetensors

SHOWO = Path(sys.argv.pop(1)).resolve()
ROOT = Path(__file__).resolve().parents[2]
DPG = ROOT / "tests/benchmarks/oracles/dpg"
PROMPTS = ["a flat apple on a red background", "a glossy dog on a white background", "two frogs on a blue background"]


def run(*args, **options):
    return subprocess.run([SHOWO, "eval", *map(str, args)], capture_output=True, encoding="utf-8", timeout=600, **options)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def picture(width, height, seed=29):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return Image.fromarray(((7 * x + 13 * y + seed * c + x * y) % 256).astype(np.uint8))


class Case(unittest.TestCase):
    def setUp(self):
        self.path = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.path, ignore_errors=True)

    def succeeds(self, *args, **options):
        result = run(*args, **options)
        self.assertEqual(result.returncode, 0, result.stderr)
        return json.loads(result.stdout) if "--json" in args else result.stdout

    def refused(self, named, *args, code=1):
        result = run(*args)
        self.assertEqual(result.returncode, code, result.stderr)
        self.assertIn(named, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)

    def write(self, name, text):
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        (self.path / name).write_text(text)
        return self.path / name

    def pictures(self, name, count=6, size=(40, 56)):
        folder = self.path / name
        folder.mkdir()
        for i in range(count):
            picture(*size, seed=29 + 5 * i).save(folder / f"{i}.png")
        return folder


class FidOfPictures(Case):
    @classmethod
    def setUpClass(cls):
        cls.weights = inception_file(Path(tempfile.mkdtemp()) / "pt_inception-2015-12-05.pth")

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.weights.parent)

    def test_is_by_pytorch_fids_features_and_its_statistics_serve_again(self):
        folder = self.path / "pictures"
        folder.mkdir()
        picture(40, 56).save(folder / "a.png")
        picture(320, 310).save(folder / "b.png")
        said = self.succeeds("fid", "--data", folder, "--inception", self.weights, "--out", self.path / "out")
        self.assertIn("out/data.npz", said)
        features = read_safetensors(INCEPTION_CASE)["features"].double().numpy()
        with np.load(self.path / "out/data.npz") as found:
            self.assertEqual(found["n"], 2)
            np.testing.assert_allclose(found["mu"], features.mean(0), atol=1e-4)
            np.testing.assert_allclose(found["sigma"], np.cov(features, rowvar=False), atol=1e-3)
        score = self.succeeds("fid", "--data", self.path / "out/data.npz", "--predictions", folder, "--inception", self.weights,
                              "--out", self.path / "again", "--json")
        self.assertLess(score["official"]["fid"], 1e-6)
        self.assertEqual(score["samples"], {"a": 2, "b": 2})
        self.assertEqual(score["problems"]["few samples"]["count"], 2)

    def test_of_others_is_larger_and_damaged_pictures_are_named(self):
        a, b = self.pictures("a"), self.pictures("b", size=(80, 33))
        (b / "7.png").write_bytes((b / "1.png").read_bytes()[:200])
        (b / "notes.txt").write_text("no picture")
        score = self.succeeds("fid", "--data", a, "--predictions", b, "--inception", self.weights, "--out", self.path / "out", "--json")
        self.assertGreater(score["official"]["fid"], 0.1)
        self.assertEqual(score["samples"], {"a": 6, "b": 6})
        self.assertEqual(score["problems"]["damaged"]["count"], 1)
        self.assertIn("b/7.png", score["problems"]["damaged"]["first"][0])

    def test_needs_weights_that_fit(self):
        folder = self.pictures("a", count=2)
        self.refused("--inception is required for a folder of pictures", "fid", "--data", folder, "--predictions", folder, code=2)
        weights = torch.load(self.weights)
        for key, tensor, named in (("Mixed_7c.branch_pool.bn.bias", None, "tensor 'Mixed_7c.branch_pool.bn.bias' [192] is missing"),
                                   ("fc.weight", torch.zeros(1000, 2048), "'fc.weight' tells 1000 classes, expected 1008"),
                                   ("Mixed_5b.branch1x1.conv.weight", torch.full((64, 192, 1, 1), torch.nan), "Mixed_5b")):
            other = {k: v for k, v in weights.items() if k != key} | ({} if tensor is None else {key: tensor})
            torch.save(other, self.path / "w.pt")
            self.refused(named if "nan" not in str(tensor) else "", "fid", "--data", folder, "--inception", self.path / "w.pt",
                         "--out", self.path / "out")
        self.assertFalse((self.path / "out/data.npz").exists())
        alone = self.pictures("alone", count=1)
        self.refused("expected two pictures or more, found 1", "fid", "--data", alone, "--inception", self.weights)


class ClipScore(Case):
    def test_is_told_of_each_picture_and_of_all(self):
        clip, folder = clip_folder(self.path / "clip"), self.pictures("pictures", count=4)
        for i, text in enumerate(["A Red balloon", "the baker's rolls", "a harbour " * 30]):
            (folder / f"{i}.txt").write_text(text + "\n")
        (folder / "2.png").rename(folder / "2.webp")  # by its content
        picture(10, 300).save(folder / "9.png")
        (folder / "9.png").write_bytes((folder / "9.png").read_bytes()[:60])
        (folder / "9.txt").write_text("a tower")
        score = self.succeeds("clip-score", "--data", folder, "--clip", clip, "--json")
        each = score["pictures"]
        self.assertEqual(sorted(each), ["0.png", "1.png", "2.webp"])
        self.assertTrue(all(-100 <= value <= 100 for value in each.values()))
        self.assertEqual(len(set(each.values())), 3)
        mean = sum(each.values()) / 3
        self.assertAlmostEqual(score["official"]["clip_score"], max(mean, 0), places=6)
        self.assertAlmostEqual(score["official"]["cosine"], mean / 100, places=8)
        self.assertEqual(score["official"]["pictures"], 3)
        self.assertEqual({kind: found["count"] for kind, found in score["problems"].items()}, {"cut": 1, "damaged": 1, "no text": 1})
        self.assertIn("clip score", self.succeeds("clip-score", "--data", folder, "--clip", clip).replace("_", " "))

    def test_names_what_is_missing(self):
        clip, folder = clip_folder(self.path / "clip"), self.pictures("pictures", count=1)
        self.refused("no pictures with texts; looked for prompts.jsonl", "clip-score", "--data", folder, "--clip", clip)
        self.refused("expected a folder of pictures", "clip-score", "--data", folder / "0.png", "--clip", clip)
        self.refused("--clip is required", "clip-score", "--data", folder, code=2)
        (folder / "0.txt").write_text("a red balloon")
        (clip / "vocab.json").unlink()
        self.refused("no tokenizer; looked for", "clip-score", "--data", folder, "--clip", clip)
        clip = clip_folder(self.path / "other")
        weights = torch.load(clip / "pytorch_model.bin")
        del weights["text_projection.weight"]
        torch.save(weights, clip / "pytorch_model.bin")
        self.refused("tensor 'text_projection.weight' [10, 16] is missing", "clip-score", "--data", folder, "--clip", clip)


class Prompts(Case):
    def draw(self, data, *more, **options):
        return self.succeeds("prompts", "--data", data, "--out", self.path / "out", "--steps", 2, "--json", *more, **options)

    def files(self):
        return {path.name: path.read_bytes() for path in (self.path / "out/pictures").iterdir()}

    def test_are_drawn_numbered_and_measured(self):
        data = self.write("captions.csv", "image_id,text\n" + "".join(f"{i},{text}\n" for i, text in enumerate(PROMPTS + PROMPTS[:1])))
        score = self.draw(data, "--clip-score", clip_folder(self.path / "clip"))
        self.assertEqual(sorted(self.files()), [f"{i:05}.png" for i in range(4)])
        self.assertEqual(score["official"]["prompts"], 4)
        self.assertEqual(score["official"]["pictures"], 4)
        self.assertIn("clip_score", score["official"])
        self.assertEqual(score["problems"]["doubled"]["count"], 1)
        listed = [json.loads(line) for line in (self.path / "out/prompts.jsonl").read_text().splitlines()]
        self.assertEqual([line["prompt"] for line in listed], PROMPTS + PROMPTS[:1])
        self.assertEqual(self.files()["00000.png"], self.files()["00003.png"], "the same prompt and seed")

    def test_go_on_after_a_kill_and_are_shared_out_among_processes(self):
        data = self.write("prompts.txt", "\n".join(f"a {look} {kind} on a {colour} background" for look in ("flat", "glossy")
                                                   for kind in ("dog", "car", "key") for colour in ("red", "blue")))
        alone = os.environ | {"OMP_NUM_THREADS": "1"}  # sums round by the number of threads
        self.draw(data, "--samples", 4, env=alone)
        whole = self.files()
        self.assertEqual(len(whole), 12)
        shutil.rmtree(self.path / "out")
        command = [SHOWO, "eval", "prompts", "--data", data, "--out", self.path / "out", "--steps", "2", "--samples", "4", "--json"]
        started = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=alone)
        for _ in range(6000):
            if (self.path / "out/pictures/00000.png").exists() or started.poll() is not None:
                break
            time.sleep(0.01)
        started.send_signal(signal.SIGKILL)
        started.wait()
        kept = self.path / "out/pictures/00000.png"
        before = kept.stat().st_mtime_ns
        environment = alone | {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free_port())}
        processes = [subprocess.Popen(command, env=environment | {"RANK": str(rank)}, stdout=subprocess.PIPE, encoding="utf-8")
                     for rank in (0, 1)]
        said = [process.communicate(timeout=600)[0] for process in processes]
        self.assertEqual([process.returncode for process in processes], [0, 0])
        self.assertEqual(said[1], "", "the leading process reports alone")
        # Of the picture that was being written when the first run was killed its temporary file may be left.
        found = {name: bytes for name, bytes in self.files().items() if not name.endswith(".tmp")}
        self.assertEqual(sorted(found), sorted(whole))
        self.assertEqual([name for name in whole if found[name] != whole[name]], [], "other pictures")
        self.assertEqual(kept.stat().st_mtime_ns, before)
        self.refused("the folder holds what another run made", "prompts", "--data", data, "--out", self.path / "out", "--steps", 3)

    def test_of_a_folder_keep_their_names_and_fid_compares_them(self):
        for name, text in zip(("b", "a10"), PROMPTS):
            self.write(f"prompts/{name}.txt", text)
        reference = self.pictures("reference", count=3)
        weights = inception_file(self.path / "w.pth")
        score = self.draw(self.path / "prompts", "--inception", weights, "--reference", reference)
        self.assertEqual(sorted(self.files()), ["a10.png", "b.png"])
        self.assertGreater(score["official"]["fid"], 0)
        self.assertTrue((self.path / "out/statistics.npz").exists())

    def test_name_what_is_wrong(self):
        self.refused("no prompts", "prompts", "--data", self.write("empty.txt", "\n"))
        self.refused("expected prompt, caption or text", "prompts", "--data", self.write("a.csv", "id\n1\n"))
        self.refused("--inception and --reference belong together", "prompts", "--data", self.path, "--inception", "x", code=2)
        self.refused("--samples 5: expected 1 to 4", "prompts", "--data", self.path, "--samples", 5, code=2)


class Dpg(Case):
    def test_scores_answers_as_the_official_script(self):
        expected = json.loads((DPG / "expected.json").read_text())["official"]
        for answers in (DPG / "results_detail.txt", DPG / "answers.jsonl"):
            found = self.succeeds("dpg", "--data", DPG, "--predictions", answers, "--json")
            self.assertAlmostEqual(found["official"]["score"], expected["score"], places=9)
            self.assertEqual(found["problems"]["unknown parent"]["count"], 2)

    def test_draws_squares_and_asks_the_model_about_them(self):
        head = (DPG / "dpg_bench.csv").read_text().splitlines()[0]
        rows = [("x", 1, "0", "entity - whole (x)", "passed over"), ("dog", 1, "0", "entity - whole (dog)", "is there a dog?"),
                ("dog", 2, "1", "attribute - color (background)", "is there a bus?")]
        table = head + "\n" + "".join(f'{item},t,,{number},{parent},e,w,"{what}",{question}\n' for item, number, parent, what, question in rows)
        self.write("dpg/dpg_bench.csv", table)
        self.write("dpg/prompts/dog.txt", "a glossy dog on a white background")
        out = self.path / "out"
        self.succeeds("dpg", "--data", self.path / "dpg", "--out", out, "--steps", 8)
        with Image.open(out / "pictures/dog.png") as square:
            self.assertEqual(square.size, (128, 128))
        found = self.succeeds("dpg", "--data", self.path / "dpg", "--out", out, "--judge", "--json")
        self.assertEqual(found["official"]["pictures"], 4)
        self.assertGreater(found["official"]["l1"]["entity"], 0, "it sees the dog that it drew")
        again = self.succeeds("dpg", "--data", self.path / "dpg", "--predictions", out / "judge", "--json")
        self.assertEqual(again, found)
        self.refused("no picture of a prompt of DPG-Bench", "dpg", "--data", self.path / "dpg", "--pictures", self.path, "--judge",
                     "--out", self.path / "none")


class Mmmu(Case):
    def test_is_read_from_parquet(self):
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError as error:
            self.skipTest(str(error))
        picture(64, 64).save(self.path / "p.png")
        image = {"bytes": (self.path / "p.png").read_bytes(), "path": "p.png"}
        row = {"id": "validation_Math_1", "question": "<image 1> Is it red?", "options": "['yes', 'no']", "answer": "B",
               "question_type": "multiple-choice", "subfield": "x", "image_1": image, "image_2": None}
        other = row | {"id": "validation_Math_2", "question_type": "open", "options": "[]", "answer": "7"}
        struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
        fields = [(name, struct if name.startswith("image") else pa.string()) for name in row]
        (self.path / "mmmu/Math").mkdir(parents=True)
        file = self.path / "mmmu/Math/validation-00000-of-00001.parquet"
        pq.write_table(pa.Table.from_pylist([row, other], pa.schema(fields)), file)
        result = run("mmmu", "--data", self.path / "mmmu", "--out", self.path / "out", "--json")
        if "built without Parquet" in result.stderr:
            self.skipTest("built without Parquet")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(json.loads(result.stdout)["official_random"]["overall"]["n"], 2)
        unpacked = self.path / "out/unpacked"
        self.assertEqual((unpacked / "images/validation_Math_1_1.png").read_bytes(), image["bytes"])
        self.assertEqual(len((unpacked / "validation.jsonl").read_text().splitlines()), 2)
        pq.write_table(pa.Table.from_pylist([{k: v for k, v in row.items() if k != "answer"}],
                                            pa.schema([f for f in fields if f[0] != "answer"])), file)
        self.refused("column 'answer' is missing", "mmmu", "--data", self.path / "mmmu", "--out", self.path / "second")
        pq.write_table(pa.Table.from_pylist([row | {"id": "validation_Math_../../x"}], pa.schema(fields)), file)
        self.refused("expected no '/'", "mmmu", "--data", self.path / "mmmu", "--out", self.path / "third")
        file.write_bytes(file.read_bytes()[:300])
        self.refused("validation-00000-of-00001.parquet", "mmmu", "--data", self.path / "mmmu", "--out", self.path / "fourth")


if __name__ == "__main__":
    unittest.main()
