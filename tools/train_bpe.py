#!/usr/bin/env python3
"""Trains a small byte-level BPE and writes tokenizer.json in the form the program reads.

train_bpe.py OUT_FOLDER --size 512 FILES…   (needs the PyPI package `tokenizers`)
The last id is <|endoftext|>, which serves as [SOT] and [EOT].
"""
import argparse
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("files", nargs="+")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--also", default="USER: \nwhat ASSISTANT: the", help="a text whose words must become tokens")
    args = parser.parse_args()
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=args.size - 1, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    lines = [line for name in args.files for line in Path(name).read_text().splitlines()]
    tokenizer.train_from_iterator(lines + [args.also] * len(lines), trainer)
    tokenizer.add_special_tokens(["<|endoftext|>"])
    args.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(args.out / "tokenizer.json"))
    print(f"{args.out}/tokenizer.json: {tokenizer.get_vocab_size()} tokens")


if __name__ == "__main__":
    main()
