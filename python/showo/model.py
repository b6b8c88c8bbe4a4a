"""The model: pictures from text, pictures changed, questions, stories, codes."""
from __future__ import annotations

import atexit
import os
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
import PIL.Image
import torch

from . import _showo
from .arguments import Picture, code_array, flag, function, image, is_list, path_text, pixels
from .chat import Chat
from .errors import UsageError
from .options import documented
from .stories import Frame, frame_of, given_frame
from .pending import Answer, Pending, TextStream, finished

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .options import Loading, Redrawing, Sampling, Telling, Text

_open: weakref.WeakSet[Model] = weakref.WeakSet()


class Step:
    """A step of a picture that is being drawn, as on_step is given it: there while the function runs, not longer."""

    def __init__(self, step: _showo.Step):
        self._step = step

    @property
    def picture(self) -> int:
        """Of the call's pictures, or of a story's frames; from 0."""
        return self._step.picture

    @property
    def number(self) -> int:
        """From 0."""
        return self._step.number

    @property
    def codes(self) -> torch.Tensor:
        """int64 [tokens] as drawn in this step, -1 where it is masked again."""
        return torch.from_numpy(self._step.codes())

    def image(self) -> PIL.Image.Image:
        """What the picture would be by now. Takes the image tokenizer's time."""
        return image(self._step.image())


OnStep = Callable[[Step], Any]
OnFrame = Callable[[int, Frame], Any]


def _each_step(on_step: OnStep | None) -> Callable[[_showo.Step], Any] | None:
    return None if function("on_step", on_step) is None else lambda step: on_step(Step(step))  # type: ignore[misc]


def _each_frame(on_frame: OnFrame | None) -> Callable[[int, Any], Any] | None:
    return None if function("on_frame", on_frame) is None else lambda index, made: on_frame(index, frame_of(made))  # type: ignore[misc]


class View:
    """Pictures as the model sees them, read once for any number of questions. Made by Model.view."""

    def __init__(self, model: _showo.Model, view: _showo.View):
        self._model = model
        self._view = view


class Tokenizer:
    """The model's text tokenizer."""

    def __init__(self, model: _showo.Model):
        self._model = model

    def encode(self, text: str) -> list[int]:
        return self._model.tokenize(text).tolist()

    def decode(self, ids: Sequence[int] | torch.Tensor | np.ndarray) -> str:
        array = code_array("ids", ids)
        if array.ndim != 1:
            raise TypeError(f"ids: expected one row of ids, found {list(array.shape)}")
        return self._model.detokenize(array)


@dataclass(frozen=True)
class ModelInfo:
    folder: str
    vision: str  #: how it sees pictures: discrete, magvit or clip
    image_size: int  #: pixels a side
    image_tokens: int
    codes: int
    prompt_tokens: int  #: of a text-to-image prompt; the rest is cut off
    positions: int  #: tokens of a row


def _picture_with_wish(made: Any) -> PIL.Image.Image:
    array, _, prompt, seed = made
    picture = image(array)
    picture.info.update(prompt=prompt, seed=seed)
    return picture


def _pictures(made: Any) -> list[PIL.Image.Image]:
    return [_picture_with_wish(one) for one in made]


def _pictures_and_codes(made: Any) -> tuple[list[PIL.Image.Image], torch.Tensor]:
    return _pictures(made), torch.stack([torch.from_numpy(codes) for _, codes, _, _ in made])


def _answers(said: Any) -> list[Answer]:
    return [Answer(*one) for one in said]


def _first_answer(said: Any) -> Answer:
    return Answer(*said[0])


