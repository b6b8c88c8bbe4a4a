"""Ctrl-C stops between steps, and the interpreter goes on."""
import os
import signal
import subprocess
import sys
import time

import pytest

PROGRAM = """
import os, time
import showo
def say(line):
    os.write(1, (line + "\\n").encode())  # whole, whichever threads write
m = showo.load()
picture = m.generate("a frog", steps=2)[0]
def begun(*_):
    say("begun")
    time.sleep(0.02)
try:
    {call}
    say("ended")
except KeyboardInterrupt:
    say("interrupted")
assert len(m.generate("a frog", steps=2)) == 1 and m.ask(picture, "what is in the picture?")
say("went on")
"""
CALLS = {
    "generate": "m.generate('a frog', n=256, steps=64, on_step=begun)",
    "generate in parts": "m.generate('a frog', n=300, steps=64, on_step=begun)",
    "a task": "m.start_generate('a frog', n=64, steps=64, on_step=begun).result()",
    "redraw": "m.redraw(picture, 'a frog', rounds=1000, steps=64, on_step=begun)",
    "story": "m.story('a frog', frames=16, on_step=begun)",
    "stream": "[begun() for _ in iter(lambda: list(m.ask(picture, 'what is in the picture?', stream=True)), None)]",
    "questions": "[(begun(), m.ask_many(picture, ['what is in the picture?'] * 256, temperature=100.0, max_tokens=200)) for _ in range(99)]",
    "training": "showo.train({recipe!r}, out={out!r}, on_log=begun)",
}


@pytest.mark.parametrize("call", CALLS)
def test_ctrl_c(call, tmp_path):
    code = CALLS[call]
    if call == "training":
        sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../../tests"))
        import tiny_run

        tiny_run.write_shard(tmp_path / "a.tar")
        code = code.format(recipe=str(tiny_run.recipe(tmp_path, steps=100000)), out=str(tmp_path / "run"))
    process = subprocess.Popen([sys.executable, "-c", PROGRAM.replace("{call}", code)], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                               text=True)
    for line in process.stdout:
        if line == "begun\n":
            break
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    after = {}
    for line in process.stdout:
        after.setdefault(line.strip(), time.monotonic() - sent)
    errors = process.stderr.read()
    assert process.wait(60) == 0, errors[-2000:]
    assert "interrupted" in after and "went on" in after, (after, errors)
    assert after["interrupted"] < 20, after
    if call == "training":
        assert (tmp_path / "run/checkpoint/model/config.json").exists()
