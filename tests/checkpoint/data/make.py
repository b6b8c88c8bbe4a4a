#!/usr/bin/env python3
"""Writes the torch.save files of this folder with torch 2.13: what real ones hold, and pickles that would do harm.

Every tensor counts up from 0 (floats in quarters) in the order of its elements, unless it is named otherwise.
"""
import os
import pickle
import zipfile
from argparse import Namespace
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent


def counted(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    count = torch.Size(shape).numel()
    step = 0.25 if dtype.is_floating_point else 1
    return (torch.arange(count, dtype=torch.float64) * step).to(dtype).reshape(shape)


def save(name: str, value: object, **options) -> None:
    torch.save(value, HERE / f"{name}.bin", **options)


def save_pickle(name: str, data: bytes) -> None:
    with zipfile.ZipFile(HERE / f"{name}.bin", "w", zipfile.ZIP_STORED) as archive:
        for member, content in (("data.pkl", data), ("byteorder", b"little"), ("version", b"3\n")):
            archive.writestr(zipfile.ZipInfo(f"{name}/{member}"), content)


class Call:
    """Pickles as a call of a function."""

    def __init__(self, function, *arguments) -> None:
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def make_tensors() -> None:
    dtypes = "float64 float32 float16 bfloat16 int64 int32 int16 int8 uint8".split()
    dictionary = {name: counted(2, 3, dtype=getattr(torch, name)) for name in dtypes}
    dictionary["bool"] = torch.tensor([True, False, True])
    save("dtypes", dictionary)
    save("protocol4", dictionary, pickle_protocol=4)

    base = counted(4, 6)
    save(
        "views",
        {
            "transposed": base.t(),
            "rows": base[1:3],
            "every_second": base[:, ::2],
            "expanded": base[:1, :1].expand(3, 2),
            "scalar": base[2, 3],
            "empty": torch.empty(0, 3),
            "empty_view": base[:, 6:],
            "one_more": base,
        },
    )

    module = torch.nn.Sequential(OrderedDict(first=torch.nn.Linear(3, 2), norm=torch.nn.BatchNorm1d(2)))
    for tensor in module.state_dict().values():
        tensor.copy_(counted(*tensor.shape, dtype=tensor.dtype))
    save("module", module.state_dict())
    checkpoint = {"epoch": 3, "loss": 0.5, "done": False, "betas": (0.9, 0.99), "history": [1, 2], "best": None}
    save("training", {**checkpoint, "state_dict": dict(module.named_parameters())})
    save("no_tensor", checkpoint)


def make_harm() -> None:
    for protocol in (2, 4):
        save_pickle(f"system{protocol}", pickle.dumps({"weight": Call(os.system, "true")}, protocol))
        save_pickle(f"eval{protocol}", pickle.dumps({"weight": Call(eval, "1 + 1")}, protocol))
        save_pickle(f"object{protocol}", pickle.dumps({"weight": Namespace(seed=1)}, protocol))


if __name__ == "__main__":
    make_tensors()
    make_harm()
