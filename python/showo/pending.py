"""Results on their way: tasks that are computed side by side, and answers that come in pieces."""
from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator
from typing import Any, Generic, TypeVar

from . import _showo
from .errors import UsageError

T = TypeVar("T")

# Between two looks at whether a signal has come. What is waited for is seen at once when it is there.
_SLICE = 0.05


class Answer(str):
    """A text of the model's; `complete` is False where it was cut at max_tokens or at the model's last position."""

    complete: bool

    def __new__(cls, text: str, complete: bool) -> Answer:
        answer = super().__new__(cls, text)
        answer.complete = complete
        return answer

    def __getnewargs__(self) -> tuple[str, bool]:  # type: ignore[override]
        return str(self), self.complete


def _may_wait() -> None:
    if _showo.inside_callback():
        raise UsageError("a callback may start tasks, but not wait for one: it would wait for itself")


def finished(running: _showo.Running) -> Any:
    """Its result. Ctrl-C, and whatever else is raised meanwhile, cancels it."""
    _may_wait()
    try:
        while not running.wait(_SLICE):
            pass
    except BaseException:
        running.cancel()
        while not running.wait(_SLICE):
            pass
        raise
    return running.result()


class Pending(Generic[T]):
    """A result to come. Any thread may use it. One that nobody holds any more is cancelled."""

    def __init__(self, running: _showo.Running, convert: Callable[[Any], T]):
        self._running = running
        self._convert = convert
        self._lock = threading.Lock()
        self._result: T | None = None
        self._error: BaseException | None = None
        self._taken = False

    def done(self) -> bool:
        return self._taken or self._running.wait(0)

    def cancel(self) -> None:
        """It leaves within the step that is being computed, and result() raises Cancelled; one that is done stays as it is."""
        self._running.cancel()

    def result(self, timeout: float | None = None) -> T:
        """Waits, so many seconds at most, and raises TimeoutError then; or what went wrong."""
        if timeout is not None and (isinstance(timeout, bool) or not isinstance(timeout, (int, float)) or not timeout >= 0):
            raise TypeError(f"timeout: expected seconds, at least 0, or None, found {timeout!r}")
        end = None if timeout is None else time.monotonic() + min(timeout, 1e9)
        if not self.done():
            _may_wait()
        while not self.done():
            left = _SLICE if end is None else min(_SLICE, end - time.monotonic())
            if left <= 0:
                raise TimeoutError(f"the task is not done after {timeout} s")
            self._running.wait(left)
        with self._lock:
            if not self._taken:
                try:
                    self._result = self._convert(self._running.result())
                except BaseException as error:
                    self._error = error
                self._taken = True
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value]

    def __await__(self) -> Generator[Any, None, T]:
        return self._wait().__await__()

    async def _wait(self) -> T:
        try:
            while not self.done():
                await asyncio.sleep(0.01)
        except asyncio.CancelledError:
            self.cancel()
            raise
        return self.result()


class TextStream(Iterator[str]):
    """The pieces of an answer as they are written. When they have ended, `answer` is the whole of it. Leaving the loop, or close(),
    stops the model within a token."""

    def __init__(self, start: Callable[[Callable[[int, str], None]], _showo.Running], convert: Callable[[Any], Answer]):
        self._pieces: queue.SimpleQueue[str] = queue.SimpleQueue()
        pieces = self._pieces
        self._task = Pending(start(lambda _, more: pieces.put(more)), convert)
        self._closed = False
        self.answer: Answer | None = None

    def __next__(self) -> str:
        if self._closed:
            raise StopIteration
        try:
            return self._next()
        except BaseException:
            self.close()
            raise

    def _next(self) -> str:
        while True:
            try:
                return self._pieces.get_nowait()
            except queue.Empty:
                pass
            if self._task.done():
                self.answer = self._task.result()  # the last piece may come with it
                try:
                    return self._pieces.get_nowait()
                except queue.Empty:
                    raise StopIteration from None
            _may_wait()
            try:
                return self._pieces.get(timeout=_SLICE / 5)
            except queue.Empty:
                pass

    def close(self) -> None:
        self._closed = True
        self._task.cancel()

    def __enter__(self) -> TextStream:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
