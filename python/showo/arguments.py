"""Arguments as the extension module takes them: pictures and codes as arrays, from Pillow, NumPy or torch. Whatever does not fit
is an exception that names the argument."""
from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import PIL.Image
import PIL.ImageOps
import torch

from .errors import UsageError

#: What pictures are given as.
Picture = PIL.Image.Image | np.ndarray | torch.Tensor

_PICTURES = "a PIL image, a uint8 array [height, width, 3] or a tensor [3, height, width] or [height, width, 3]"
_MOST_PIXELS = 128_000_000  # as of any file that is read


def path_text(name: str, path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{name}: expected a path, found {type(path).__name__}")
    found = os.fspath(path)
    if not isinstance(found, str):
        raise TypeError(f"{name}: expected a path of text, found {type(found).__name__}")
    if "\0" in found:
        raise UsageError(f"{name}: expected a path, found one with a NUL character")
    return found


def function(name: str, value: Any) -> Callable[..., Any] | None:
    if value is not None and not callable(value):
        raise TypeError(f"{name}: expected a function or None, found {type(value).__name__}")
    return value


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name}: expected True or False, found {type(value).__name__}")
    return value


def is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _refuse(name: str, found: str, expected: str = _PICTURES) -> TypeError:
    return TypeError(f"{name}: expected {expected}, found {found}")


def _described(array: Any) -> str:
    kind = "an array" if isinstance(array, np.ndarray) else "a tensor"
    return f"{kind} of {str(array.dtype).removeprefix('torch.')} {list(array.shape)}"


def _laid_over(rgba: np.ndarray, ground: int) -> np.ndarray:
    alpha = rgba[..., 3:].astype(np.int32)
    return ((rgba[..., :3] * alpha + ground * (255 - alpha) + 127) // 255).astype(np.uint8)


def _of_pil(name: str, picture: PIL.Image.Image, ground: int) -> np.ndarray:
    picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I;16"):
        deep = np.asarray(picture).astype(np.int64)
        return np.repeat(((deep * 255 + 32767) // 65535).astype(np.uint8)[..., None], 3, axis=2)
    if picture.mode in ("I", "F"):
        raise _refuse(name, f"a PIL image of mode {picture.mode}", "a picture of 8 or 16 bits")
    if picture.has_transparency_data:
        return _laid_over(np.asarray(picture.convert("RGBA")), ground)
    return np.asarray(picture.convert("RGB"))


def _of_tensor(name: str, tensor: torch.Tensor, mask: bool) -> np.ndarray:
    if tensor.device.type != "cpu":
        raise _refuse(name, f"one on {tensor.device}", "a tensor on the CPU")
    if tensor.layout != torch.strided:
        raise _refuse(name, f"one of layout {tensor.layout}", "a dense tensor")
    tensor = tensor.detach()
    if tensor.dtype in (torch.float16, torch.bfloat16, torch.float32, torch.float64):
        wide = tensor.double()
        if tensor.numel() and not bool(((wide >= 0) & (wide <= 1)).all()):
            raise UsageError(f"{name}: expected numbers from 0 to 1, found {float(wide.min())} to {float(wide.max())}")
        tensor = (wide * 255).round().to(torch.uint8)
    elif tensor.dtype != torch.uint8 and not (mask and tensor.dtype == torch.bool):
        raise _refuse(name, _described(tensor), "uint8, or floating-point numbers from 0 to 1")
    if tensor.dim() == 3 and tensor.shape[0] == 3:
        tensor = tensor.permute(1, 2, 0)
    return tensor.numpy()


def pixels(name: str, picture: Any, mask: bool = False) -> np.ndarray:
    """uint8 [height, width, 3]. A mask may have one channel, and bools."""
    if isinstance(picture, PIL.Image.Image):
        array = _of_pil(name, picture, 0 if mask else 255)
    elif isinstance(picture, torch.Tensor):
        array = _of_tensor(name, picture, mask)
    elif isinstance(picture, np.ndarray):
        array = np.asarray(picture)
    else:
        hint = "; showo.read_image reads a file" if isinstance(picture, (str, os.PathLike)) else ""
        raise _refuse(name, type(picture).__name__ + hint)
    if mask and array.dtype == np.bool_:
        array = array.astype(np.uint8) * 255
    if mask and array.ndim == 2:
        array = np.broadcast_to(array[..., None], (*array.shape, 3))
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise _refuse(name, _described(picture))
    height, width = array.shape[:2]
    if not 1 <= height * width <= _MOST_PIXELS:
        raise UsageError(f"{name}: expected 1 to {_MOST_PIXELS} pixels, found {width} x {height}")
    return np.ascontiguousarray(array)


def code_array(name: str, codes: Any) -> np.ndarray:
    """int64 [codes] or [pictures, codes], in the memory of what is given where that is dense."""
    if isinstance(codes, torch.Tensor):
        if codes.device.type != "cpu" or codes.layout != torch.strided or codes.dtype != torch.int64:
            raise _refuse(name, f"{_described(codes)} on {codes.device}", "an int64 tensor on the CPU")
        array = codes.detach().numpy()
    elif isinstance(codes, np.ndarray):
        array = np.asarray(codes)
    elif is_list(codes) and all(isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**63 for code in codes):
        array = np.array(codes, dtype=np.int64)
    else:
        raise _refuse(name, type(codes).__name__, "an int64 tensor or array, or a list of whole numbers")
    if array.dtype != np.int64 or array.ndim not in (1, 2):
        raise _refuse(name, _described(codes), "int64 [codes] or [pictures, codes]")
    return np.ascontiguousarray(array)


def image(array: np.ndarray) -> PIL.Image.Image:
    return PIL.Image.fromarray(array)
