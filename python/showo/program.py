"""The command line that comes with the package: what trains and evaluates, in a process of its own."""
from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import weakref
from pathlib import Path

import torch

from .errors import Error, UsageError

PROGRAM = Path(__file__).parent / "showo"

# The writing ends of the pipes that programs have as their input. When this process ends, however it does, the system closes them,
# and the programs stop. (PR_SET_PDEATHSIG would stop them when the thread that started them ends, as a notebook's may.)
_held: weakref.WeakSet[io.FileIO] = weakref.WeakSet()


def _let_go() -> None:
    for end in list(_held):
        end.close()


os.register_at_fork(after_in_child=_let_go)  # what is forked may live longer


def environment() -> dict[str, str]:
    """With the torch that is imported here, wherever it lies."""
    places = [str(Path(torch.__path__[0]) / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(place for place in places if place))


def main() -> None:
    os.execve(PROGRAM, [str(PROGRAM), *sys.argv[1:]], environment())


def start(arguments: list[str], **streams: object) -> subprocess.Popen[str]:
    """Ctrl-C of a terminal is this process's alone; it tells the program. The program stops, as by SIGTERM, when this process has
    ended without telling it."""
    for argument in arguments:
        if "\0" in argument:
            raise UsageError(f"expected text, found a NUL character in {argument!r}")
    reading, writing = os.pipe()
    end = io.FileIO(writing, "w")
    _held.add(end)
    try:
        process: subprocess.Popen[str] = subprocess.Popen(
            [str(PROGRAM), *arguments], env=dict(environment(), SHOWO_END_WITH_INPUT="1"), stdin=reading, text=True, errors="replace",
            start_new_session=True, **streams)  # type: ignore[call-overload]
    except BaseException:
        end.close()
        raise
    finally:
        os.close(reading)
    weakref.finalize(process, end.close)
    return process


def failure(code: int, messages: str) -> Error:
    """What a program that ended with this status said last."""
    said = [line.removeprefix("showo: ") for line in messages.splitlines() if line.startswith("showo: ")]
    if code < 0:
        return Error(f"the program was ended by {signal.Signals(-code).name}")
    return (UsageError if code == 2 else Error)(said[-1] if said else f"the program ended with status {code}")


def output(arguments: list[str]) -> str:
    """What the program prints. Ctrl-C ends it."""
    process = start(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        printed, messages = process.communicate()
    except BaseException:
        process.terminate()
        process.communicate()
        raise
    if process.returncode != 0:
        raise failure(process.returncode, messages)
    return printed
