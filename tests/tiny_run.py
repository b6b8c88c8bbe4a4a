"""A training run that takes a second: a shard of noise, a recipe, and its weights read back."""
import io
import json
import struct
import tarfile
import time
import zlib
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
SAMPLES = 48


def png(seed, side=16):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def write_shard(path, samples=SAMPLES):
    with tarfile.open(path, "w") as tar:
        for i in range(samples):
            turns = {"turns": [{"question": "what is it?", "answer": f"a thing {i}"}]}
            for name, data in ((f"{i:04}.png", png(i)), (f"{i:04}.txt", f"picture {i}".encode()),
                               (f"{i:04}.json", json.dumps(turns).encode())):
                info = tarfile.TarInfo(name)
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))


def weights(path):
    data = path.read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    return {name: np.frombuffer(data, np.float32, offset=8 + size + item["data_offsets"][0],
                                count=int(np.prod(item["shape"], dtype=int)))
            for name, item in header.items() if name != "__metadata__"}


def metrics(run):
    """The whole lines of a run's metrics so far."""
    path = run / "metrics.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text[:text.rfind("\n") + 1].splitlines()]


def wait_for_step(run, step, process, seconds=120):
    """Until `process` has logged this step."""
    deadline = time.time() + seconds
    while not any(line["step"] >= step for line in metrics(run)):
        assert process.poll() is None, "ended by itself: " + process.communicate()[1]
        assert time.time() < deadline, "no step was logged"
        time.sleep(0.01)


def recipe(folder, rows=4, **more):
    shard = str(folder / "a.tar")
    values = {
        "llm": {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2},
        "text_tokens": 16, "codec": str(ROOT / "models/embedded/codec"),
        "tokenizer": str(ROOT / "configs/embedded/llm"),
        "data": {"t2i": {"path": shard, "shuffle": 0}, "mmu": {"path": shard, "shuffle": 0}},
        "batch": {"t2i": rows, "mmu": rows, "lm": 0, "image_size": 16},
        "optimizer": {"lr": 1e-3, "warmup_steps": 2, "clip": 1.0},
        "steps": 6, "bf16": False, "checkpoint_every": 3, "preview_every": 0, "log_every": 1,
    }
    values.update(more)
    path = folder / f"recipe-{rows}.yaml"
    path.write_text(json.dumps(values))
    return path


def codec_recipe(folder, rows=4, **more):
    """Without the entropy term, which is not a mean over pictures: of shares of a batch it is another."""
    shard = {"path": str(folder / "a.tar"), "shuffle": 0}
    ones = {f"{part}_{key}": [1, 1] for part in ("encoder", "decoder") for key in ("ch_mult", "num_res_blocks")}
    values = {
        "codec": {"ch": 32, "z_channels": 4, "norm_groups": 8, **ones}, "shards": shard, "image_size": 16, "batch": rows, "entropy": 0.0,
        "optimizer": {"lr": 1e-3, "warmup_steps": 2, "clip": 1.0}, "steps": 6, "bf16": False,
        "evaluation": {"every": 3, "batches": SAMPLES // 4, "shards": shard},
        "checkpoint_every": 3, "preview_every": 0, "log_every": 1,
    }
    values.update(more)
    path = folder / f"codec-{rows}.yaml"
    path.write_text(json.dumps(values))
    return path
