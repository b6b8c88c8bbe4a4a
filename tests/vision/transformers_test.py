"""CLIP of the published size, L/14 of 336 pixels, against transformers' with random weights, and a folder that this
project writes read by transformers. Skipped, and said so, where transformers cannot be imported."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

PROGRAM = sys.argv.pop(1)
SKIPPED = 77  # CTest's SKIP_RETURN_CODE

try:
    import torch
    from safetensors.torch import load_file, save_file
    from transformers import CLIPImageProcessor, CLIPModel, CLIPVisionConfig, CLIPVisionModel
except ImportError as error:
    print(f"skipped: {error}; `pip install transformers` into this Python, {sys.executable}, to run it")
    sys.exit(SKIPPED)


def ask(test, **environment):
    result = subprocess.run([PROGRAM, f"--gtest_filter=BesideTransformers.{test}"], env=os.environ | environment,
                            capture_output=True, text=True, timeout=600)
    assert result.returncode == 0 and "[  PASSED  ] 1 test" in result.stdout, result.stdout + result.stderr


class Transformers(unittest.TestCase):
    def test_the_published_size_makes_the_same_features(self):
        config = CLIPVisionConfig(hidden_size=1024, intermediate_size=4096, num_hidden_layers=24, num_attention_heads=16,
                                  image_size=336, patch_size=14, projection_dim=768)
        torch.manual_seed(0)
        tower = CLIPVisionModel(config).eval()
        pictures = torch.randn(1, 3, 336, 336)
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            features = tower(pictures, output_hidden_states=True).hidden_states[-2][:, 1:].contiguous()
            self.assertEqual(features.shape, (1, 576, 1024))
            tower.save_pretrained(folder)
            save_file({"pictures": pictures, "features": features}, Path(folder) / "case.safetensors")
            ask("MakesTheFeaturesOfAFolder", SHOWO_CLIP_FOLDER=folder)
            with self.assertRaises(AssertionError):  # other features are told apart
                save_file({"pictures": pictures, "features": features * 1.001}, Path(folder) / "case.safetensors")
                ask("MakesTheFeaturesOfAFolder", SHOWO_CLIP_FOLDER=folder)

    def test_transformers_reads_what_this_project_writes(self):
        with tempfile.TemporaryDirectory() as folder, torch.no_grad():
            ask("WritesAFolder", SHOWO_CLIP_OUT=folder)
            model, loading = CLIPModel.from_pretrained(folder, output_loading_info=True)
            self.assertFalse(any(loading.values()), loading)
            case = load_file(Path(folder) / "case.safetensors")
            found = model.eval()(input_ids=case["ids"], pixel_values=case["pictures"])
            torch.testing.assert_close(found.image_embeds, case["picture_embeddings"], rtol=1e-4, atol=1e-5)
            torch.testing.assert_close(found.text_embeds, case["text_embeddings"], rtol=1e-4, atol=1e-5)
            processor = CLIPImageProcessor.from_pretrained(folder)
            self.assertEqual((processor.crop_size["height"], processor.size["shortest_edge"]), (32, 32))


if __name__ == "__main__":
    unittest.main()
