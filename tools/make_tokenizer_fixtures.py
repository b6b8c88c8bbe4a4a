"""Writes tests/text/data's tokenizers in the forms of Llama 2, Llama 3, Qwen and SmolLM, tiny vocabularies trained here, and
the ids and texts that the libraries give with them (tests/text/data/make.py: those in GPT-2's form).

Needs sentencepiece, tokenizers and transformers 4, the last with a tokenizer of Llama 2 on sentencepiece:
  python3 -m venv /tmp/fixtures && /tmp/fixtures/bin/pip install "transformers<5" sentencepiece protobuf
  /tmp/fixtures/bin/python tools/make_tokenizer_fixtures.py
"""
import io
import json
import shutil
import tempfile
from pathlib import Path

import sentencepiece
from sentencepiece import sentencepiece_model_pb2
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import LlamaTokenizer, LlamaTokenizerFast

OUT = Path(__file__).resolve().parents[1] / "tests/text/data"
SENTENCES = [
    "A red balloon drifts above the quiet harbour, and nobody holds its string.",
    "The baker's daughter counts twelve loaves, 12 rolls and 345 crumbs in 2024.",
    "It isn't raining; we'll walk along the river where they've planted willows.",
    "Über den Dächern schläft die Stadt, während der Bäcker schon arbeitet.",
    "Le garçon mange des crêpes au café près de l'église, où il fait très froid.",
    "猫が窓の外を見ている。雨の日は静かです。", "一只红色的猫坐在桌子上。", "Кошка спит на тёплой крыше дома.",
    "def count(words):\n    return {word: len(word) for word in words}\n", "\tif (a == b) {\n\t\treturn 0;\n\t}\n",
    "What is in the picture? There is a cat on a mat, and a dog beside it.", "the cat, the dog, the mat and the picture  of  them",
] * 8
MARKS = ["<s>", "</s>", "<unk>", "<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "[INST]"]
TEXTS = [
    "", "a", " ", "  ", "   ", "the cat", " the cat", "  the cat", "the cat ", "the cat  ", "the  cat", "Hello world! a photo of a cat",
    "tabs\t\tand\nnewlines\r\n\r\n", "\n", "\n\n\n", " \n", "\n ", " \n \n  x", "line\n\n  line\r\n\tend  ", "\t\tif (a == b)\n\t\t\treturn 1234567;",
    "don't can't I'll we're THEY'VE it's", "DON'T CAN'T I'LL WE'RE it'S 'S 'Re", "'\u017f isn'\u017f", "'tis 'twas", "x=1234567890 3.14159 1,000,000",
    "1 12 123 1234 12345", "\u0661\u0662\u0663\u0664 \u2160\u2161 \u00bd \u00b2\u00b3", "na\u00efve caf\u00e9 \u2014 \u201cquotes\u201d \u2026",
    "cafe\u0301 naI\u0308ve A\u030a \u212b \u2126", "e\u0323\u0301 e\u0301\u0323 q\u0307\u0323 \u1e0b\u0323", "\u1100\u1161\u11a8 \uac00\u11a8 \u1112\u1161\u11ab\u1100\u1173\u11af",
    "\u0958 \u0344 \u0f73 \ufb1d \u2adc", "\u0301\u0323\u0301 x", "一只红色的猫坐在桌子上。", "猫が窓の外を見ている。", "한국어 문장입니다.", "Кошка спит", "שלום עולם", "مرحبا بالعالم",
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f44d\U0001f3fd \U0001f1e9\U0001f1ea", "\u2764\ufe0f \u263a", "\U0001d518\U0001d52b\U0001d526", "\u180e \u180e!", "\u00a0\u2003 wide\u3000",
    "\u2581the\u2581cat", "\u2581", "the \u2581 cat", "<0x41>", "<0x0A><0xZZ>", "...!?\n\n", "!!! ???", "a.b,c;d:e", "foo_bar__baz", "https://example.org/a?b=c&d=%20",
    "\u0000 \u0001\u007f", "\ufffd\ufeff", "harbour harbour harbour", "def count(words):\n    return 0", "ﬁﬂ ① ㍿",
    "<s>the cat</s>", "<s> the cat </s> dog", "the cat<s>", "<unk>", "<|begin_of_text|>the cat<|eot_id|>", "<|im_start|>user\nthe cat<|im_end|>\n",
    "a<|endoftext|>b", "<|endoftext|>", "[INST] the cat [/INST]", "<s", "<|im_start", "< s>", "<<s>>", "<s><s>", "<|im_end|>\u0338", "cafe\u0301! caf\u00e9!",
]  # fmt: skip
CONTRACTIONS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"
REST = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def write(name, files):
    folder = OUT / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for file, content in files.items():
        if not isinstance(content, (bytes, str)):
            content = json.dumps(content, ensure_ascii=False) + "\n"
        (folder / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def write_cases(folder, ids, typed, decoded):
    """ids: with special tokens recognised; typed: without."""
    cases = []
    for text in TEXTS:
        case = {"text": text, "ids": ids(text)}
        if (plain := typed(text)) != case["ids"]:
            case["typed"] = plain
        if (back := decoded(case["ids"])) != text:
            case["decoded"] = back
        cases.append(case)
    lines = (json.dumps(case, ensure_ascii=True, separators=(",", ":")) for case in cases)
    (folder / "cases.json").write_text("[\n" + ",\n".join(lines) + "\n]\n")


def write_json_cases(folder):
    tokenizer, plain = (Tokenizer.from_file(str(folder / "tokenizer.json")) for _ in range(2))
    plain.encode_special_tokens = True
    write_cases(folder, lambda text: tokenizer.encode(text, add_special_tokens=False).ids,
                lambda text: plain.encode(text, add_special_tokens=False).ids,
                lambda ids: tokenizer.decode(ids, skip_special_tokens=False))


def byte_level(pre_tokenizer, normalizer, special, added=()):
    """A trained byte-level BPE as its file's content."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(SENTENCES, trainers.BpeTrainer(vocab_size=560, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in special])
    tokenizer.add_tokens(list(added))
    return json.loads(tokenizer.to_str())


def split(digits):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(CONTRACTIONS + digits + REST), behavior="isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


def llama3():
    content = byte_level(split(r"\p{N}{1,3}"), None, ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"])
    # Without its merge, only ignore_merges makes this word of the vocabulary one token.
    merges = [merge for merge in content["model"]["merges"] if "".join(merge) != "\u0120the"]
    assert len(merges) + 1 == len(content["model"]["merges"])
    content["model"] |= {"ignore_merges": True, "merges": [" ".join(merge) for merge in merges]}
    begin = next(token["id"] for token in content["added_tokens"] if token["content"] == "<|begin_of_text|>")
    template = processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                                             special_tokens=[("<|begin_of_text|>", begin)])
    tokenizer = Tokenizer.from_str(json.dumps(content))
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    content["post_processor"] = json.loads(tokenizer.to_str())["post_processor"]
    config = {"bos_token": "<|begin_of_text|>", "eos_token": "<|end_of_text|>", "tokenizer_class": "PreTrainedTokenizerFast"}
    return write("llama3", {"tokenizer.json": content, "tokenizer_config.json": config})


def qwen():
    # The token with an accent is found in the normalised text.
    content = byte_level(split(r"\p{N}"), normalizers.NFC(), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
                         [AddedToken("e\u0301!", normalized=True), AddedToken("[INST]", normalized=False)])
    content["post_processor"] = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": False, "use_regex": False}
    config = {"add_bos_token": False, "add_prefix_space": False, "bos_token": None, "eos_token": "<|im_end|>",
              "tokenizer_class": "Qwen2Tokenizer"}
    return write("qwen", {"tokenizer.json": content, "tokenizer_config.json": config})


def smollm():
    words = pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                     pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)])
    return write("smollm", {"tokenizer.json": byte_level(words, None, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"])})


def sentencepiece_model(kind, size, **changed):
    model = io.BytesIO()
    options = {"byte_fallback": True, "split_digits": True, "normalization_rule_name": "identity", "character_coverage": 0.99,
               "remove_extra_whitespaces": False, "allow_whitespace_only_pieces": True, "minloglevel": 2, "num_threads": 1}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=(line for text in SENTENCES for line in text.split("\n") if line), model_writer=model, model_type=kind,
        vocab_size=size, **options | changed)
    return model.getvalue()


def write_slow_cases(folder, decode, model):
    """`model` encodes what is typed; tokens that are added but not special are found there too."""
    tokenizer = LlamaTokenizer.from_pretrained(folder)

    def ids(text):
        tokens = tokenizer.tokenize(text)
        # A text that begins with an added token keeps a lone space mark here, and has none in the fast tokenizer.
        lone = tokens[:1] == ["\u2581"] and tokens[1:2] and tokens[1] in tokenizer.get_added_vocab() and not tokenizer.legacy
        return tokenizer.convert_tokens_to_ids(tokens[1:] if lone else tokens)

    write_cases(folder, ids, lambda text: ids(text) if "[INST]" in text else model(text), decode)


def llama2(name, legacy):
    """A sentencepiece folder, and its tokenizer.json alone."""
    config = {"add_bos_token": True, "add_eos_token": False, "bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "legacy": legacy,
              "sp_model_kwargs": {}, "tokenizer_class": "LlamaTokenizer"}
    files = {"tokenizer.model": sentencepiece_model("bpe", 480), "tokenizer_config.json": config}
    if legacy:
        files["added_tokens.json"] = {"<|im_start|>": 480, "<|im_end|>": 481, "[INST]": 482}
        files["special_tokens_map.json"] = {"additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
    else:
        properties = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False}
        config["added_tokens_decoder"] = {
            str(i): {"content": token} | properties | {"special": i != 480}
            for i, token in [(0, "<unk>"), (1, "<s>"), (2, "</s>"), (480, "[INST]"), (481, "<|im_end|>")]}
    folder = write(f"sentencepiece_{name}", files)
    fast = LlamaTokenizerFast.from_pretrained(folder, from_slow=True)
    slow = LlamaTokenizer.from_pretrained(folder)
    write_slow_cases(folder, lambda ids: fast.backend_tokenizer.decode(ids, skip_special_tokens=False),
                     lambda text: slow.convert_tokens_to_ids(slow.tokenize(text, split_special_tokens=True)))
    content = json.loads(fast.backend_tokenizer.to_str())
    return write(f"llama2_{name}", {"tokenizer.json": content, "tokenizer_config.json": config})


def unigram():
    """With a normaliser, and with pieces that the model itself finds in every text, one of them special."""
    rules = {"ﬁ": "fi", "ﬂ": "fl", "①": "1", "㍿": "株式会社", "\u00a0": " ", "\u3000": " ", "\t": " ", "cafe\u0301": "café", "ffi": "fi"}
    with tempfile.NamedTemporaryFile("w", suffix=".tsv") as file:
        points = lambda text: " ".join(f"{ord(letter):X}" for letter in text)
        file.write("".join(f"{points(old)}\t{points(new)}\n" for old, new in rules.items()))
        file.flush()
        model = sentencepiece_model("unigram", 430, user_defined_symbols=["<|im_start|>", "[INST]"], control_symbols=["<|im_end|>"],
                                    normalization_rule_tsv=file.name, remove_extra_whitespaces=True)
    config = {"bos_token": "<s>", "eos_token": "</s>", "additional_special_tokens": ["<|im_start|>", "<|im_end|>"]}
    folder = write("sentencepiece_unigram", {"tokenizer.model": model, "tokenizer_config.json": config})
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    # Without its special piece, which would be found in every text.
    proto = sentencepiece_model_pb2.ModelProto.FromString(model)
    next(piece for piece in proto.pieces if piece.piece == "<|im_start|>").type = sentencepiece_model_pb2.ModelProto.SentencePiece.CONTROL
    plain = sentencepiece.SentencePieceProcessor(model_proto=proto.SerializeToString())
    write_slow_cases(folder, lambda ids: decode_with_marks(processor, ids), plain.encode)


def decode_with_marks(processor, ids):
    """As the fast tokenizers decode: control pieces are their own text, and one space at the beginning is left out."""
    data = b""
    for token in ids:
        piece = processor.id_to_piece(token)
        data += bytes([int(piece[3:5], 16)]) if processor.is_byte(token) else piece.replace("\u2581", " ").encode()
    return data.decode().removeprefix(" ")


def main():
    for folder in (llama3(), qwen(), smollm(), llama2("legacy", True), llama2("new", False)):
        write_json_cases(folder)
    unigram()
    sizes = {folder.name: sum(file.stat().st_size for file in folder.iterdir()) for folder in OUT.iterdir() if folder.is_dir()}
    print(sizes, sum(sizes.values()))


if __name__ == "__main__":
    main()
