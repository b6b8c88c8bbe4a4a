"""Writes tests/codec/data/features: a narrow EfficientNet-Lite of random weights, a random picture and its features as
PyPI's efficientnet-lite-pytorch 0.1.0 computes them.

usage: pip install --target FOLDER --no-deps efficientnet-lite-pytorch==0.1.0; PYTHONPATH=FOLDER make_feature_case.py
"""
from pathlib import Path

import torch
from convert_features import write_features, write_safetensors
from efficientnet_lite_pytorch import EfficientNet

OUT = Path(__file__).resolve().parents[1] / "tests/codec/data/features"


def randomise(model):
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 2)
        elif name.endswith("running_mean") or name.endswith("bias"):
            tensor.normal_(0, 0.3)
        elif tensor.dim() == 1:
            tensor.uniform_(0.5, 1.5)
        elif tensor.dim() == 4:
            tensor.normal_(0, (2 / tensor[0].numel()) ** 0.5)


def main():
    torch.manual_seed(1)
    model = EfficientNet.from_name(
        "efficientnet-lite0", width_coefficient=1 / 16, depth_coefficient=0.5, depth_divisor=2, fix_head_stem=False, image_size=None
    ).eval()
    ends, widths, repeats = {}, [], []
    for block in model._blocks:
        if block._block_args.stride != 1:  # the package gives repeated blocks a number, a stage's first one a list
            widths.append(block._block_args.output_filters)
            repeats.append(0)
        repeats[-1] += 1
        ends[len(widths) - 1] = block
    assert len(widths) == 7, widths
    expected = {}
    for depth, stage in enumerate([0, 1, 2, 4]):
        ends[stage].register_forward_hook(lambda _, __, y, depth=depth: expected.__setitem__(f"depth{depth}", y))
    with torch.no_grad():
        randomise(model)
        picture = torch.rand(1, 3, 45, 64) * 2 - 1
        expected["last"] = model.extract_features((picture * 127.5 + 127.5 - 127) / 128)
    expected["picture"] = picture
    config = {"stem": model._conv_stem.out_channels, "widths": widths, "repeats": repeats, "head": model._conv_head.out_channels}
    write_features(OUT, config, model.state_dict())
    write_safetensors(OUT / "expected.safetensors", expected)
    print(config, {name: list(tensor.shape) for name, tensor in expected.items()})


if __name__ == "__main__":
    main()
