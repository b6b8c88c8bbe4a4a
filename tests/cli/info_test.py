"""`showo info` says of everything that the program reads or writes what a user wants to know, and in one line what it
is not."""
import json
import os
import tarfile
import unittest

from bad_input_test import GOLDEN, MODEL, ROOT, Fixture, png, run

FIXTURES = ROOT / "tests/data/fixtures"


class Info(Fixture):
    def info(self, path):
        result = run("info", path, "--json")
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        said = json.loads(result.stdout)
        self.assertEqual(said["path"], str(path))
        shown = run("info", path)
        self.assertTrue(shown.stdout.startswith(f"{path}: "), shown.stdout)
        return said

    def expect_facts(self, path, **facts):
        said = self.info(path)
        self.assertEqual({key: said.get(key) for key in facts}, facts)
        return said

    def test_pictures_by_their_content(self):
        self.expect_facts(self.write("no-ending", png(6, 4)), kind="picture", format="PNG", width=6, height=4, metadata={})
        self.assertRegex(run("info", self.write("a.png", png(6, 4))).stdout, r"PNG picture, 6×4 pixels, \d+ bytes\n\Z")

    def test_weights_and_models(self):
        model = GOLDEN / "showo_t2i/model"
        said = self.expect_facts(model, kind="Show-o model", tokenizer="not in this folder: --llm names its folder")
        self.assertEqual(said["language_model"]["folder"], str(model / "llm"))
        self.assertGreater(said["weights"]["parameters"], 1000)
        weights = next(path for path in sorted(model.iterdir()) if path.name.endswith("safetensors"))
        self.expect_facts(weights, kind="weights", parameters=said["weights"]["parameters"])
        self.expect_facts(GOLDEN / "showo_t2i", kind="reference case")
        self.expect_facts(GOLDEN / "magvitv2/model", kind="image tokenizer", codes=128, pixels_of_a_token="16×16")
        self.expect_facts(GOLDEN / "showo_clip_mmu/clip", kind="CLIP", pixels=28, features=16, reads_texts=False)
        self.expect_facts(GOLDEN / "showo_clip_mmu/model", kind="Show-o model", vision="clip")
        self.assertRegex(run("info", GOLDEN / "showo_clip_mmu/model").stdout, r"Show-o model, \d+ parameters, sees by CLIP\n")
        self.expect_facts(ROOT / "models/phi-tokenizer", kind="tokenizer", end_of_text=50256)

    @unittest.skipUnless((MODEL / "config.json").exists(), "the embedded model is not here")
    def test_a_whole_model_and_its_rounded_copy(self):
        said = self.expect_facts(MODEL, kind="Show-o model", tokens_of_a_picture=64, tokens_of_a_prompt=30, codes=8192)
        self.assertEqual(said["tokenizer"]["tokens"], 1024)
        self.assertEqual(said["image_tokenizer"]["codes"], 8192)
        self.assertIn("guidance", said["sampling"])
        out = self.path / "4bit"
        self.assertEqual(run("quantize", MODEL, out, "--bits", 4).returncode, 0)
        rounded = self.expect_facts(out, rounded={"bits": 4, "group": 32})
        self.assertAlmostEqual(rounded["weights"]["parameters"] / said["weights"]["parameters"], 1, delta=0.02)
        self.assertLess(rounded["weights"]["bytes"], said["weights"]["bytes"])

    def test_samples(self):
        shard = self.path / "train-0000.tar"
        with tarfile.open(shard, "w") as tar:
            for key in ("a", "b", "c", "d"):
                for ending, content in ((".png", png(2, 2)), (".txt", b"a thing")):
                    tar.add(self.write("member", content), key + ending)
        (self.path / "member").unlink()
        self.expect_facts(shard, kind="webdataset shard", samples=4, pictures=4, captions=4, first_keys=["a", "b", "c"])
        self.expect_facts(self.path, kind="webdataset shards", shards=1)
        self.expect_facts(FIXTURES / "llava.json", kind="LLaVA conversations")
        stories = self.path / "stories-0000.tar"
        frames = json.dumps({"frames": [{"text": "a dog"}, {"text": "the dog leaves"}]}).encode()
        with tarfile.open(stories, "w") as tar:
            for name, content in (("a.0.png", png(2, 2)), ("a.1.png", png(2, 2)), ("a.json", frames)):
                tar.add(self.write("member", content), name)
        self.expect_facts(stories, kind="webdataset shard", samples=1, stories=1, pictures=2)
        listed = self.write("stories.json", b'[{"images": ["1.png", "2.png"], "captions": ["a dog", "it leaves"]}]')
        self.expect_facts(listed, kind="stories", entries=1, pictures=2)
        self.assertGreater(self.info(FIXTURES / "text.jsonl")["entries"], 0)
        self.assertGreater(self.info(FIXTURES / "text.txt")["lines"], 0)
        self.assertGreater(self.info(FIXTURES / "imagenet/train")["folders"], 0)
        parquet = run("info", FIXTURES / "text.parquet", "--json")
        if "built without Parquet" not in parquet.stderr:
            said = json.loads(parquet.stdout)
            self.assertIn("content", said["columns"])
            self.assertGreater(said["rows"], 0)

    def test_recipes_are_checked(self):
        self.expect_facts(ROOT / "configs/embedded/showo_stage1.yaml", kind="recipe", of="Show-o")
        self.expect_facts(ROOT / "configs/embedded/codec.yaml", kind="recipe", of="an image tokenizer")
        self.expect_facts(ROOT / "configs/embedded/clip.yaml", kind="recipe", of="CLIP")
        self.expect(1, "stepz", "info", self.write("wrong.yaml", b"stepz: 3"))
        self.expect(1, "line 1", "info", self.write("broken.yaml", b"steps: ["))

    def test_runs_and_their_checkpoints(self):
        run_folder = self.path / "run"
        checkpoint = run_folder / "checkpoints/step-0000005"
        (checkpoint / "model").mkdir(parents=True)
        (checkpoint / "state.json").write_text('{"step": 5, "streams": [], "best": 0.5}')
        (run_folder / "checkpoint").symlink_to("checkpoints/step-0000005")
        (run_folder / "recipe.json").write_text('{"steps": 20, "seed": 3, "data": {"t2i": {"path": "a.tar"}}}')
        (run_folder / "metrics.jsonl").write_text('{"step": 1, "loss": 2}\n{"step": 5, "loss": 1.5}\n{"step": 6, "lo')
        said = self.expect_facts(run_folder, kind="training run", saved_step=5, steps=20,
                                 last_metrics={"step": 5, "loss": 1.5})
        self.assertEqual(said["recipe"]["data"], {"t2i": {"path": "a.tar"}})
        self.expect_facts(checkpoint, kind="checkpoint", step=5, best_loss=0.5, parts=["model"])

    def test_what_it_is_not(self):
        os.mkfifo(self.path / "pipe")
        (self.path / "empty").mkdir()
        for text, path in (("nothing that this program reads", self.write("thesis.md", b"years of work")),
                           ("nothing that this program reads", self.path / "empty"),
                           ("not a regular file", self.path / "pipe"), ("No such file", self.path / "nowhere")):
            self.expect(1, text, "info", path)

    def test_weights_are_not_read(self):
        """A file whose weights are a hole of 64 GB."""
        name, elements = self.path / "model.safetensors", 1 << 34
        header = json.dumps({"a": {"dtype": "F32", "shape": [elements], "data_offsets": [0, 4 * elements]}}).encode()
        header += b" " * (-len(header) % 8)  # as all writers align the weights
        with open(name, "wb") as file:
            file.write(len(header).to_bytes(8, "little") + header)
            file.truncate(8 + len(header) + 4 * elements)
        self.expect_facts(name, kind="weights", parameters=elements, bytes=4 * elements)


if __name__ == "__main__":
    unittest.main()
