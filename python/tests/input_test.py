"""Every wrong argument is an exception that names it; errors have the text of the command line."""
import os
import subprocess

import numpy as np
import PIL.Image
import pytest
import torch

import showo
from conftest import APPLE, QUICK, SCENE

WRONG_OPTIONS = [
    (dict(steps=0), showo.OptionError, "steps 0: expected 1 to"),
    (dict(steps=65), showo.OptionError, "steps 65: expected 1 to 64"),
    (dict(steps=-1), showo.OptionError, "steps -1: expected 1 to"),
    (dict(steps=True), TypeError, "steps: expected a whole number, found True (bool)"),
    (dict(steps=2.0), TypeError, "steps: expected a whole number, found 2.0 (float)"),
    (dict(steps="four"), TypeError, "steps: expected a whole number, found 'four' (str)"),
    (dict(steps=None), TypeError, "steps: expected a whole number, found None"),
    (dict(steps=10**30), showo.OptionError, "steps 1000000000000000000000000000000: expected 1 to"),
    (dict(steps=10**5000), showo.OptionError, "steps a value that cannot be shown: expected 1 to"),
    (dict(guidance=float("nan")), showo.OptionError, "guidance nan: expected 0 to 100"),
    (dict(guidance=float("inf")), showo.OptionError, "guidance inf: expected 0 to 100"),
    (dict(guidance=10**400), showo.OptionError, "guidance 1000"),
    (dict(guidance="1"), TypeError, "guidance: expected a number, found '1' (str)"),
    (dict(guidance=False), TypeError, "guidance: expected a number, found False (bool)"),
    (dict(schedule=3), TypeError, "schedule: expected a text, found 3 (int)"),
    (dict(schedule="square"), showo.OptionError, "schedule: mask schedule 'square': expected cosine"),
    (dict(order="\ud800"), showo.OptionError, "order '\\ud800': expected text that UTF-8 can hold"),
    (dict(stepz=4), TypeError, "unknown option 'stepz'; known: steps, guidance, guided"),
    (dict(seed=-1), showo.OptionError, "seed -1: expected 0 to 18446744073709551615"),
    (dict(seed=2**64), showo.OptionError, "seed 18446744073709551616: expected 0 to 18446744073709551615"),
    (dict(seed=1.5), TypeError, "seed: expected a whole number, found 1.5 (float)"),
    (dict(seed=np.True_), TypeError, "seed: expected a whole number"),
    (dict(n=0), showo.OptionError, "n 0: expected 1 to 1024"),
    (dict(n=[]), TypeError, "n: expected a whole number, found [] (list)"),
    (dict(preset="slow"), showo.OptionError, "preset slow: expected"),
    (dict(preset=1), TypeError, "preset: expected a text, found 1 (int)"),
    (dict(on_step=1), TypeError, "on_step: expected a function or None, found int"),
]


@pytest.mark.parametrize("options, error, text", WRONG_OPTIONS, ids=lambda value: None)
def test_wrong_options(model, options, error, text):
    for call in (model.generate, model.start_generate):
        with pytest.raises(error) as caught:
            call(APPLE, **options)
        assert str(caught.value).startswith(text)
        if error is showo.OptionError:
            assert caught.value.option == next(iter(options)) and isinstance(caught.value, (ValueError, RuntimeError))


def test_numbers_of_numpy_are_numbers(model):
    model.generate(APPLE, n=np.int8(1), seed=np.uint64(2**64 - 1), steps=np.int64(2), guidance=np.float32(1))


@pytest.mark.parametrize("prompt, error, text", [
    ("", showo.UsageError, "the prompt is empty"), (" \n", showo.UsageError, "the prompt is empty"), ([], showo.UsageError, "prompt: expected at least"),
    (None, TypeError, "prompt: expected a text or a list of texts, found None"), (b"a", TypeError, "prompt: expected a text"),
    (["a frog", 3], TypeError, "prompt[1]: expected a text, found 3 (int)"), ({"a"}, TypeError, "prompt: expected a text"),
    ("\udcff", showo.OptionError, "prompt '\\udcff': expected text that UTF-8 can hold"), ("a" * 100000, None, ""), ("\0", None, ""),
])
def test_prompts(model, prompt, error, text):
    if error is None:
        assert model.generate(prompt, **QUICK)
        return
    with pytest.raises(error) as caught:
        model.generate(prompt, **QUICK)
    assert str(caught.value).startswith(text)


