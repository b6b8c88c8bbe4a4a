"""Several turns about pictures, each of which sees those before it."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, overload

from . import _showo
from .arguments import flag
from .options import documented
from .pending import Answer, TextStream, finished

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Text


def _answer(said: Any) -> Answer:
    return Answer(*said)


class Chat:
    """Made by Model.chat. One question at a time; another meanwhile is an UsageError."""

    def __init__(self, model: _showo.Model, chat: _showo.Chat):
        self._model = model
        self._chat = chat

    @overload
    def ask(self, question: str, *, stream: Literal[False] = False, seed: int = 0, **text: Unpack[Text]) -> Answer: ...
    @overload
    def ask(self, question: str, *, stream: Literal[True], seed: int = 0, **text: Unpack[Text]) -> TextStream: ...
    @documented("text")
    def ask(self, question: str, *, stream: bool = False, seed: int = 0, **text: Any) -> Answer | TextStream:
        """The answer, which becomes part of the conversation; with `stream` its pieces as they are written. Raises UsageError for a
        question without a word, and when the model's positions are used up: the turns so far stay as they are then."""

        def start(on_text: Any) -> _showo.Running:
            return self._model.chat_ask(self._chat, question, seed, text, on_text)

        return TextStream(start, _answer) if flag("stream", stream) else _answer(finished(start(None)))

    @property
    def turns(self) -> list[tuple[str, str]]:
        """Questions and answers so far."""
        return self._chat.turns()
