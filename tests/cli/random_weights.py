"""Weights of the networks that judge pictures, in their published files, drawn at random."""
import json
import shutil
import struct
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parents[2]
INCEPTION_CASE = ROOT / "tests/eval/data/inception.safetensors"
TEXT = dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, vocab_size=655,
            max_position_embeddings=24, bos_token_id=653, eos_token_id=654, pad_token_id=654)
VISION = dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2, image_size=32, patch_size=8)


def tower(name, config):
    width, middle = config["hidden_size"], config["intermediate_size"]
    for i in range(config["num_hidden_layers"]):
        layer = f"{name}.encoder.layers.{i}."
        for part in ("k", "v", "q", "out"):
            yield layer + f"self_attn.{part}_proj", (width, width)
        yield layer + "layer_norm1", (width,)
        yield layer + "mlp.fc1", (middle, width)
        yield layer + "mlp.fc2", (width, middle)
        yield layer + "layer_norm2", (width,)


def clip_folder(folder, seed=0):
    """A whole CLIPModel with CLIP's tokenizer as it was published, small."""
    folder = Path(folder)
    folder.mkdir(parents=True)
    generator = torch.Generator().manual_seed(seed)
    weights = {"logit_scale": torch.tensor(2.6)}

    def draw(name, shape):
        noise = torch.randn(shape, generator=generator)
        weights[name] = 1 + 0.2 * noise if "norm" in name and name.endswith("weight") else 0.3 * noise

    for name, shape in [*tower("text_model", TEXT), *tower("vision_model", VISION), ("text_model.final_layer_norm", (16,)),
                        ("vision_model.pre_layrnorm", (12,)), ("vision_model.post_layernorm", (12,))]:
        draw(name + ".weight", shape)
        draw(name + ".bias", shape[:1])
    for name, shape in (("text_model.embeddings.token_embedding.weight", (655, 16)),
                        ("text_model.embeddings.position_embedding.weight", (24, 16)),
                        ("vision_model.embeddings.class_embedding", (12,)),
                        ("vision_model.embeddings.patch_embedding.weight", (12, 3, 8, 8)),
                        ("vision_model.embeddings.position_embedding.weight", (17, 12)),
                        ("visual_projection.weight", (10, 12)), ("text_projection.weight", (10, 16))):
        draw(name, shape)
    torch.save(weights, folder / "pytorch_model.bin")
    config = {"model_type": "clip", "projection_dim": 10, "text_config": TEXT, "vision_config": VISION}
    (folder / "config.json").write_text(json.dumps(config))
    for name in ("vocab.json", "merges.txt"):
        shutil.copy(ROOT / "tests/text/data/clip_files" / name, folder)
    return folder


def read_safetensors(path):
    data = Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    entries = json.loads(data[8:8 + size])
    entries.pop("__metadata__", None)
    return {name: torch.frombuffer(bytearray(data[8 + size + entry["data_offsets"][0]:8 + size + entry["data_offsets"][1]]),
                                   dtype=torch.float32).reshape(entry["shape"]) for name, entry in entries.items()}


def inception_shapes():
    """Names and shapes of FID's network, block by block, as tests/eval/data/make_inception.py has them from pytorch-fid."""
    def conv(name, out, i, rows=1, columns=1):
        return [(name + ".conv.weight", (out, i, rows, columns))] + [
            (f"{name}.bn.{part}", (out,)) for part in ("weight", "bias", "running_mean", "running_var")]

    def block(name, i, *branches, pool=None):
        found = []
        for branch in branches:
            channels, before = i, i
            for step, out, *kernel in branch:
                if not step.endswith("b"):  # 2b and 3b read what 2a and 3a read
                    before = channels
                found += conv(f"{name}.{step}", out, before, *kernel)
                channels = out
        return found + (conv(name + ".branch_pool", pool, i) if pool else [])

    def wide(name, i, pool):
        return block(name, i, [("branch1x1", 64)], [("branch5x5_1", 48), ("branch5x5_2", 64, 5, 5)],
                     [("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 3), ("branch3x3dbl_3", 96, 3, 3)], pool=pool)

    def middle(name, c):
        return block(name, 768, [("branch1x1", 192)], [("branch7x7_1", c), ("branch7x7_2", c, 1, 7), ("branch7x7_3", 192, 7, 1)],
                     [("branch7x7dbl_1", c), ("branch7x7dbl_2", c, 7, 1), ("branch7x7dbl_3", c, 1, 7), ("branch7x7dbl_4", c, 7, 1),
                      ("branch7x7dbl_5", 192, 1, 7)], pool=192)

    def last(name, i):
        return block(name, i, [("branch1x1", 320)], [("branch3x3_1", 384), ("branch3x3_2a", 384, 1, 3), ("branch3x3_2b", 384, 3, 1)],
                     [("branch3x3dbl_1", 448), ("branch3x3dbl_2", 384, 3, 3), ("branch3x3dbl_3a", 384, 1, 3),
                      ("branch3x3dbl_3b", 384, 3, 1)], pool=192)

    return dict(
        conv("Conv2d_1a_3x3", 32, 3, 3, 3) + conv("Conv2d_2a_3x3", 32, 32, 3, 3) + conv("Conv2d_2b_3x3", 64, 32, 3, 3) +
        conv("Conv2d_3b_1x1", 80, 64) + conv("Conv2d_4a_3x3", 192, 80, 3, 3) +
        wide("Mixed_5b", 192, 32) + wide("Mixed_5c", 256, 64) + wide("Mixed_5d", 288, 64) +
        block("Mixed_6a", 288, [("branch3x3", 384, 3, 3)],
              [("branch3x3dbl_1", 64), ("branch3x3dbl_2", 96, 3, 3), ("branch3x3dbl_3", 96, 3, 3)]) +
        middle("Mixed_6b", 128) + middle("Mixed_6c", 160) + middle("Mixed_6d", 160) + middle("Mixed_6e", 192) +
        block("Mixed_7a", 768, [("branch3x3_1", 192), ("branch3x3_2", 320, 3, 3)],
              [("branch7x7x3_1", 192), ("branch7x7x3_2", 192, 1, 7), ("branch7x7x3_3", 192, 7, 1), ("branch7x7x3_4", 192, 3, 3)]) +
        last("Mixed_7b", 1280) + last("Mixed_7c", 2048))


def inception_file(path):
    """As tests/eval/data/make_inception.py draws them, with what the published file has beside."""
    generator = torch.Generator().manual_seed(6)
    weights = {}
    for name, shape in sorted(inception_shapes().items()):
        noise = torch.randn(shape, generator=generator)
        if name.endswith("running_var"):
            noise = torch.exp(0.2 * noise)
        elif name.endswith("bn.weight"):
            noise = 1 + 0.1 * noise
        else:
            noise = noise * (2 / noise[0].numel()) ** 0.5 if noise.dim() == 4 else 0.1 * noise
        weights[name] = noise
    weights |= {"fc.weight": torch.zeros(1008, 2048), "fc.bias": torch.zeros(1008)}
    torch.save(weights, path)
    return path
