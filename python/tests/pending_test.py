"""Tasks, threads, callbacks that raise, the end of a model and of the interpreter."""
import asyncio
import gc
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

import showo
from conftest import APPLE, QUICK, same

SLOW = {"steps": 64}


def test_tasks_give_what_calls_give(model, scene):
    expected = model.generate(APPLE, n=2, seed=3, **QUICK)
    pictures = model.start_generate(APPLE, n=2, seed=3, **QUICK)
    answers = model.start_ask(scene, ["what is in the picture?"])
    assert all(map(same, pictures.result(), expected)) and pictures.done()
    assert pictures.result() is pictures.result()
    assert answers.result() == [model.ask(scene, "what is in the picture?")]


def test_a_cancelled_task_says_so(model):
    begun = threading.Event()
    task = model.start_generate(APPLE, on_step=lambda step: begun.set(), **SLOW)
    assert begun.wait(60)
    task.cancel()
    with pytest.raises(showo.Cancelled, match="it was cancelled"):
        task.result()
    with pytest.raises(showo.Cancelled):
        task.result()
    done = model.start_generate(APPLE, **QUICK)
    picture = done.result()
    done.cancel()
    assert done.result() is picture


def test_waiting_has_an_end(model):
    task = model.start_generate(APPLE, n=8, **SLOW)
    with pytest.raises(TimeoutError):
        task.result(timeout=0.01)
    for wrong in (-1, float("nan"), True, "1"):
        with pytest.raises(TypeError, match="timeout"):
            task.result(timeout=wrong)
    task.cancel()


def test_tasks_can_be_awaited(model):
    async def both():
        return await asyncio.gather(model.start_generate(APPLE, **QUICK), model.start_generate("a frog", **QUICK))

    apple, frog = asyncio.run(both())
    assert not same(apple[0], frog[0])

    async def late():
        task = model.start_generate(APPLE, n=4, **SLOW)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(task, 0.05)
        with pytest.raises(showo.Cancelled):
            task.result()

    asyncio.run(late())


def test_any_thread_may_use_it_at_once(model, scene):
    expected = model.generate(APPLE, seed=1, **QUICK)[0], model.ask(scene, "what is in the picture?"), model.encode(scene).tolist()

    def work(i):
        return (model.generate(APPLE, seed=1, **QUICK)[0] if i % 2 else model.start_generate(APPLE, seed=1, **QUICK).result()[0],
                model.ask(scene, "what is in the picture?"), model.encode(scene).tolist())

    with ThreadPoolExecutor(4) as pool:
        for picture, answer, codes in pool.map(work, range(8)):
            assert same(picture, expected[0]) and (answer, codes) == expected[1:]


def test_other_threads_run_meanwhile(model):
    counted, stop = [0], threading.Event()

    def count():
        while not stop.is_set():
            counted[0] += 1
            time.sleep(0.001)

    thread = threading.Thread(target=count)
    thread.start()
    before = counted[0]
    model.generate(APPLE, n=4, **QUICK)
    assert counted[0] > before + 10
    stop.set()
    thread.join()


@pytest.mark.parametrize("call", ["generate", "start", "redraw", "story", "frame", "stream"])
def test_what_a_callback_raises_is_raised(model, scene, call):
    class Enough(Exception):
        pass

    def raises(*_):
        raise Enough("enough")

    with pytest.raises(Enough, match="enough") as caught:
        if call == "generate":
            model.generate(APPLE, n=2, on_step=raises, **QUICK)
        elif call == "start":
            model.start_generate(APPLE, n=2, on_step=raises, **QUICK).result()
        elif call == "redraw":
            model.redraw(scene, APPLE, on_step=raises, **QUICK)
        elif call == "story":
            model.story(APPLE, frames=2, on_step=raises, sampling=QUICK)
        elif call == "frame":
            model.story(APPLE, frames=2, on_frame=raises, sampling=QUICK)
        else:
            for _ in model.ask(scene, "what is in the picture?", stream=True):
                raises()
    assert "raises" in [entry.name for entry in caught.traceback]
    assert model.generate(APPLE, **QUICK)


