"""What the tests share: the embedded model, loaded once, and its scene."""
import os
import subprocess
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

import showo

ROOT = Path(__file__).resolve().parents[2]
SCENE = ROOT / "models/embedded/samples/scene.png"
MASK = ROOT / "models/embedded/samples/mask.png"
APPLE = "a glossy apple on a blue background"
QUICK = {"steps": 4}


@pytest.fixture(scope="session")
def model():
    with showo.load() as loaded:
        yield loaded


@pytest.fixture(scope="session")
def scene():
    return showo.read_image(SCENE)


@pytest.fixture
def command(tmp_path):
    """The command line; the picture that it writes."""

    def run(*arguments):
        done = subprocess.run([os.environ["SHOWO_PROGRAM"], *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    run.picture = lambda name: np.asarray(PIL.Image.open(tmp_path / name))
    return run


def same(picture, other):
    return np.array_equal(np.asarray(picture), np.asarray(other))
