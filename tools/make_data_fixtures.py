"""Writes tests/data/fixtures: a few tiny samples in every format, by the libraries that the formats' users write them with.

Needs webdataset, pyarrow and pillow:
  python3 -m venv /tmp/fixtures && /tmp/fixtures/bin/pip install webdataset pyarrow pillow
  /tmp/fixtures/bin/python tools/make_data_fixtures.py
"""
import gzip
import io
import json
import shutil
import tarfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import webdataset as wds
from PIL import Image

OUT = Path(__file__).resolve().parents[1] / "tests/data/fixtures"
COLOURS = {"red": (220, 30, 30), "green": (30, 180, 60), "blue": (40, 60, 220), "yellow": (230, 220, 40)}


def picture(colour, kind="JPEG", size=(24, 16)):
    stream = io.BytesIO()
    Image.new("RGB", size, COLOURS[colour]).save(stream, kind, **({"quality": 90} if kind == "JPEG" else {}))
    return stream.getvalue()


def write(name, content):
    path = OUT / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())


def shard(name, samples, pack=lambda tar: tar):
    tar = io.BytesIO()
    with wds.TarWriter(tar, mtime=0) as writer:
        for sample in samples:
            writer.write(sample)
    write(name, pack(tar.getvalue()))


def shards():
    colours = list(COLOURS)
    for s in range(3):
        shard(f"shards/photos-{s:04}.tar", [
            {"__key__": f"{4 * s + i:09}", "jpg": picture(colour), "txt": f"a {colour} card, number {4 * s + i}"}
            for i, colour in enumerate(colours)])
    kinds = [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG")]
    shard("shards/captioned-0000.tar.gz", [
        {"__key__": f"{i:09}", extension: picture(colours[i], kind),
         "json": {"caption": f"{colours[i]} as {extension}", "long_caption": f"a card that is all {colours[i]}"}}
        for i, (extension, kind) in enumerate(kinds)], lambda tar: gzip.compress(tar, mtime=0))
    write("shards/recaptions/photos-0001.json", json.dumps({f"{4 + i:09}": f"anew: {c}" for i, c in enumerate(colours)}))
    write("shards/recaptions.json", json.dumps({"000000000": "anew: red \u2013 \"quoted\"", "000000005": "anew: green"}))


def pictures():
    for folder, colours in {"n01440764": ["red", "green"], "n01443537": ["blue"], "n01484850": ["yellow", "blue"]}.items():
        for i, colour in enumerate(colours):
            write(f"imagenet/train/{folder}/{folder}_{i}.JPEG", picture(colour))
    write("imagenet/LOC_synset_mapping.txt",
          "n01440764 tench, Tinca tinca\nn01443537 goldfish, Carassius auratus\n"
          "n01484850 great white shark, white shark, man-eater, man-eating shark, Carcharodon carcharias\n")
    for folder, colour in {"traffic_light": "green", "fire_engine": "red"}.items():
        write(f"folders/{folder}/0.png", picture(colour, "PNG"))
    for colour in COLOURS:
        write(f"images/{colour}.jpg", picture(colour))


def conversations():
    def turns(*values):
        return [{"from": "human" if i % 2 == 0 else "gpt", "value": value} for i, value in enumerate(values)]
    write("llava.json", json.dumps([
        {"id": "0", "image": "red.jpg", "conversations": turns("<image>\nWhich colour is the card?", "Red.", "And its form?", "A rectangle {wide} \"flat\".")},
        {"id": "1", "image": "green.jpg", "conversations": turns("Describe the card.\n<image>", "It is green.")},
        {"id": "2", "conversations": turns("What is \"image\" in French?", "Image.")},
        {"id": 3, "image": "blue.jpg", "conversations": turns("<image>\nIs it red?", "No, blue.")},
    ], indent=1))


def captions():
    rows = [{"image": "red.jpg", "caption": "a red card"}, {"image": "green.jpg", "caption": ["a green card", "green all over"]},
            {"image": "yellow.jpg", "caption": "a yellow card"}]
    write("captions.json", json.dumps(rows))
    write("captions.jsonl", "".join(json.dumps(row) + "\n" for row in rows))
    write("captions_by_picture.json", json.dumps({f"{c}.jpg": f"this is {c}" for c in ("blue", "red")}))


def texts():
    lines = [f"Sentence {i} tells of the number {i * i}." for i in range(12)]
    write("text.txt", "\n".join(lines[:5]) + "\r\n\n" + lines[5])
    write("text.jsonl", "".join(json.dumps({"text": line, "id": i}) + "\n" for i, line in enumerate(lines[:4])))
    (OUT / "kinds").mkdir(parents=True)
    table = pa.table({"url": [f"u{i}" for i in range(12)], "content": [None if i == 7 else line for i, line in enumerate(lines)]})
    pq.write_table(table, OUT / "text.parquet", row_group_size=5, compression="zstd")
    large = pa.table({"content": pa.array(lines[:3], pa.large_string()), "number": [1, 2, 3]})
    pq.write_table(large, OUT / "large.parquet", compression="snappy")
    # A text of 6 MB, once in the dictionary, in each of 1000 rows.
    repeated = pa.table({"content": pa.array(["y" * (6 << 20)] * 1000)})
    pq.write_table(repeated, OUT / "repeated.parquet", compression="zstd", dictionary_pagesize_limit=1 << 26, write_statistics=False,
                   store_schema=False)
    for name, kind in {"string_view": pa.string_view(), "dictionary": pa.dictionary(pa.int32(), pa.string()), "binary": pa.binary(),
                       "large_binary": pa.large_binary(), "large_dictionary": pa.dictionary(pa.int8(), pa.large_string())}.items():
        column = pa.array([None if i == 2 else line for i, line in enumerate(lines[:4])]).cast(kind)
        pq.write_table(pa.table({"content": column}), OUT / f"kinds/{name}.parquet")
    pq.write_table(pa.table({"content": pa.array([b"caf\xe9", lines[1].encode()], pa.binary())}), OUT / "kinds/latin1.parquet")


def names():
    """A shard by Python's tarfile, whose pax headers hold names and an owner beyond ASCII."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for key, colour in {"caf\u00e9": "red", "caf\u00e8": "green"}.items():
            for ending, content in {"png": picture(colour, "PNG"), "txt": f"{key} is {colour}".encode()}.items():
                member = tarfile.TarInfo(f"{key}.{ending}")
                member.size, member.uname = len(content), "Jos\u00e9"
                archive.addfile(member, io.BytesIO(content))
    write("names.tar", tar.getvalue())


if __name__ == "__main__":
    shutil.rmtree(OUT, ignore_errors=True)
    for make in (shards, pictures, conversations, captions, texts, names):
        make()
