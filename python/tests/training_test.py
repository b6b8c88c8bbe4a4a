"""Training and evaluation from Python are those of the program."""
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import showo

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))
import tiny_run  # noqa: E402


@pytest.fixture
def shards(tmp_path):
    tiny_run.write_shard(tmp_path / "a.tar")
    return tmp_path


def test_metrics_are_those_of_the_folder_and_the_weights_those_of_the_program(shards, command):
    recipe = tiny_run.recipe(shards)
    seen = []
    run = showo.train(recipe, out=shards / "run", on_log=seen.append)
    assert run.finished and [line["step"] for line in seen] == list(range(1, 7))
    assert run.metrics == seen == tiny_run.metrics(shards / "run")
    assert all(line["loss"] > 0 for line in seen)
    command("train", recipe, "--out", shards / "other")
    ours, theirs = (tiny_run.weights(shards / name / "checkpoint/model/pytorch_model.safetensors") for name in ("run", "other"))
    assert ours.keys() == theirs.keys() and all((ours[name] == theirs[name]).all() for name in ours)
    assert run._repr_svg_().startswith("<svg") and "t2i" in showo.curves(run.folder, ["t2i"])
    with showo.load(run.model) as model:
        assert model.generate("picture 1", steps=2)[0].size == (16, 16)


def test_a_loop_over_metrics_stops_and_goes_on(shards):
    recipe = json.loads(tiny_run.recipe(shards).read_text())
    training = showo.start_train(recipe, out=shards / "run", overrides={"steps": 5000, "optimizer": {"lr": 2e-3}})
    for line in training:
        if line["step"] >= 5:
            training.stop()
    run = training.result()
    assert not run.finished and run.metrics[-1]["step"] < 5000
    assert json.loads((shards / "run/recipe.json").read_text())["optimizer"]["lr"] == 2e-3
    reached = run.metrics[-1]["step"]
    again = showo.train(recipe, out=shards / "run", overrides={"optimizer": {"lr": 2e-3}}, steps=reached + 3)
    assert again.finished and [line["step"] for line in again.metrics] == list(range(1, reached + 4))


def test_on_log_stops_and_raises(shards):
    recipe = tiny_run.codec_recipe(shards, steps=5000)
    run = showo.train(recipe, out=shards / "codec", what="codec", on_log=lambda line: line["step"] < 3)
    assert not run.finished and (run.model / "config.json").exists() and run.model.name == "codec"

    def raises(line):
        raise KeyError("enough")

    training = showo.start_train(recipe, out=shards / "codec", what="codec")
    training.stop()
    training.result()
    with pytest.raises(KeyError, match="enough"):
        showo.train(recipe, out=shards / "codec", what="codec", on_log=raises)
    showo.train(recipe, out=shards / "codec", what="codec", on_log=lambda line: False)  # nobody holds the folder


KILLED = """
import json, multiprocessing, sys, threading, time
import showo
recipe, out = sys.argv[1:]
def start():
    training = showo.start_train(json.load(open(recipe)), out=out, overrides={"steps": 100000, "checkpoint_every": 100000})
    kept.append(training)
kept = []
thread = threading.Thread(target=start)  # which ends, as a notebook's threads may
thread.start()
thread.join()
forked = multiprocessing.get_context("fork").Process(target=time.sleep, args=(600,), daemon=True)  # outlives one that is killed
forked.start()
print(kept[0]._process.pid, forked.pid, flush=True)
time.sleep(600)
"""


def has_ended(process):
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.mark.parametrize("sent", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_stops_and_saves_when_its_interpreter_is_killed(shards, sent):
    recipe, out = tiny_run.recipe(shards), shards / "run"
    interpreter = subprocess.Popen([sys.executable, "-c", KILLED, str(recipe), str(out)], stdout=subprocess.PIPE, text=True)
    started = interpreter.stdout.readline().split()
    assert len(started) == 2, "the interpreter ended by itself"
    trainer, forked = map(int, started)
    try:
        tiny_run.wait_for_step(out, 3, interpreter)
        assert not has_ended(trainer)
        interpreter.send_signal(sent)
        interpreter.wait()
        deadline = time.time() + 120
        while not has_ended(trainer):
            assert time.time() < deadline, "the trainer outlives the interpreter"
            time.sleep(0.01)
        assert not has_ended(forked)
    finally:
        for process in (trainer, forked):
            if not has_ended(process):
                os.kill(process, signal.SIGKILL)
        interpreter.kill()
        interpreter.communicate()
    reached = json.loads((out / "checkpoint/state.json").read_text())["step"]
    assert reached == tiny_run.metrics(out)[-1]["step"] >= 3
    again = showo.train(json.loads(recipe.read_text()), out=out, steps=reached + 1)
    assert again.finished and [line["step"] for line in again.metrics] == list(range(1, reached + 2))


def test_errors_name_the_key(shards):
    recipe = json.loads(tiny_run.recipe(shards).read_text())
    for change, error, text in [
        (dict(recipe={**recipe, "stepz": 3}), showo.Error, "recipe: unknown key 'stepz'"),
        (dict(overrides={"steps": -1}), showo.Error, "recipe: steps: expected"),
        (dict(recipe="no-such.yaml"), showo.Error, "no-such.yaml"),
        (dict(recipe="no-such.yaml", overrides={"a": 1}), showo.Error, "no-such.yaml"),
        (dict(recipe=3), TypeError, "recipe: expected a path, found int"),
        (dict(recipe={"a": object()}), TypeError, "recipe: expected texts, numbers"),
        (dict(overrides=[1]), TypeError, "overrides: expected a dict, found list"),
        (dict(steps=0), showo.UsageError, "--steps 0: expected 1 to"),
        (dict(steps=True), TypeError, "steps: expected a whole number"),
        (dict(what="story"), showo.UsageError, "what: expected showo, codec or clip, found 'story'"),
        (dict(device="tpu"), showo.UsageError, "device tpu"),
        (dict(on_log=3), TypeError, "on_log: expected a function"),
    ]:
        with pytest.raises(error) as caught:
            showo.train(**{**dict(recipe=recipe, out=shards / "run"), **change})
        assert text in str(caught.value), caught.value
    with pytest.raises(showo.UsageError, match="--nonsense"):
        showo.evaluate("a.tar", nonsense=1)
    with pytest.raises(showo.Error, match="nowhere.tar"):
        showo.evaluate("nowhere.tar", questions=1, scenes=0)
    with pytest.raises(showo.UsageError, match="what: expected"):
        showo.evaluate("--all=x")


def test_evaluation_gives_figures(tmp_path):
    text = tmp_path / "text.txt"
    text.write_text("a glossy apple on a blue background\n" * 3)
    figures = showo.evaluate("text", text, model=str(showo.shared_path("models/embedded")))
    assert figures["nats_a_token"] > 0
