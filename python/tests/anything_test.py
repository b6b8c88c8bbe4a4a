"""Anything at all for every argument: it is taken, or an exception says what is wrong with it, by its name. Nothing ends the
interpreter, and the model goes on."""
import sys

import numpy as np
import PIL.Image
import pytest
import torch

import showo
from conftest import APPLE, same

pytest.importorskip("hypothesis")
from hypothesis import HealthCheck, given, settings, strategies as st  # noqa: E402

DTYPES = ["bool", "uint8", "int32", "int64", "float16", "float32", "float64", "complex64"]
SHAPES = st.lists(st.integers(0, 9), max_size=4) | st.sampled_from([[3, 8, 8], [8, 8, 3], [64], [2, 64], [8, 8], [1, 1, 3]])


@st.composite
def arrays(draw):
    shape, dtype, fill = draw(SHAPES), draw(st.sampled_from(DTYPES)), draw(st.sampled_from([0, 1, 63, 200]))
    array = np.full(shape, fill, dtype)
    return array[..., ::-1] if draw(st.booleans()) and array.ndim else array


@st.composite
def tensors(draw):
    tensor = torch.full(draw(SHAPES), draw(st.sampled_from([0, 1, 63])), dtype=getattr(torch, draw(st.sampled_from(DTYPES + ["bfloat16"]))))
    change = draw(st.sampled_from(["none", "meta", "sparse", "flipped", "expanded"]))
    if change == "sparse" and tensor.dim():
        return tensor.to_sparse()
    if change == "expanded" and tensor.dim() and len(tensor):
        return tensor[:1].expand(5, *tensor.shape[1:])
    return tensor.to("meta") if change == "meta" else tensor.t() if change == "flipped" and tensor.dim() == 2 else tensor


PICTURES = st.builds(PIL.Image.new, st.sampled_from(["1", "L", "P", "RGB", "RGBA", "CMYK", "LAB", "HSV", "I", "F", "LA", "I;16", "PA", "YCbCr"]),
                     st.tuples(st.integers(0, 70), st.integers(0, 70)))
PLAIN = st.none() | st.booleans() | st.integers() | st.integers(-3, 70) | st.integers(2**63 - 2, 2**64 + 2) | st.floats() | st.text(
    max_size=20) | st.text(st.characters(categories=["Cs", "Cc"]), max_size=3) | st.binary(max_size=4) | st.complex_numbers()
OBJECTS = st.sampled_from([object(), object, len, lambda *_: False, ..., range(3), {1, 2}, showo, 10**4000, np.float64("nan"), np.bool_(1)])
JUNK = st.recursive(PLAIN | OBJECTS | arrays() | tensors() | PICTURES,
                    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=2) | st.tuples(inner),
                    max_leaves=4)

