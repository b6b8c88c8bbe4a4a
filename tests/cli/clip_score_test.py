"""CLIP score against transformers' CLIPModel and CLIPTokenizer with random weights, for whole folders as transformers saves them.
Skipped, and says so, where TORCH_PYTHON has no transformers.

    python clip_score_test.py PROGRAM"""
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image
from random_weights import TEXT, VISION, clip_folder

try:
    import torch
    from transformers import CLIPConfig, CLIPModel, CLIPTokenizer
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)

TEXTS = ["A Red balloon drifts", "the baker's 12 rolls!", "Über den Dächern", "a harbour " * 40]
SIZES = [(32, 32), (91, 40), (33, 64), (200, 150)]
MEAN, DEVIATION = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def pixels(picture, side):
    """As CLIP's processor has it: the shorter side by Pillow's bicubic, the centre."""
    width, height = picture.size
    shorter = min(width, height)
    picture = picture.resize((side * width // shorter, side * height // shorter), Image.BICUBIC)
    left, top = (picture.width - side) // 2, (picture.height - side) // 2
    values = np.asarray(picture.crop((left, top, left + side, top + side)), np.float32) / 255
    return torch.tensor((values - np.float32(MEAN)) / np.float32(DEVIATION)).permute(2, 0, 1)


def main(program):
    with tempfile.TemporaryDirectory() as scratch, torch.no_grad():
        published = clip_folder(Path(scratch) / "published", seed=3)
        model = CLIPModel.from_pretrained(published).eval()
        tokenizer = CLIPTokenizer.from_pretrained(published)
        saved = Path(scratch) / "saved"
        model.save_pretrained(saved)
        tokenizer.save_pretrained(saved)
        pictures = Path(scratch) / "pictures"
        pictures.mkdir()
        rng = np.random.default_rng(1)
        expected, depicts = {}, []
        for i, (text, size) in enumerate(zip(TEXTS, SIZES)):
            picture = Image.fromarray(rng.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
            picture.save(pictures / f"{i}.png")
            (pictures / f"{i}.txt").write_text(text)
            image = model.get_image_features(pixels(picture, VISION["image_size"])[None])
            image = getattr(image, "pooler_output", image)
            cosines = []
            for words in (text, "A photo depicts " + text):
                ids = tokenizer(words, truncation=True, max_length=TEXT["max_position_embeddings"], return_tensors="pt").input_ids
                features = model.get_text_features(ids)
                features = getattr(features, "pooler_output", features)
                cosines.append(torch.cosine_similarity(image, features).item())
            expected[f"{i}.png"], _ = 100 * cosines[0], depicts.append(max(cosines[1], 0))
        for folder in (published, saved):
            done = subprocess.run([program, "eval", "clip-score", "--data", pictures, "--clip", folder, "--json"], capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            largest = max(abs(found["pictures"][name] - value) for name, value in expected.items())
            assert largest < 1e-3, (found["pictures"], expected)
            assert abs(found["official"]["clip_score"] - max(np.mean(list(expected.values())), 0)) < 1e-3, found
            assert abs(found["official"]["clipscore"] - 2.5 * np.mean(depicts)) < 1e-4, (found, depicts)
            print(f"{folder.name}: cosines of {sorted(expected.values())[0]:.2f} to {sorted(expected.values())[-1]:.2f} agree to {largest:.1e}")


if __name__ == "__main__":
    main(sys.argv[1])
