"""Texts and pictures in turns: a story's frames."""
from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import PIL.Image
import torch

from .arguments import code_array, image, pixels


@dataclass(frozen=True, eq=False)
class Frame:
    text: str  #: empty: a picture that stands for itself
    picture: PIL.Image.Image
    codes: torch.Tensor | None = None  #: what the model sees of the picture; None: what its pixels give


def frame_of(made: Any) -> Frame:
    text, array, codes = made
    return Frame(text, image(array), torch.from_numpy(codes))


def given_frame(frame: Any) -> tuple[str, Any, Any]:
    """A frame, or a picture alone, as the extension module takes it."""
    if not isinstance(frame, Frame):
        return "", pixels("before", frame), None
    codes = None if frame.codes is None else code_array("before", frame.codes)
    if codes is not None and codes.ndim != 1:
        raise TypeError(f"before: expected the codes of one picture, found {list(codes.shape)}")
    return frame.text, pixels("before", frame.picture), codes