WRONG_PICTURES = {
    "None": (None, TypeError, "found NoneType"),
    "a path": (str(SCENE), TypeError, "found str; showo.read_image reads a file"),
    "bytes": (b"png", TypeError, "found bytes"),
    "grey array": (np.zeros((8, 8), np.uint8), TypeError, "found an array of uint8 [8, 8]"),
    "float array": (np.zeros((8, 8, 3)), TypeError, "found an array of float64 [8, 8, 3]"),
    "four channels": (np.zeros((8, 8, 4), np.uint8), TypeError, "[8, 8, 4]"),
    "batch": (torch.zeros(1, 3, 8, 8), TypeError, "[1, 3, 8, 8]"),
    "no pixels": (np.zeros((0, 8, 3), np.uint8), showo.UsageError, "expected 1 to 128000000 pixels, found 8 x 0"),
    "endless": (np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (10**6, 10**6, 3)), showo.UsageError, "found 1000000 x 1000000"),
    "elsewhere": (torch.zeros(3, 8, 8, device="meta"), TypeError, "expected a tensor on the CPU, found one on meta"),
    "whole numbers": (torch.zeros(3, 8, 8, dtype=torch.int64), TypeError, "found a tensor of int64 [3, 8, 8]"),
    "complex": (torch.zeros(3, 8, 8, dtype=torch.complex64), TypeError, "complex64"),
    "sparse": (torch.zeros(3, 8, 8).to_sparse(), TypeError, "expected a dense tensor"),
    "above one": (torch.full((3, 8, 8), 255.0), showo.UsageError, "expected numbers from 0 to 1, found 255.0 to 255.0"),
    "not a number": (torch.full((3, 8, 8), float("nan")), showo.UsageError, "expected numbers from 0 to 1"),
    "mode F": (PIL.Image.new("F", (8, 8)), TypeError, "found a PIL image of mode F"),
}


@pytest.mark.parametrize("what", WRONG_PICTURES)
def test_wrong_pictures(model, scene, what):
    picture, error, text = WRONG_PICTURES[what]
    calls = {"picture": [lambda: model.encode(picture), lambda: model.ask(picture, "what?"), lambda: model.view([scene, picture]),
                         lambda: model.chat(picture), lambda: model.reconstruct(picture), lambda: model.extend(picture, "a"),
                         lambda: model.redraw(picture, "a"), lambda: model.change(picture, "a"), lambda: model.inpaint(picture, scene, "a"),
                         lambda: model.ask_many(picture, ["what?"]), lambda: model.start_ask(picture, ["what?"])],
             "before": [lambda: model.story("a", before=picture), lambda: model.story("a", before=[showo.Frame("", picture)])]}
    if what not in ("grey array", "float array"):
        calls["mask"] = [lambda: model.inpaint(scene, picture, "a")]
    for name, all_of_it in calls.items():
        for call in all_of_it:
            with pytest.raises(error) as caught:
                call()
            assert str(caught.value).startswith(name + ": ") and text in str(caught.value)


@pytest.mark.parametrize("codes, error, text", [
    (torch.zeros(64), TypeError, "codes: expected an int64 tensor on the CPU, found a tensor of float32 [64] on cpu"),
    (torch.zeros(64, dtype=torch.int64, device="meta"), TypeError, "on meta"),
    (torch.zeros(1, 1, 64, dtype=torch.int64), TypeError, "found a tensor of int64 [1, 1, 64]"),
    (np.zeros(64, np.int32), TypeError, "found an array of int32 [64]"), ([1.5] * 64, TypeError, "codes: expected an int64 tensor"),
    ([True] * 64, TypeError, "codes: expected"), ([2**70] * 64, TypeError, "codes: expected"), (None, TypeError, "codes: expected"),
    ([0] * 63, showo.UsageError, "63 codes, the model's pictures have 64"), ([0] * 63 + [8192], showo.UsageError, "code 8192 is not one of 8192"),
    ([-1] * 64, showo.UsageError, "code -1 is not one of"), ([], showo.UsageError, "0 codes"),
])
def test_wrong_codes(model, codes, error, text):
    with pytest.raises(error) as caught:
        model.decode(codes)
    assert text in str(caught.value)