class Model:
    """A Show-o that was loaded (showo.load). It never changes: all its methods may be called from any number of threads at once.

    Pictures are given as PIL images, as NumPy arrays (uint8, [height, width, 3]) or as torch tensors on the CPU ([3, height, width]
    or [height, width, 3]; uint8, or floating-point numbers from 0 to 1). The same seed gives the same result.

    Callbacks come from threads that compute. They may start tasks, not wait for one; what they raise ends the call. on_step stops
    its picture by returning False: it is then what it is by now."""

    def __init__(self, model: _showo.Model):
        self._model = model
        self.tokenizer = Tokenizer(model)
        _open.add(self)

    @property
    def info(self) -> ModelInfo:
        return ModelInfo(**self._model.info())

    def sampling(self, preset: str = "exact") -> Sampling:
        """How the model's folder says it is drawn best, with what the preset changes."""
        return self._model.sampling(preset)  # type: ignore[return-value]

    def close(self) -> None:
        """Cancels its tasks and gives its memory back; what is asked of it afterwards is an UsageError."""
        if _showo.inside_callback():
            raise UsageError("a callback may not close a model: it would wait for itself")
        self._model.close()

    @property
    def closed(self) -> bool:
        return self._model.closed

    def __enter__(self) -> Model:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # Pictures from text

    @overload
    def generate(self, prompt: str | Sequence[str], *, n: int = 1, seed: int = 0, preset: str = "exact", on_step: OnStep | None = None,
                 return_codes: Literal[False] = False, **sampling: Unpack[Sampling]) -> list[PIL.Image.Image]: ...
    @overload
    def generate(self, prompt: str | Sequence[str], *, n: int = 1, seed: int = 0, preset: str = "exact", on_step: OnStep | None = None,
                 return_codes: Literal[True], **sampling: Unpack[Sampling]) -> tuple[list[PIL.Image.Image], torch.Tensor]: ...
    @documented("sampling")
    def generate(self, prompt: str | Sequence[str], *, n: int = 1, seed: int = 0, preset: str = "exact", on_step: OnStep | None = None,
                 return_codes: bool = False, **sampling: Any) -> Any:
        """`n` pictures of a prompt, or of each of several, drawn together; the first of a prompt has the seed itself. Each has its
        prompt and seed in `info`. `return_codes`: with their codes, int64 [pictures, tokens]. `preset`: exact, balanced or fast."""
        running, convert = self._generate(prompt, n, seed, preset, on_step, return_codes, sampling, at_once=False)
        return convert(finished(running))

    @documented("sampling")
    def start_generate(self, prompt: str | Sequence[str], *, n: int = 1, seed: int = 0, preset: str = "exact",
                       on_step: OnStep | None = None, return_codes: bool = False, **sampling: Unpack[Sampling]) -> Pending[Any]:
        """The same as a task. Raises EngineFull where there is no room for it."""
        return Pending(*self._generate(prompt, n, seed, preset, on_step, return_codes, sampling, at_once=True))

    def _generate(self, prompt: Any, n: Any, seed: Any, preset: Any, on_step: Any, return_codes: Any, sampling: Any,
                  at_once: bool) -> tuple[_showo.Running, Callable[[Any], Any]]:
        running = self._model.generate(prompt, n, seed, preset, sampling, _each_step(on_step),
                                       flag("return_codes", return_codes), at_once)
        return running, _pictures_and_codes if return_codes else _pictures

    # Pictures changed

    @documented("sampling")
    def inpaint(self, picture: Picture, mask: Picture, prompt: str, *, seed: int = 0, preset: str = "exact",
                on_step: OnStep | None = None, **sampling: Unpack[Sampling]) -> PIL.Image.Image:
        """What is white in `mask`, of the picture's size, drawn anew; every other pixel keeps its value. The picture has any size: the
        model sees a square around what is white, which `prompt` describes."""
        return image(finished(self._inpaint(picture, mask, prompt, seed, preset, sampling, on_step, at_once=False)))

    @documented("sampling")
    def start_inpaint(self, picture: Picture, mask: Picture, prompt: str, *, seed: int = 0, preset: str = "exact",
                      on_step: OnStep | None = None, **sampling: Unpack[Sampling]) -> Pending[PIL.Image.Image]:
        """The same as a task. Raises EngineFull where there is no room for it."""
        return Pending(self._inpaint(picture, mask, prompt, seed, preset, sampling, on_step, at_once=True), image)

    def _inpaint(self, picture: Any, mask: Any, prompt: Any, seed: Any, preset: Any, sampling: Any, on_step: Any,
                 at_once: bool) -> _showo.Running:
        return self._model.inpaint(pixels("picture", picture), pixels("mask", mask, mask=True), prompt, seed, preset, sampling,
                                   _each_step(on_step), at_once)

    @documented("sampling")
    def extend(self, picture: Picture, prompt: str, *, side: str = "right", offset: int = 0, seed: int = 0, preset: str = "exact",
               on_step: OnStep | None = None, **sampling: Unpack[Sampling]) -> PIL.Image.Image:
        """The picture, and drawn beyond its `side` (left, right, up or down) half a square more, which `prompt` describes. `offset`:
        so many token columns of the picture are drawn anew as well."""
        return image(finished(self._extend(picture, side, prompt, offset, seed, preset, sampling, on_step, at_once=False)))

    @documented("sampling")
    def start_extend(self, picture: Picture, prompt: str, *, side: str = "right", offset: int = 0, seed: int = 0,
                     preset: str = "exact", on_step: OnStep | None = None, **sampling: Unpack[Sampling]) -> Pending[PIL.Image.Image]:
        """The same as a task. Raises EngineFull where there is no room for it."""
        return Pending(self._extend(picture, side, prompt, offset, seed, preset, sampling, on_step, at_once=True), image)

    def _extend(self, picture: Any, side: Any, prompt: Any, offset: Any, seed: Any, preset: Any, sampling: Any, on_step: Any,
                at_once: bool) -> _showo.Running:
        return self._model.extend(pixels("picture", picture), side, prompt, offset, seed, preset, sampling, _each_step(on_step), at_once)

    @documented("redraw", "sampling")
    def redraw(self, picture: Picture, prompt: str, *, seed: int = 0, preset: str = "exact", on_step: OnStep | None = None,
               **options: Unpack[Redrawing]) -> PIL.Image.Image:
        """The picture changed without a mask, so that it shows what `prompt` describes: codes are masked at random and drawn again,
        round after round. `steps` are those of a round."""
        return image(finished(self._model.redraw(pixels("picture", picture), prompt, seed, preset, options, _each_step(on_step))))

    @documented("sampling")
    def change(self, picture: Picture, instruction: str, *, seed: int = 0, preset: str = "exact", on_step: OnStep | None = None,
               **sampling: Unpack[Sampling]) -> PIL.Image.Image:
        """The picture as an instruction changes it ("the background turns blue"), by a model that learned stories."""
        running = self._model.change(pixels("picture", picture), instruction, seed, preset, sampling, _each_step(on_step))
        return image(finished(running))

    # Codes

    def encode(self, picture: Picture) -> torch.Tensor:
        """int64 [tokens], row by row, of a picture of any size, scaled and cropped to the model's square."""
        return torch.from_numpy(self._model.encode(pixels("picture", picture)))

    @overload
    def decode(self, codes: Sequence[int]) -> PIL.Image.Image: ...
    @overload
    def decode(self, codes: torch.Tensor | np.ndarray) -> Any: ...
    def decode(self, codes: Any) -> Any:
        """The picture of codes [tokens], or the pictures of [pictures, tokens]."""
        array = code_array("codes", codes)
        if array.ndim == 1:
            return image(self._model.decode(array))
        return [image(self._model.decode(row)) for row in array]

    def reconstruct(self, picture: Picture) -> PIL.Image.Image:
        """To codes and back."""
        return image(self._model.reconstruct(pixels("picture", picture)))

    # Questions

    def view(self, pictures: Picture | Sequence[Picture]) -> View:
        """Pictures, or one, read once for any number of questions: what every `picture` that is asked about may be."""
        several = list(pictures) if is_list(pictures) else [pictures]
        return View(self._model, self._model.view([pixels("picture", one) for one in several]))

    def _view(self, picture: Any) -> _showo.View:
        if not isinstance(picture, View):
            return self.view(picture)._view
        if picture._model is not self._model:
            raise UsageError("picture: the view is another model's")
        return picture._view

    @overload
    def ask(self, picture: Picture | View | Sequence[Picture], question: str, *, stream: Literal[False] = False, seed: int = 0,
            **text: Unpack[Text]) -> Answer: ...
    @overload
    def ask(self, picture: Picture | View | Sequence[Picture], question: str, *, stream: Literal[True], seed: int = 0,
            **text: Unpack[Text]) -> TextStream: ...
    @documented("text")
    def ask(self, picture: Any, question: str, *, stream: bool = False, seed: int = 0, **text: Any) -> Answer | TextStream:
        """The answer to a question about a picture, or about several together; with `stream` its pieces as they are written. Temperature
        or top_p alone ask for a draw; without them the answer is the likeliest one."""
        if not isinstance(question, str):
            raise TypeError(f"question: expected a text, found {type(question).__name__}")
        view = self._view(picture)
        if flag("stream", stream):
            return TextStream(lambda on_text: self._model.ask(view, question, seed, text, on_text, True), _first_answer)
        return _first_answer(finished(self._model.ask(view, question, seed, text, None, False)))

    @documented("text")
    def ask_many(self, picture: Picture | View | Sequence[Picture], questions: Sequence[str], *, seed: int = 0,
                 **text: Unpack[Text]) -> list[Answer]:
        """An answer to each question, computed together; the picture is read once. Each is what ask() says alone."""
        return _answers(finished(self._model.ask(self._view(picture), list_of(questions), seed, text, None, False)))

    @documented("text")
    def start_ask(self, picture: Picture | View | Sequence[Picture], questions: Sequence[str], *, seed: int = 0,
                  **text: Unpack[Text]) -> Pending[list[Answer]]:
        """ask_many as a task. Raises EngineFull where there is no room for it."""
        return Pending(self._model.ask(self._view(picture), list_of(questions), seed, text, None, True), _answers)

    def chat(self, pictures: Picture | Sequence[Picture]) -> Chat:
        """A conversation about a picture or several."""
        several = list(pictures) if is_list(pictures) else [pictures]
        return Chat(self._model, self._model.chat([pixels("picture", one) for one in several]))

    # Stories

    @documented("story")
    def story(self, told: str | Sequence[str] = (), *, before: Picture | Frame | Sequence[Picture | Frame] = (), seed: int = 0,
              preset: str = "exact", on_frame: OnFrame | None = None, on_step: OnStep | None = None,
              **options: Unpack[Telling]) -> list[Frame]:
        """A story: the frames `before` (or pictures), then one for each text that is `told`, then more with texts of the model's own.
        All of its frames. on_frame(index, frame) sees each when it is finished; returning False, it ends the story."""
        several = list(before) if is_list(before) else [before]
        running = self._model.tell(told, [given_frame(one) for one in several], seed, preset, options, _each_frame(on_frame),
                                   _each_step(on_step))
        return [frame_of(made) for made in finished(running)]

    def __repr__(self) -> str:
        return "<showo.Model, closed>" if self.closed else f"<showo.Model {self.info.folder}>"


def list_of(questions: Any) -> list[Any]:
    if not is_list(questions):
        raise TypeError(f"questions: expected a list of texts, found {type(questions).__name__}")
    return list(questions)


@documented("load")
def load(model: str | os.PathLike[str] | None = None, **options: Unpack[Loading]) -> Model:
    """A model's folder, opened; without one the small model that comes with the package. Raises Error naming the file, key or tensor
    that is missing or does not fit, OptionError for options."""
    folder = _showo.shared_path("models/embedded") if model is None else path_text("model", model)
    given = {name: os.fspath(value) if isinstance(value, os.PathLike) else value for name, value in options.items()}
    return Model(_showo.load(folder, given))


@atexit.register
def _end() -> None:
    # Threads that still compute must neither enter an interpreter that ends nor outlive the library under them.
    _showo.end_callbacks()
    for model in list(_open):
        model._model.close()
