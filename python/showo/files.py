"""Files as the command line reads them, and those that come with the package."""
from __future__ import annotations

import os
from pathlib import Path

import PIL.Image

from . import _showo
from .arguments import flag, path_text


def read_image(path: str | os.PathLike[str]) -> PIL.Image.Image:
    """PNG, JPEG or WebP, whatever it holds, turned as its EXIF says, alpha laid over white: the pixels that the command line
    reads."""
    return PIL.Image.fromarray(_showo.read_image(path_text("path", path)))


def read_mask(path: str | os.PathLike[str], inverted: bool = False) -> PIL.Image.Image:
    """A mask of inpainting: its luminance, alpha laid over black. `inverted`: what is black or transparent is drawn anew."""
    return PIL.Image.fromarray(_showo.read_mask(path_text("path", path), flag("inverted", inverted)))


def shared_path(name: str) -> Path:
    """A file or folder that comes with the package: models/embedded, models/phi-tokenizer, configs."""
    return Path(_showo.shared_path(name))
