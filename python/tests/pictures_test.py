"""Pictures from Python are those of the command line."""
import numpy as np
import PIL.Image
import pytest
import torch

import showo
from conftest import APPLE, MASK, QUICK, SCENE, same


def test_the_same_pixels_as_the_command_line(model, command):
    command("generate", APPLE, "-o", "apple.png", "-n", 3, "--seed", 7, "--preset", "fast", "--guidance", 2)
    pictures = model.generate(APPLE, n=3, seed=7, preset="fast", guidance=2)
    assert len(pictures) == 3
    for i, picture in enumerate(pictures):
        assert same(picture, command.picture(f"apple-{i}.png"))
    assert pictures[0].info["seed"] == 7 and pictures[0].info["prompt"] == APPLE


def test_changed_pictures_are_those_of_the_command_line(model, scene, command):
    steps = ("--steps", 4, "--seed", 3)
    command("inpaint", SCENE, MASK, "an apple", "-o", "inpainted.png", *steps)
    command("extend", SCENE, "an apple", "--side", "up", "--offset", 1, "-o", "extended.png", *steps)
    command("edit", SCENE, "an apple", "--strength", 0.4, "--rounds", 2, "-o", "redrawn.png", *steps)
    command("edit", SCENE, "--instruction", "the background turns blue", "-o", "changed.png", *steps)
    command("reconstruct", SCENE, "-o", "again.png")
    quick = dict(seed=3, **QUICK)
    mask = showo.read_mask(MASK)
    assert same(model.inpaint(scene, mask, "an apple", **quick), command.picture("inpainted.png"))
    assert same(model.start_inpaint(scene, mask, "an apple", **quick).result(), command.picture("inpainted.png"))
    assert same(model.extend(scene, "an apple", side="up", offset=1, **quick), command.picture("extended.png"))
    assert same(model.start_extend(scene, "an apple", side="up", offset=1, **quick).result(), command.picture("extended.png"))
    assert same(model.redraw(scene, "an apple", strength=0.4, rounds=2, **quick), command.picture("redrawn.png"))
    assert same(model.change(scene, "the background turns blue", **quick), command.picture("changed.png"))
    assert same(model.reconstruct(scene), command.picture("again.png"))


def test_codes_are_the_pictures(model):
    pictures, codes = model.generate(["a frog", "two apples"], n=2, seed=1, return_codes=True, **QUICK)
    assert codes.shape == (4, model.info.image_tokens) and codes.dtype == torch.int64
    for picture, again in zip(pictures, model.decode(codes), strict=True):
        assert same(picture, again)
    assert same(model.decode(codes[2]), pictures[2])
    assert same(model.decode(codes[2].tolist()), pictures[2])
    assert same(model.decode(codes.numpy()[2]), pictures[2])
    assert [p.info["prompt"] for p in pictures] == ["a frog", "a frog", "two apples", "two apples"]


def test_codes_come_without_a_copy(model, scene):
    codes = model.encode(scene)
    assert codes.data_ptr() == codes.numpy().ctypes.data
    from showo.arguments import code_array
    assert code_array("codes", codes).ctypes.data == codes.data_ptr()
    assert same(model.decode(codes), model.reconstruct(scene))


def test_every_kind_of_picture_is_the_same_picture(model, scene):
    array = np.asarray(scene)
    tensor = torch.from_numpy(array.copy())
    codes = model.encode(scene)
    chw = tensor.permute(2, 0, 1)
    for form in (array, tensor, chw, chw.contiguous(), chw / 255, (tensor / 255).double(), chw.clone().float().div(255).requires_grad_(),
                 np.asfortranarray(array), scene.convert("RGBA"), scene.copy()):
        assert torch.equal(model.encode(form), codes), type(form)


def test_transparency_lies_over_white_and_grey_is_grey(model, tmp_path):
    rng = np.random.default_rng(1)
    for name, picture in {
        "rgba": PIL.Image.fromarray(rng.integers(0, 256, (24, 20, 4), dtype=np.uint8)),
        "grey": PIL.Image.fromarray(rng.integers(0, 256, (24, 20), dtype=np.uint8)),
        "deep": PIL.Image.fromarray(rng.integers(0, 65536, (24, 20), dtype=np.uint16)),
        "palette": PIL.Image.fromarray(rng.integers(0, 256, (24, 20, 3), dtype=np.uint8)).quantize(16),
        "bits": PIL.Image.fromarray(rng.integers(0, 256, (24, 20), dtype=np.uint8)).convert("1"),
    }.items():
        path = tmp_path / f"{name}.png"
        picture.save(path)
        assert torch.equal(model.encode(PIL.Image.open(path)), model.encode(showo.read_image(path))), name


def test_masks_may_be_bools(model, scene):
    mask = np.zeros((scene.height, scene.width), dtype=bool)
    mask[:20, :20] = True
    expected = model.inpaint(scene, PIL.Image.fromarray(mask), "an apple", **QUICK)
    assert same(model.inpaint(scene, mask, "an apple", **QUICK), expected)
    assert same(model.inpaint(scene, torch.from_numpy(mask), "an apple", **QUICK), expected)
    assert same(np.asarray(expected)[20:, 20:], np.asarray(scene)[20:, 20:])


def test_steps_are_seen_and_stop(model):
    masked, last, kept = [], [], []

    def on_step(step):
        masked.append(int((step.codes == -1).sum()))
        last[:] = [step.image()]
        kept[:] = [step]
        return step.number < 2

    picture, = model.generate(APPLE, seed=1, on_step=on_step, **QUICK)
    assert len(masked) == 3 and masked == sorted(masked, reverse=True)
    assert same(picture, last[0])
    with pytest.raises(showo.UsageError, match="while its callback runs"):
        kept[0].image()


def test_stories_go_on(model, scene):
    seen = []
    frames = model.story("the background turns blue", before=scene, frames=3, seed=1, sampling=QUICK,
                         on_frame=lambda index, frame: seen.append((index, frame.text)))
    assert [frame.text for frame in frames][:2] == ["", "the background turns blue"] and len(frames) == 3
    assert seen == [(1, frames[1].text), (2, frames[2].text)]
    again = model.story(before=frames[:2], frames=3, seed=1, sampling=QUICK)
    assert same(again[1].picture, frames[1].picture)
    steps = []
    model.story("an apple", frames=2, sampling=QUICK, on_step=lambda step: steps.append(step.picture))
    assert steps == [0] * 4 + [1] * 4


def test_presets_and_the_models_own_sampling(model):
    assert model.sampling("fast")["steps"] == model.sampling()["steps"] // 2
    assert model.info.image_size == 64 and model.info.vision == "discrete"
    with pytest.raises(showo.OptionError, match="preset"):
        model.sampling("slow")


def test_other_weights(scene):
    with showo.load(bits=8, dtype="fp32", device="cpu", limits={"running": 3}) as rounded:
        assert rounded.generate(APPLE, **QUICK)[0].size == (64, 64)
        assert rounded.ask(scene, "what is in the picture?")