def test_callbacks_may_start_but_not_wait(model, scene):
    started, refused = [], []

    def on_step(step):
        started.append(model.start_generate("a frog", **QUICK))
        for wait in (lambda: model.generate(APPLE, **QUICK), started[-1].result, model.close,
                     lambda: model.ask(scene, "what is it?"), lambda: next(model.ask(scene, "what is it?", stream=True))):
            with pytest.raises(showo.UsageError, match="callback") as error:
                wait()
            refused.append(str(error.value))
        return False

    model.generate(APPLE, on_step=on_step, **QUICK)
    assert len(refused) == 5 and same(started[0].result()[0], model.generate("a frog", **QUICK)[0])


def test_tasks_and_models_may_go_inside_a_callback():
    own = showo.load()
    held = [own.start_generate("a frog", **SLOW)]

    def on_step(step):
        held.clear()
        gc.collect()

    assert own.generate(APPLE, on_step=on_step, **QUICK)
    held.append(showo.load())
    assert own.generate(APPLE, on_step=on_step, **QUICK)
    own.close()


def test_after_its_end_a_model_says_so(scene):
    own = showo.load()
    view, chat, tokenizer = own.view(scene), own.chat(scene), own.tokenizer
    task = own.start_generate(APPLE, n=4, **SLOW)
    done = own.start_generate(APPLE, **QUICK)
    picture = done.result()
    own.close()
    own.close()
    assert own.closed and "closed" in repr(own) and done.result() is picture
    with pytest.raises(showo.Cancelled):
        task.result()
    for use in (lambda: own.generate(APPLE), lambda: own.start_generate(APPLE), lambda: own.ask(view, "what?"), lambda: chat.ask("what?"),
                lambda: own.encode(scene), lambda: own.decode([0] * 64), lambda: tokenizer.encode("a"), lambda: own.info, own.sampling,
                lambda: own.chat(scene), lambda: own.view(scene), lambda: own.story("a frog"), lambda: own.redraw(scene, "a"),
                lambda: own.change(scene, "a"), lambda: own.reconstruct(scene), lambda: own.extend(scene, "a"),
                lambda: own.inpaint(scene, scene, "a"), lambda: own.ask(scene, "what?", stream=True)):
        with pytest.raises(showo.UsageError, match="was closed"):
            use()
    with pytest.raises(showo.UsageError, match="was closed"), own:
        own.generate(APPLE)


def test_a_view_belongs_to_its_model(model, scene):
    with showo.load() as other, pytest.raises(showo.UsageError, match="another model"):
        model.ask(other.view(scene), "what is it?")


def test_a_full_engine_says_so():
    with showo.load(limits={"waiting": 1, "running": 1}) as small:
        tasks = [small.start_generate(APPLE, **SLOW)]
        with pytest.raises(showo.EngineFull):
            for _ in range(4):
                tasks.append(small.start_generate(APPLE, **SLOW))
        for task in tasks:
            task.cancel()
        assert len(small.generate(APPLE, n=4, **QUICK)) == 4  # waits for room
    with showo.load(limits={"cache_bytes": 1}) as none, pytest.raises(showo.EngineFull):
        none.generate(APPLE)


ENDINGS = {
    "work in the engine": "task = m.start_generate('a frog', n=4, steps=64, on_step=print)",
    "work that nobody holds": "m.start_generate('a frog', n=4, steps=64, on_step=print)",
    "work in a thread of Python": "import threading, time\n"
                                  "threading.Thread(target=lambda: m.generate('a frog', steps=64, on_step=print), daemon=True).start()\n"
                                  "time.sleep(0.3)",
    "a stream": "import PIL.Image\nstream = m.ask(PIL.Image.new('RGB', (64, 64)), 'what is in the picture?', stream=True)\nnext(stream)",
    "nothing": "m.generate('a frog', steps=2)",
    "a fork": "import os\nm.start_generate('a frog', steps=64)\npid = os.fork()\n"
              "try:\n    m.generate('a frog')\nexcept showo.UsageError as error:\n    assert 'fork' in str(error), error\n"
              "    if pid == 0: os._exit(7)\n"
              "if pid: assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7",
}


@pytest.mark.parametrize("what", ENDINGS)
def test_the_interpreter_ends_in_peace_with(what):
    code = f"import showo\nm = showo.load()\n{ENDINGS[what]}\n"
    if what == "a fork":
        code = code.replace("m.generate('a frog')\nexcept", "m.generate('a frog', steps=1) if pid == 0 else None\nexcept")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, (done.returncode, done.stderr[-2000:])
    assert "Traceback" not in done.stderr and "terminate" not in done.stderr, done.stderr
