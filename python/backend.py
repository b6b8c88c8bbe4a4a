"""What pip calls to build the package: scikit-build-core, after a look whether the torch to build against can be seen. Without one
the build would end in the middle of CMake's messages, and this is one line.

pip builds in an environment of its own, which hides what is installed; but its Python is the one that the package is installed for,
and is asked without that environment (cmake/ShowoTorch.cmake does the same). Of other tools' environments nothing leads back: there
TORCH_PYTHON names the Python."""
import os
import subprocess
import sys

from scikit_build_core import build
from scikit_build_core.build import *  # noqa: F403

_LOOK = "import torch; print(torch.__version__)"


def _expect_torch():
    python = os.environ.get("TORCH_PYTHON") or sys.executable
    environment = dict(os.environ)
    if "pip-build-env" in environment.get("PYTHONPATH", ""):
        del environment["PYTHONPATH"]
        environment.pop("PYTHONNOUSERSITE", None)
    try:
        found = subprocess.run([python, "-c", _LOOK], env=environment, capture_output=True, text=True)
    except OSError as error:
        sys.exit(f"showo: TORCH_PYTHON: {error}")
    if found.returncode != 0:
        sys.exit(f"showo: {python} cannot import torch: install torch first (pip install torch numpy); where it is installed and the tool "
                 "hides it from builds (uv, python -m build), set TORCH_PYTHON to the Python that has it")


def get_requires_for_build_wheel(config_settings=None):
    _expect_torch()
    return build.get_requires_for_build_wheel(config_settings)


def get_requires_for_build_editable(config_settings=None):
    _expect_torch()
    return build.get_requires_for_build_editable(config_settings)
