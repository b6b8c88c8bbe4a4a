"""Training and evaluation. They run in the program that comes with the package, as a process of its own: its memory is given back
whole, what ends it does not end the interpreter, and a run that was started here can go on from a shell, or the other way round."""
from __future__ import annotations

import json
import os
import signal
import subprocess
import tempfile
import time
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from . import _showo, program
from .arguments import function, path_text
from .errors import UsageError

_COMMANDS = {"showo": ("train", "model"), "codec": ("train-codec", "codec"), "clip": ("train-clip", "clip")}
_STOPPED = 75  # status of a run that was told to stop before its last step
_BETWEEN_LOOKS = 0.1


@dataclass(frozen=True)
class Run:
    """A run that ended."""

    folder: Path
    finished: bool  #: False: it was stopped; the same call goes on
    metrics: list[dict[str, Any]] = field(repr=False)  #: as logged, those of before it was resumed too
    model: Path  #: what was trained

    def _repr_svg_(self) -> str:
        return curves(self.folder)


def _merged(recipe: dict[str, Any], overrides: dict[str, Any]) -> dict[str, Any]:
    merged = dict(recipe)
    for key, value in overrides.items():
        below = merged.get(key)
        merged[key] = _merged(below, value) if isinstance(value, dict) and isinstance(below, dict) else value
    return merged


def _recipe_text(recipe: Any, overrides: Any) -> str | None:
    """None: the file as it is."""
    if overrides is not None and not isinstance(overrides, dict):
        raise TypeError(f"overrides: expected a dict, found {type(overrides).__name__}")
    if not isinstance(recipe, dict):
        path = path_text("recipe", recipe)
        if not overrides:
            return None
        recipe = json.loads(_showo.read_recipe(path))
        if not isinstance(recipe, dict):
            raise UsageError(f"{path}: expected keys and values")
    try:
        return json.dumps(_merged(recipe, overrides or {}), default=os.fspath)
    except (TypeError, ValueError, RecursionError) as error:
        raise TypeError(f"recipe: expected texts, numbers, lists and dicts: {error}") from None


