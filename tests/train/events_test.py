"""What TensorBoard is given: a run's event files, read back by a reader of their format written here from its
description (framing, CRC-32C, protocol buffers), or by TensorBoard itself with --tensorboard where it can be imported.
Both must find every number of metrics.jsonl, and nothing else."""
import json
import math
import struct
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
import tiny_run  # noqa: E402

SHOWO = sys.argv.pop(1)
SKIPPED = 77  # CTest's SKIP_RETURN_CODE


def crc32c(data):
    """Bit by bit, as the polynomial says; "123456789" gives e3069283."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def masked(data):
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def records(data):
    """TFRecord: the length, its masked checksum, the record, its masked checksum."""
    at = 0
    while at < len(data):
        length, check = data[at:at + 8], data[at + 8:at + 12]
        if struct.unpack("<I", check)[0] != masked(length):
            raise ValueError(f"byte {at}: the length's checksum is wrong")
        size = struct.unpack("<Q", length)[0]
        record, check = data[at + 12:at + 12 + size], data[at + 12 + size:at + 16 + size]
        if struct.unpack("<I", check)[0] != masked(record):
            raise ValueError(f"byte {at}: the record's checksum is wrong")
        yield record
        at += 16 + size


def varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if not data[at - 1] & 0x80:
            return value, at


def fields(message):
    """A protocol buffer's fields: number → values."""
    found, at = {}, 0
    while at < len(message):
        key, at = varint(message, at)
        if key & 7 == 0:
            value, at = varint(message, at)
        elif key & 7 == 2:
            size, at = varint(message, at)
            value, at = message[at:at + size], at + size
        else:
            kind, size = {1: ("<d", 8), 5: ("<f", 4)}[key & 7]
            value, at = struct.unpack_from(kind, message, at)[0], at + size
        found.setdefault(key >> 3, []).append(value)
    return found


def read_by_format(folder):
    """{(name, step): value} of event.proto: Event {1: wall_time, 2: step, 3: file_version, 5: summary}, Summary
    {1: values}, Value {1: tag, 2: simple_value}."""
    scalars = {}
    for path in folder.glob("events.out.tfevents.*"):
        first, *events = map(fields, records(path.read_bytes()))
        assert first[3] == [b"brain.Event:2"], first
        for event in events:
            assert event[1][0] > 1.5e9, "no time of this century"
            for summary in event[5]:
                for value in map(fields, fields(summary)[1]):
                    scalars[value[1][0].decode(), event[2][0]] = value[2][0]
    return scalars


def read_by_tensorboard(folder):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder), size_guidance={"scalars": 0}).Reload()
    return {(name, event.step): event.value for name in events.Tags()["scalars"] for event in events.Scalars(name)}


class Events(unittest.TestCase):
    read = staticmethod(read_by_format)

    def test_a_resumed_runs_files_hold_the_numbers_of_its_metrics(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tiny_run.write_shard(folder / "a.tar")
            recipe = tiny_run.recipe(folder)
            for steps in ("2", "4"):
                subprocess.run([SHOWO, "train", str(recipe), "--out", str(folder / "run"), "--steps", steps], check=True,
                               capture_output=True, timeout=600)
            self.assertEqual(len(list((folder / "run").glob("events.out.tfevents.*"))), 2)
            wanted = {}
            for line in map(json.loads, (folder / "run/metrics.jsonl").read_text().splitlines()):
                wanted.update({(name, line["step"]): value for name, value in line.items() if name != "step"})
            found = self.read(folder / "run")
        self.assertEqual(found.keys(), wanted.keys())
        self.assertIn(("loss", 4), found)
        for key, value in wanted.items():
            self.assertTrue(math.isclose(found[key], value, rel_tol=1e-6), (key, found[key], value))

    def test_a_run_that_goes_back_takes_its_events_along(self):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            tiny_run.write_shard(folder / "a.tar")
            recipe = tiny_run.recipe(folder, checkpoint_every=2, keep=9)
            for steps in ("5", "3"):
                subprocess.run([SHOWO, "train", str(recipe), "--out", str(folder / "run"), "--steps", steps], check=True,
                               capture_output=True, timeout=600)
                (folder / "run/checkpoint").unlink()
                (folder / "run/checkpoint").symlink_to("checkpoints/step-0000002")
            steps = [line["step"] for line in map(json.loads, (folder / "run/metrics.jsonl").read_text().splitlines())]
            found = self.read(folder / "run")
        self.assertEqual(steps, [1, 2, 3])
        self.assertEqual({step for _, step in found}, {1, 2, 3})

    def test_the_reader_written_here_knows_the_checksum_and_finds_damage(self):
        self.assertEqual(crc32c(b"123456789"), 0xE3069283)
        length = struct.pack("<Q", 3)
        whole = length + struct.pack("<I", masked(length)) + b"abc" + struct.pack("<I", masked(b"abc"))
        self.assertEqual(list(records(whole)), [b"abc"])
        for at in range(len(whole)):
            damaged = whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1:]
            with self.assertRaises(ValueError, msg=at):
                list(records(damaged))


if __name__ == "__main__":
    if "--tensorboard" in sys.argv:
        sys.argv.remove("--tensorboard")
        try:
            import tensorboard  # noqa: F401
        except ImportError as error:
            print(f"skipped: {error}; `pip install tensorboard` into this Python, {sys.executable}, to run it")
            sys.exit(SKIPPED)
        Events.read = staticmethod(read_by_tensorboard)
    unittest.main()
