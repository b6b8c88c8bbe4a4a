"""The notebooks of examples/: by nbclient where it is at hand, else their cells as a script."""
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).resolve().parents[2] / "examples").glob("*.ipynb"))


def cells(path):
    notebook = json.loads(path.read_text())
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebook(path, tmp_path):
    try:
        import nbclient
        import nbformat
        import ipykernel  # noqa: F401
    except ImportError:
        script = tmp_path / f"{path.stem}.py"
        script.write_text("display = print\n" + "\n".join(cells(path)))
        done = subprocess.run([sys.executable, str(script)], cwd=tmp_path, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr[-3000:]
        return
    os.environ.setdefault("JUPYTER_PLATFORM_DIRS", "1")
    notebook = nbformat.read(path, as_version=4)
    nbclient.NotebookClient(notebook, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}).execute()
    if keep := os.environ.get("SHOWO_NOTEBOOKS"):
        nbformat.write(notebook, Path(keep) / path.name)


def test_there_are_notebooks():
    assert len(NOTEBOOKS) >= 2
