#!/usr/bin/env python3
"""Writes the tokenizers of this folder and the ids that the PyPI package `tokenizers` gives with them.

gpt2_pattern: ByteLevel with GPT-2's pattern, merges as pairs, spaces and <|endoftext|> added.
split_pattern: Split by a pattern, then ByteLevel; ignore_merges; merges as strings, as older files have them.
"""
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

SENTENCES = [
    "A red balloon drifts above the quiet harbour, and nobody holds its string.",
    "The baker's daughter counts twelve loaves, 12 rolls and 345 crumbs.",
    "It isn't raining; we'll walk along the river where they've planted willows.",
    "Über den Dächern schläft die Stadt, während der Bäcker schon arbeitet.",
] * 4
TEXTS = [
    "", "a", " ", "the baker", "on the river, the baker", "The baker's 12345 rolls!", "nobody  holds   it", "line\n\n  line\r\n\tend  ",
    "they've WE'LL it's", "Über Dächer – 猫 🐈", "x<|endoftext|>y", "1234567 loaves", "...!?\n\n", "harbour harbour harbour",
    "\u180e \u180e!", "\u00a0\u2003 wide", "     five", "e\u0301", "<|endoftext|>",
]  # fmt: skip
PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train(pre_tokenizer, added: list[AddedToken]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=340, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    tokenizer.add_tokens(added)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    return tokenizer


def save(name: str, content: dict) -> None:
    folder = Path(__file__).parent / name
    folder.mkdir(exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(content, ensure_ascii=False) + "\n")
    tokenizer, typed = (Tokenizer.from_file(str(folder / "tokenizer.json")) for _ in range(2))
    typed.encode_special_tokens = True
    cases = [{"text": text, "ids": tokenizer.encode(text).ids} for text in TEXTS]
    for case in cases:
        if (plain := typed.encode(case["text"]).ids) != case["ids"]:
            case["typed"] = plain
    (folder / "cases.json").write_text("[\n" + ",\n".join(map(json.dumps, cases)) + "\n]\n")


def main() -> None:
    spaces = [AddedToken(" " * n, normalized=False) for n in (4, 3, 2)]
    save("gpt2_pattern", json.loads(train(pre_tokenizers.ByteLevel(add_prefix_space=False), spaces).to_str()))

    split = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PATTERN), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    content = json.loads(train(split, []).to_str())
    # Without its merge, only ignore_merges makes this word of the vocabulary one token.
    merges = [merge for merge in content["model"]["merges"] if "".join(merge) != "Ġthe"]
    assert len(merges) + 1 == len(content["model"]["merges"])
    content["model"] |= {"ignore_merges": True, "merges": [" ".join(merge) for merge in merges]}
    save("split_pattern", content)


if __name__ == "__main__":
    main()
