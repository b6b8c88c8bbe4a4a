#!/usr/bin/env python3
"""Writes clip and clip_files beside it: a small tokenizer in the form of CLIP's, as transformers' CLIPTokenizer saves it and as the
vocab.json and merges.txt that it was published in, with the ids that it gives.

    python tests/text/data/make_clip.py
"""
import json
from pathlib import Path

from make import SENTENCES, TEXTS
from tokenizers import Regex, Tokenizer, models, normalizers, pre_tokenizers, trainers
from transformers import CLIPTokenizer

HERE = Path(__file__).resolve().parent
SPECIAL = ["<|startoftext|>", "<|endoftext|>"]
MORE = ["A RED BALLOON", "İstanbul ΣΊΣΥΦΟΣ ŉ ǅ ẞ", "it's\u1680we'LL\u2028they\u0085've", "12th ½ ²³", "a\u180eb", "Å\u030a ﬁ e\u0301E\u0301",
        "!!!'s...", "猫は🐈、🐈‍⬛", "<|StartOfText|> the harbour <|startoftext|>", "\x00\x1fa"]


def learned():
    """Merges and vocabulary of words in small letters whose ends are marked."""
    tokenizer = Tokenizer(models.BPE(end_of_word_suffix="</w>"))
    tokenizer.normalizer = normalizers.Sequence([normalizers.NFC(), normalizers.Lowercase()])
    words = Regex(r"[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, behavior="removed", invert=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=700, end_of_word_suffix="</w>", show_progress=False))
    merges = [tuple(merge) for merge in json.loads(tokenizer.to_str())["model"]["merges"]]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokens = alphabet + [letter + "</w>" for letter in alphabet] + ["".join(merge) for merge in merges] + SPECIAL
    return {token: id for id, token in enumerate(dict.fromkeys(tokens))}, merges


def main():
    vocabulary, merges = learned()
    clip = CLIPTokenizer(vocab=vocabulary, merges=merges)
    clip.save_pretrained(HERE / "clip")
    files = HERE / "clip_files"
    files.mkdir(exist_ok=True)
    (files / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False) + "\n")
    (files / "merges.txt").write_text("#version: 0.2\n" + "".join(f"{a} {b}\n" for a, b in merges))
    cases = []
    for text in TEXTS + MORE:
        case = {"text": text}
        for key, typed in (("ids", False), ("typed", True)):
            clip.backend_tokenizer.encode_special_tokens = typed
            case[key] = clip.backend_tokenizer.encode(text, add_special_tokens=False).ids
        spelled = "".join(clip.convert_ids_to_tokens(case["ids"]))
        letters = {letter: byte for byte, letter in enumerate(byte_letters())}
        case["decoded"] = ""
        for i, part in enumerate(spelled.split("</w>")):
            case["decoded"] += (" " if i else "") + decoded(part, letters)
        cases.append(case)
    text = "[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n"
    for folder in ("clip", "clip_files"):
        (HERE / folder / "cases.json").write_text(text)


def byte_letters():
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]


def decoded(spelled, letters):
    for token in SPECIAL:
        if token in spelled:
            before, after = spelled.split(token, 1)
            return decoded(before, letters) + token + decoded(after, letters)
    return bytes(letters[letter] for letter in spelled).decode("utf-8")


if __name__ == "__main__":
    main()