def test_what_does_not_fit_together(model, scene):
    for call, error, text in [
        (lambda: model.inpaint(scene, PIL.Image.new("L", (3, 3), 255), "a"), showo.Error, "mask"),
        (lambda: model.inpaint(scene, PIL.Image.new("L", scene.size), "a"), showo.Error, "mask"),
        (lambda: model.extend(scene, "a", side="north"), showo.OptionError, "side north: expected left, right, up or down"),
        (lambda: model.extend(scene, "a", offset=-1), showo.OptionError, "offset -1"),
        (lambda: model.extend(scene, "a", offset=99), showo.OptionError, "offset 99"),
        (lambda: model.redraw(scene, "a", strength=0), showo.OptionError, "strength 0: expected above 0"),
        (lambda: model.ask(scene, " "), showo.UsageError, "the question is empty"),
        (lambda: model.ask(scene, ["a", "b"]), TypeError, "question: expected a text, found list"),
        (lambda: model.ask_many(scene, "what?"), TypeError, "questions: expected a list of texts, found str"),
        (lambda: model.ask(scene, "why? " * 1000), showo.UsageError, ""),
        (lambda: model.ask([], "what?"), showo.UsageError, "a question needs a picture"),
        (lambda: model.ask([scene] * 40, "what?"), showo.UsageError, ""),
        (lambda: model.ask(scene, "what?", top_p=0), showo.OptionError, "top_p 0: expected above 0 to 1"),
        (lambda: model.ask(scene, "what?", steps=3), TypeError, "unknown option 'steps'; known: max_tokens"),
        (lambda: model.story(), showo.UsageError, "a story begins with"),
        (lambda: model.story("a", sampling={"steps": 0}), showo.OptionError, "sampling.steps 0"),
        (lambda: model.story("a", sampling={"stepz": 1}), TypeError, "sampling: unknown option 'stepz'"),
        (lambda: model.story("a", text=3), TypeError, "text: expected a dict of options, found 3 (int)"),
        (lambda: model.story("a", text={3: 4}), TypeError, "text: unknown option 3"),
        (lambda: model.story(["a", " "]), showo.UsageError, "text is empty"),
        (lambda: model.story("a", before=showo.Frame("", scene, torch.zeros(3, dtype=torch.int64))), showo.UsageError, "3 codes"),
        (lambda: showo.load("no-such-folder"), showo.Error, "no-such-folder"),
        (lambda: showo.load(bits=5), showo.OptionError, "bits 5: expected 8 or 4"),
        (lambda: showo.load(dtype="int3"), showo.OptionError, "dtype int3: expected fp32, bf16 or fp16"),
        (lambda: showo.load(device="tpu"), showo.OptionError, "device tpu"),
        (lambda: showo.load(modle="x"), TypeError, "unknown option 'modle'"),
        (lambda: showo.load(limits={"running": 0}), showo.OptionError, "limits.running 0"),
        (lambda: showo.load(3), TypeError, "model: expected a path, found int"),
        (lambda: showo.load("a\0b"), showo.UsageError, "model: expected a path"),
        (lambda: showo.load(b"models"), TypeError, "model: expected a path"),
        (lambda: showo.read_image("nothing.png"), showo.Error, "nothing.png"),
        (lambda: showo.shared_path("no/such/thing"), showo.Error, "no/such/thing"),
    ]:
        with pytest.raises(error) as caught:
            call()
        assert text in str(caught.value), caught.value


def test_errors_are_those_of_the_command_line(model, scene, tmp_path):
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nbroken")
    for arguments, call in [
        (["reconstruct", "broken.png"], lambda: showo.read_image("broken.png")),
        (["generate", "a frog", "--model", "nowhere"], lambda: showo.load("nowhere")),
        (["generate", "a frog", "--device", "cuda:77"], lambda: showo.load(device="cuda:77")),
        (["ask", SCENE, "why? " * 1000], lambda: model.ask(scene, "why? " * 1000)),
    ]:
        said = subprocess.run([os.environ["SHOWO_PROGRAM"], *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True).stderr
        before = os.getcwd()
        try:
            os.chdir(tmp_path)
            with pytest.raises(showo.Error) as caught:
                call()
        finally:
            os.chdir(before)
        assert str(caught.value).removeprefix("device ") in said, (caught.value, said)
