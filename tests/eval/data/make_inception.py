"""Writes inception.safetensors beside it: what pytorch-fid's network makes of two pictures with random weights, which the test draws
again. Needs torch, safetensors and pytorch-fid; of torchvision, whose blocks that one derives from, the few lines below.

    python tests/eval/data/make_inception.py
"""
import sys
import types
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import nn

HERE = Path(__file__).resolve().parent


class Conv(nn.Module):
    def __init__(self, i, o, **kernel):
        super().__init__()
        self.conv = nn.Conv2d(i, o, bias=False, **kernel)
        self.bn = nn.BatchNorm2d(o, eps=0.001)

    def forward(self, x):
        return torch.relu(self.bn(self.conv(x)))


def block(table):
    """A block whose convolutions are (name, in, out, kernel, padding); in and out may depend on the block's argument."""
    class Block(nn.Module):
        def __init__(self, *arguments, **named):
            super().__init__()
            for name, i, o, kernel, padding, *stride in table(*arguments, *named.values()):
                setattr(self, name, Conv(i, o, kernel_size=kernel, padding=padding, stride=stride[0] if stride else 1))
    return Block


A = block(lambda i, pool: [("branch1x1", i, 64, 1, 0), ("branch5x5_1", i, 48, 1, 0), ("branch5x5_2", 48, 64, 5, 2),
                           ("branch3x3dbl_1", i, 64, 1, 0), ("branch3x3dbl_2", 64, 96, 3, 1), ("branch3x3dbl_3", 96, 96, 3, 1),
                           ("branch_pool", i, pool, 1, 0)])
C = block(lambda i, c: [("branch1x1", i, 192, 1, 0), ("branch7x7_1", i, c, 1, 0), ("branch7x7_2", c, c, (1, 7), (0, 3)),
                        ("branch7x7_3", c, 192, (7, 1), (3, 0)), ("branch7x7dbl_1", i, c, 1, 0),
                        ("branch7x7dbl_2", c, c, (7, 1), (3, 0)), ("branch7x7dbl_3", c, c, (1, 7), (0, 3)),
                        ("branch7x7dbl_4", c, c, (7, 1), (3, 0)), ("branch7x7dbl_5", c, 192, (1, 7), (0, 3)),
                        ("branch_pool", i, 192, 1, 0)])
E = block(lambda i: [("branch1x1", i, 320, 1, 0), ("branch3x3_1", i, 384, 1, 0), ("branch3x3_2a", 384, 384, (1, 3), (0, 1)),
                     ("branch3x3_2b", 384, 384, (3, 1), (1, 0)), ("branch3x3dbl_1", i, 448, 1, 0),
                     ("branch3x3dbl_2", 448, 384, 3, 1), ("branch3x3dbl_3a", 384, 384, (1, 3), (0, 1)),
                     ("branch3x3dbl_3b", 384, 384, (3, 1), (1, 0)), ("branch_pool", i, 192, 1, 0)])


class B(block(lambda i: [("branch3x3", i, 384, 3, 0, 2), ("branch3x3dbl_1", i, 64, 1, 0), ("branch3x3dbl_2", 64, 96, 3, 1),
                         ("branch3x3dbl_3", 96, 96, 3, 0, 2)])):
    def forward(self, x):
        double = self.branch3x3dbl_3(self.branch3x3dbl_2(self.branch3x3dbl_1(x)))
        return torch.cat([self.branch3x3(x), double, nn.functional.max_pool2d(x, 3, 2)], 1)


class D(block(lambda i: [("branch3x3_1", i, 192, 1, 0), ("branch3x3_2", 192, 320, 3, 0, 2), ("branch7x7x3_1", i, 192, 1, 0),
                         ("branch7x7x3_2", 192, 192, (1, 7), (0, 3)), ("branch7x7x3_3", 192, 192, (7, 1), (3, 0)),
                         ("branch7x7x3_4", 192, 192, 3, 0, 2)])):
    def forward(self, x):
        long = self.branch7x7x3_4(self.branch7x7x3_3(self.branch7x7x3_2(self.branch7x7x3_1(x))))
        return torch.cat([self.branch3x3_2(self.branch3x3_1(x)), long, nn.functional.max_pool2d(x, 3, 2)], 1)


class Stem(nn.Module):
    """The layers outside the blocks that pytorch-fid replaces."""
    def __init__(self):
        super().__init__()
        self.Conv2d_1a_3x3 = Conv(3, 32, kernel_size=3, stride=2)
        self.Conv2d_2a_3x3 = Conv(32, 32, kernel_size=3)
        self.Conv2d_2b_3x3 = Conv(32, 64, kernel_size=3, padding=1)
        self.Conv2d_3b_1x1 = Conv(64, 80, kernel_size=1)
        self.Conv2d_4a_3x3 = Conv(80, 192, kernel_size=3)
        self.Mixed_6a, self.Mixed_7a = B(288), D(768)


def pytorch_fid():
    vision = types.ModuleType("torchvision")
    vision.__version__ = "0.20.0"
    vision.models = types.SimpleNamespace(
        inception=types.SimpleNamespace(InceptionA=A, InceptionC=C, InceptionE=E), inception_v3=lambda **_: Stem())
    sys.modules["torchvision"] = vision
    import pytorch_fid.inception as module
    return module


def draw(name, shape, generator):
    noise = torch.randn(shape, generator=generator)
    if name.endswith("running_var"):
        return torch.exp(0.2 * noise)
    if name.endswith("bn.weight"):
        return 1 + 0.1 * noise
    return noise * (2 / noise[0].numel()) ** 0.5 if noise.dim() == 4 else 0.1 * noise


def picture(width, height):
    c, y, x = torch.meshgrid(torch.arange(3), torch.arange(height), torch.arange(width), indexing="ij")
    return ((7 * x + 13 * y + 29 * c + x * y) % 256).float() / 255


def main():
    module = pytorch_fid()
    module.load_state_dict_from_url = lambda *_, **__: {}
    load, nn.Module.load_state_dict = nn.Module.load_state_dict, lambda *_, **__: None  # no file: random weights below
    named = {}
    built = module.fid_inception_v3()
    nn.Module.load_state_dict = load
    generator = torch.Generator().manual_seed(6)
    state = {name: tensor for name, tensor in built.state_dict().items() if not name.endswith("num_batches_tracked")}
    for name in sorted(state):
        named[name] = draw(name, tuple(state[name].shape), generator)
    built.load_state_dict(named, strict=False)
    module.fid_inception_v3 = lambda: built
    network = module.InceptionV3().eval()
    with torch.no_grad():
        features = torch.cat([network(picture(*size)[None])[0].flatten(1) for size in ((40, 56), (320, 310))])
    print(len(named), "tensors;", features.mean().item(), features.std().item(), features.abs().max().item())
    save_file({"features": features.contiguous()}, HERE / "inception.safetensors")
    return named


if __name__ == "__main__":
    main()
