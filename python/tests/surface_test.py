"""What is typed, documented and stated agrees: option tables, signatures, docstrings, stubs."""
import ast
import inspect
import subprocess
import sys
import typing
from pathlib import Path

import pytest

import showo
from showo import _showo, options

PACKAGE = Path(showo.__file__).parent
TYPED = {"load": options.Loading, "sampling": options.Sampling, "text": options.Text, "story": options.Telling}
TYPES = {"int": int, "float": float, "bool": bool, "str": str}


def hints(typed):
    return typing.get_type_hints(typed)


@pytest.mark.parametrize("table", TYPED)
def test_typed_options_are_the_tables(table):
    stated = options.TABLES[table]
    typed = hints(TYPED[table])
    assert list(typed) == list(stated)
    for name, about in stated.items():
        if "options" not in about:
            assert typed[name] is TYPES[about["type"]], name
            assert about["help"] and ("range" in about) == (about["type"] in ("int", "float")), name


def test_tables_within_tables():
    assert list(hints(options.Limits)) == list(options.TABLES["load"]["limits"]["options"])
    assert list(hints(options.Redrawing)) == list(options.TABLES["sampling"]) + list(options.TABLES["redraw"])
    for inner in ("sampling", "text"):
        assert options.TABLES["story"][inner]["options"].keys() == options.TABLES[inner].keys()


@pytest.mark.parametrize("call, tables", [
    ("generate", ["sampling"]), ("start_generate", ["sampling"]), ("inpaint", ["sampling"]), ("start_inpaint", ["sampling"]),
    ("extend", ["sampling"]), ("start_extend", ["sampling"]), ("redraw", ["redraw", "sampling"]), ("change", ["sampling"]),
    ("ask", ["text"]), ("ask_many", ["text"]), ("start_ask", ["text"]), ("story", ["story"])])
def test_docstrings_tell_every_option(call, tables):
    text = getattr(showo.Model, call).__doc__
    for table in tables:
        for name, about in options.TABLES[table].items():
            assert f"{name}: {about['help']}" in text
            assert about.get("range", "") in text


def test_everything_public_is_documented():
    for name in showo.__all__:
        thing = getattr(showo, name)
        assert inspect.getdoc(thing), name
        for method, value in vars(thing).items() if inspect.isclass(thing) else []:
            if not method.startswith("_") and inspect.isfunction(value) and method not in ("encode", "decode", "close", "done"):
                assert inspect.getdoc(value), f"{name}.{method}"


def test_start_takes_what_the_call_takes():
    for call in ("generate", "inpaint", "extend"):
        waits, starts = (inspect.signature(getattr(showo.Model, name)) for name in (call, "start_" + call))
        assert list(waits.parameters) == list(starts.parameters)
        assert [p.default for p in waits.parameters.values()] == [p.default for p in starts.parameters.values()]


def test_the_stub_names_what_the_module_has():
    stub = ast.parse((PACKAGE / "_showo.pyi").read_text())

    def names(body):
        found = {node.name for node in body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        return found | {node.target.id for node in body if isinstance(node, ast.AnnAssign)}

    public = {name for name in vars(_showo) if not name.startswith("_")}
    assert names(stub.body) == public
    for node in stub.body:
        if isinstance(node, ast.ClassDef):
            has = {name for name in vars(getattr(_showo, node.name)) if not name.startswith("_")}
            assert {name for name in names(node.body) if not name.startswith("_")} == has


CHECKED = """
import showo
import torch
m = showo.load(bits=8)
picture = m.generate("a frog", n=2, seed=1, steps=4, guidance=2.0)[0]
pictures, codes = m.generate("a frog", return_codes=True)
reveal_type(codes)
reveal_type(m.ask(picture, "what is it?"))
reveal_type(m.ask(picture, "what is it?", stream=True))
reveal_type(m.start_ask(picture, ["what?"]).result())
m.generate("a frog", stepz=3)
m.generate("a frog", steps="three")
"""


def test_types_are_checked(tmp_path):
    pytest.importorskip("mypy")
    (tmp_path / "checked.py").write_text(CHECKED)

    def mypy(*arguments):
        done = subprocess.run([sys.executable, "-m", "mypy", "--no-error-summary", "--follow-imports=silent", "--cache-dir",
                               str(tmp_path / "cache"), *map(str, arguments)], cwd=tmp_path, capture_output=True, text=True)
        return done.stdout + done.stderr

    said = mypy("checked.py")
    for text in ('"torch._tensor.Tensor"', '"showo.pending.Answer"', '"showo.pending.TextStream"', '"list[showo.pending.Answer]"'):
        assert text in said, said
    wrong = {line.split(":")[1] for line in said.splitlines() if " error: " in line}
    assert wrong == {"11", "12"}, said
