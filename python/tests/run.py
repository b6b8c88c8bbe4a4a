"""The package's tests by pytest, on the package of a build folder: skipped, and says so, where TORCH_PYTHON has no pytest or the
package was not built, as without nanobind.

    python run.py BUILD/python PROGRAM [pytest's arguments]"""
import os
import sys
from pathlib import Path

SKIPPED = 77  # CTest's SKIP_RETURN_CODE

if __name__ == "__main__":
    package, program = (Path(name).resolve() for name in sys.argv[1:3])
    sys.path.insert(0, str(package))
    try:
        import pytest
    except ImportError as error:
        print(f"skipped: {error}")
        sys.exit(SKIPPED)
    if not list(package.glob("showo/_showo*.so")):
        print(f"skipped: {package} was not built")
        sys.exit(SKIPPED)
    os.environ["PYTHONPATH"] = os.pathsep.join([str(package), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    os.environ["SHOWO_PROGRAM"] = str(program)
    tests = Path(__file__).resolve().parent
    sys.exit(pytest.main(["-q", "-p", "no:cacheprovider", "-c", str(tests.parents[1] / "pyproject.toml"), *(sys.argv[3:] or [str(tests)])]))
