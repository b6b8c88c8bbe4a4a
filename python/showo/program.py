"""The command line that comes with the package: what trains and evaluates, in a process of its own."""
from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import torch

from .errors import Error, UsageError

PROGRAM = Path(__file__).parent / "showo"


def environment() -> dict[str, str]:
    """With the torch that is imported here, wherever it lies."""
    places = [str(Path(torch.__path__[0]) / "lib"), os.environ.get("LD_LIBRARY_PATH", "")]
    return dict(os.environ, LD_LIBRARY_PATH=":".join(place for place in places if place))


def main() -> None:
    os.execve(PROGRAM, [str(PROGRAM), *sys.argv[1:]], environment())


def start(arguments: list[str], **streams: object) -> subprocess.Popen[str]:
    """Ctrl-C of a terminal is this process's alone; it tells the program."""
    for argument in arguments:
        if "\0" in argument:
            raise UsageError(f"expected text, found a NUL character in {argument!r}")
    return subprocess.Popen([str(PROGRAM), *arguments], env=environment(), stdin=subprocess.DEVNULL, text=True, errors="replace",
                            start_new_session=True, **streams)  # type: ignore[call-overload, no-any-return]


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