SCENE = np.full((8, 8, 3), 90, np.uint8)
MASK = np.ones((8, 8), bool)
STOP = {"on_step": lambda step: False}
SAMPLING = ["steps", "guidance", "guided", "refresh", "temperature", "code_temperature", "code_top_k", "commit_above", "schedule", "order", "negative_prompt", "preset", "seed"]
TEXT = ["max_tokens", "temperature", "top_k", "top_p", "jacobi", "seed"]
# Of each call: arguments that are right, and the names of those that may be anything instead.
CALLS = {
    "generate": (dict(prompt=APPLE, steps=2, **STOP), ["prompt", "n", "on_step", "return_codes", *SAMPLING]),
    "start_generate": (dict(prompt=APPLE, steps=2, **STOP), ["prompt", "n", "on_step", *SAMPLING]),
    "inpaint": (dict(picture=SCENE, mask=MASK, prompt=APPLE, steps=2, **STOP), ["picture", "mask", "prompt", "on_step", *SAMPLING]),
    "start_inpaint": (dict(picture=SCENE, mask=MASK, prompt=APPLE, steps=2, **STOP), ["picture", "mask", "prompt"]),
    "extend": (dict(picture=SCENE, prompt=APPLE, steps=2, **STOP), ["picture", "prompt", "side", "offset", *SAMPLING]),
    "start_extend": (dict(picture=SCENE, prompt=APPLE, steps=2, **STOP), ["picture", "side", "offset"]),
    "redraw": (dict(picture=SCENE, prompt=APPLE, steps=2, rounds=1, **STOP), ["picture", "prompt", "strength", *SAMPLING]),
    "change": (dict(picture=SCENE, instruction="it leaves", steps=2, **STOP), ["picture", "instruction", *SAMPLING]),
    "encode": (dict(picture=SCENE), ["picture"]),
    "decode": (dict(codes=[0] * 64), ["codes"]),
    "reconstruct": (dict(picture=SCENE), ["picture"]),
    "view": (dict(pictures=SCENE), ["pictures"]),
    "chat": (dict(pictures=SCENE), ["pictures"]),
    "ask": (dict(picture=SCENE, question="what is it?", max_tokens=3), ["picture", "question", "stream", *TEXT]),
    "ask_many": (dict(picture=SCENE, questions=["what is it?"], max_tokens=3), ["picture", "questions", *TEXT]),
    "start_ask": (dict(picture=SCENE, questions=["what is it?"], max_tokens=3), ["picture", "questions", *TEXT]),
    "story": (dict(told="a frog", frames=1, on_frame=lambda *_: False, **STOP),
              ["told", "before", "sampling", "text", "on_frame", "on_step", "preset", "seed"]),
    "sampling": (dict(), ["preset"]),
}
PAIRS = [(call, name) for call, (_, names) in CALLS.items() for name in names]
# What messages call an argument besides its name.
ALSO = {"question": ["answer", "positions"], "questions": ["question", "positions"], "pictures": ["picture", "positions"],
        "picture": ["question needs a picture", "positions"], "told": ["text is empty", "story", "positions"], "before": ["story", "frame"],
        "codes": ["code"], "instruction": ["prompt", "text"], "mask": ["picture"], "sampling": ["unknown option"], "text": ["unknown option"]}
REFUSALS = (TypeError, ValueError, showo.Error, MemoryError)


def bounded(name, value):
    """Right but endless work is not what is looked for."""
    return not (name == "n" and isinstance(value, (int, np.integer)) and not isinstance(value, bool) and 4 < value <= 1024)


@settings(max_examples=600, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(pair=st.sampled_from(PAIRS), value=JUNK)
def test_any_argument(model, pair, value):
    call, name = pair
    if not bounded(name, value):
        return
    arguments = {**CALLS[call][0], name: value}
    try:
        result = getattr(model, call)(**arguments)
        if isinstance(result, showo.Pending):
            result = result.result()
        if isinstance(result, showo.TextStream):
            list(result)
    except REFUSALS as error:
        said = str(error)
        assert any(word in said for word in [name, *ALSO.get(name, [])]), (call, name, value, said)


@settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(name=st.sampled_from(["model", "llm", "codec", "clip", "dtype", "device", "bits", "limits", "running"]), value=JUNK)
def test_any_way_of_loading(name, value):
    if name == "device" and isinstance(value, str) and value.startswith("cuda"):
        return
    try:
        showo.load(**({"limits": {name: value}} if name == "running" else {name: value})).close()
    except REFUSALS as error:
        assert name in str(error) or str(value) in str(error) or isinstance(value, dict), (name, value, error)


@settings(max_examples=100, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(value=JUNK, other=JUNK)
def test_anything_elsewhere(model, value, other):
    for call in (lambda: model.tokenizer.decode(value), lambda: model.tokenizer.encode(value), lambda: showo.read_image(value),
                 lambda: showo.read_mask(value, other), lambda: showo.shared_path(value), lambda: showo.Frame(value, other),
                 lambda: model.generate(value, 3), lambda: model.generate(APPLE, **{"steps": 1, str(value): other}),
                 lambda: model.start_generate(APPLE, steps=1).result(timeout=value),
                 lambda: showo.evaluate(value, other), lambda: showo.train(value, out=other, what="nothing"),
                 lambda: showo.start_train(value, out="/nowhere", overrides=other, steps=other)):
        try:
            if "evaluate" in call.__code__.co_names or "start_train" in call.__code__.co_names:
                if isinstance(value, (str, dict)):
                    continue  # a process each
            call()
        except (*REFUSALS, TimeoutError, OSError):
            pass


def test_the_model_goes_on(model):
    """Behind all of the above."""
    with showo.load() as fresh:
        assert same(model.generate(APPLE, seed=1, steps=4)[0], fresh.generate(APPLE, seed=1, steps=4)[0])
    assert "showo" in sys.modules
