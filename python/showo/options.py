"""The options of the library by name. What they mean and which values they may have is stated once, in C++: TABLES holds it, the
docstrings show it."""
from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypedDict, TypeVar

from . import _showo

#: load, sampling, text, redraw, story: name → {"help", "type", "default", "range"}, or {"help", "options"} of a table in it.
TABLES: dict[str, dict[str, Any]] = _showo.options

F = TypeVar("F", bound=Callable[..., Any])


class Limits(TypedDict, total=False):
    waiting: int
    running: int
    pictures: int
    pass_tokens: int
    cache_bytes: int
    prefix_bytes: int
    texts_between: int
    alone: bool


class Loading(TypedDict, total=False):
    llm: str
    codec: str
    clip: str
    dtype: str
    device: str
    bits: int
    limits: Limits | None


class Sampling(TypedDict, total=False):
    steps: int
    guidance: float
    guided: float
    refresh: int
    temperature: float
    code_temperature: float
    code_top_k: int
    commit_above: float
    schedule: str
    order: str
    negative_prompt: str


class Redrawing(Sampling, total=False):
    strength: float
    rounds: int


class Text(TypedDict, total=False):
    max_tokens: int
    temperature: float
    top_k: int
    top_p: float
    jacobi: int


class Telling(TypedDict, total=False):
    frames: int
    most_frames: int
    sampling: Sampling
    text: Text


def _lines(table: dict[str, Any], indent: str) -> list[str]:
    lines = []
    for name, about in table.items():
        more = f" ({about['range']})" if about.get("range") else ""
        lines.append(f"{indent}{name}: {about['help']}{more}")
        lines += _lines(about.get("options", {}), indent + "    ")
    return lines


def documented(*tables: str) -> Callable[[F], F]:
    """Adds the options of these tables to a function's docstring."""

    def add(call: F) -> F:
        lines = [line for table in tables for line in _lines(TABLES[table], "    ")]
        call.__doc__ = "\n".join([(call.__doc__ or "").rstrip(), "", "Options:", *lines])
        return call

    return add