def _end(process: subprocess.Popen[str]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        process.wait()


class Training:
    """A run on its way: a loop over it yields each line of its metrics as it is logged, with step, losses and rates. One that nobody
    holds any more, or whose interpreter ends, is stopped; it keeps what it learned."""

    def __init__(self, arguments: list[str], folder: Path, part: str, text: str | None):
        self.folder = folder
        self.metrics: list[dict[str, Any]] = []
        self._part = part
        self._scratch = tempfile.TemporaryDirectory(prefix="showo-")
        self._recipe = Path(self._scratch.name) / "recipe.yaml"
        if text is not None:
            self._recipe.write_text(text)
            arguments[1] = str(self._recipe)
        self._messages = Path(self._scratch.name) / "messages"
        with open(self._messages, "wb") as messages:
            self._process = program.start(arguments, stdout=subprocess.DEVNULL, stderr=messages)
        self._told_to_stop = False
        self._offset = 0
        self._seen: set[tuple[Any, bool]] = set()
        self._finalizer = weakref.finalize(self, _end, self._process)

    def done(self) -> bool:
        return self._process.poll() is not None

    def stop(self) -> None:
        """It finishes its step, saves and ends; the same call goes on later."""
        if self._told_to_stop:  # a second signal would end it before it has saved
            return
        self._told_to_stop = True
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        told = 0
        try:
            while True:
                ended = self.done()
                self._read()
                while told < len(self.metrics):
                    yield self.metrics[told]
                    told += 1
                if ended:
                    break
                time.sleep(_BETWEEN_LOOKS)
        except KeyboardInterrupt:
            self.stop()
            self._process.wait()
            raise
        self.result()

    def result(self) -> Run:
        """Waits. Raises what went wrong. Ctrl-C stops the run."""
        try:
            code = self._process.wait()
        except KeyboardInterrupt:
            self.stop()
            self._process.wait()
            raise
        self._read()
        stopped = code == _STOPPED or (self._told_to_stop and code == -signal.SIGTERM)
        if code != 0 and not stopped:
            messages = self._messages.read_text(errors="replace")
            raise program.failure(code, messages.replace(str(self._recipe), "recipe"))
        return Run(self.folder, code == 0, list(self.metrics), self.folder / "checkpoint" / self._part)

    def _read(self) -> None:
        """What was logged since. A run that goes on cuts the lines after its checkpoint off and logs them again."""
        path = self.folder / "metrics.jsonl"
        if not path.exists():
            return
        with open(path, "rb") as file:
            if file.seek(0, os.SEEK_END) < self._offset:
                self._offset = 0
            file.seek(self._offset)
            whole, end, _ = file.read().rpartition(b"\n")
        self._offset += len(whole) + len(end)
        for text in whole.splitlines():
            try:
                line = json.loads(text)
            except ValueError:  # the middle of a line, of a file that was cut and has grown again
                self._offset = 0
                return
            kind = (line.get("step"), "eval_loss" in line)
            if kind not in self._seen:
                self._seen.add(kind)
                self.metrics.append(line)


def start_train(recipe: str | os.PathLike[str] | dict[str, Any], *, out: str | os.PathLike[str], what: str = "showo",
                steps: int | None = None, device: str = "cpu", overrides: dict[str, Any] | None = None) -> Training:
    """train() without waiting."""
    if what not in _COMMANDS:
        raise UsageError(f"what: expected showo, codec or clip, found {what!r}")
    if steps is not None and (isinstance(steps, bool) or not isinstance(steps, int)):
        raise TypeError(f"steps: expected a whole number or None, found {steps!r}")
    if not isinstance(device, str):
        raise TypeError(f"device: expected a text, found {type(device).__name__}")
    command, part = _COMMANDS[what]
    folder = path_text("out", out)
    text = _recipe_text(recipe, overrides)
    arguments = [command, "" if isinstance(recipe, dict) else path_text("recipe", recipe), f"--out={folder}", f"--device={device}"]
    if steps is not None:
        arguments.append(f"--steps={steps}")
    return Training(arguments, Path(folder), part, text)


def train(recipe: str | os.PathLike[str] | dict[str, Any], *, out: str | os.PathLike[str], what: str = "showo",
          steps: int | None = None, device: str = "cpu", overrides: dict[str, Any] | None = None,
          on_log: Callable[[dict[str, Any]], Any] | None = None) -> Run:
    """Trains what a recipe describes, a YAML file or a dict: Show-o, or `what` else, codec or clip. `overrides` change keys of the
    recipe, `steps` their number. The run lies in the folder `out`, and goes on where it stopped when there is one. on_log sees each
    line of the metrics; returning False, it stops the run after the step, as Ctrl-C does."""
    function("on_log", on_log)
    training = start_train(recipe, out=out, what=what, steps=steps, device=device, overrides=overrides)
    try:
        for line in training:
            if on_log is not None and on_log(line) is False:
                training.stop()
    except BaseException:
        training._finalizer()
        raise
    return training.result()


def curves(run: str | os.PathLike[str], metrics: list[str] | None = None) -> str:
    """A run's curves, as an SVG picture's text; all of its metrics or those named. A notebook shows a Run so."""
    with tempfile.TemporaryDirectory(prefix="showo-") as scratch:
        out = Path(scratch) / "curves.svg"
        chosen = [f"--metrics={','.join(metrics)}"] if metrics else []
        program.output(["plot", path_text("run", run), f"--out={out}", *chosen])
        return out.read_text()


def evaluate(*what: str | os.PathLike[str], **flags: Any) -> dict[str, Any]:
    """Figures of a model, as `showo eval` reports them: of shards of the emoji world, or of a benchmark that is named first.

        showo.evaluate("data/emoji/compositions.tar", scenes=100, recogniser="runs/recogniser")
        showo.evaluate("pope", data="POPE", model="show-o", llm="phi-1_5", codec="magvitv2")

    Flags have the names of the program's, with _ for -; True is a flag alone, a list one with several values."""
    arguments = ["eval"]
    for word in what:
        text = path_text("what", word)
        if text.startswith("-"):
            raise UsageError(f"what: expected a benchmark or files, found {text!r}")
        arguments.append(text)
    for name, value in flags.items():
        values = [] if value is None or value is False else value if isinstance(value, (list, tuple)) else [value]
        flag = "--" + name.replace("_", "-")
        arguments += [flag if one is True else f"{flag}={one}" for one in map(_flag_value, values)]
    return json.loads(program.output([*arguments, "--json"]))  # type: ignore[no-any-return]


def _flag_value(value: Any) -> Any:
    if value is True or isinstance(value, (int, float, str)):
        return value
    return path_text("flags", value)
