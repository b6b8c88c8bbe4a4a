"""llama.cpp on a model of phi-1.5's dimensions with Show-o's vocabulary and random weights: reads a prompt, then decodes.

    python bench/llama_cpp_peer.py --bits 8 --prompt 387 --tokens 64 [--file cache.gguf]

Prints one JSON object. Needs llama-cpp-python and gguf."""
import argparse
import ctypes
import json
import pathlib
import statistics
import time

import gguf
import llama_cpp
import numpy as np

LAYERS, WIDTH, INNER, HEADS, VOCABULARY = 24, 2048, 8192, 32, 58498


def write_model(path, bits):
    kind = {8: gguf.GGMLQuantizationType.Q8_0, 4: gguf.GGMLQuantizationType.Q4_0}[bits]
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(path, "phi2")
    writer.add_context_length(2048)
    writer.add_embedding_length(WIDTH)
    writer.add_feed_forward_length(INNER)
    writer.add_block_count(LAYERS)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_eps(1e-5)
    writer.add_rope_dimension_count(32)
    writer.add_file_type(7 if bits == 8 else 2)
    writer.add_vocab_size(VOCABULARY)
    writer.add_tokenizer_model("no_vocab")

    def matrix(name, outputs, inputs):
        scale = np.float16(0.02 / (127 if bits == 8 else 8)).tobytes()
        blocks = random.integers(0, 256, (outputs, inputs // 32, 32 * bits // 8), dtype=np.uint8)
        scales = np.broadcast_to(np.frombuffer(scale, np.uint8), (outputs, inputs // 32, 2))
        packed = np.concatenate([scales, blocks], axis=2).reshape(outputs, -1)
        writer.add_tensor(name + ".weight", packed, raw_dtype=kind)

    def vector(name, size, value=0.0):
        writer.add_tensor(name, np.full(size, value, np.float32))

    matrix("token_embd", VOCABULARY, WIDTH)
    matrix("output", VOCABULARY, WIDTH)
    vector("output.bias", VOCABULARY)
    vector("output_norm.weight", WIDTH, 1)
    vector("output_norm.bias", WIDTH)
    for layer in range(LAYERS):
        block = f"blk.{layer}."
        vector(block + "attn_norm.weight", WIDTH, 1)
        vector(block + "attn_norm.bias", WIDTH)
        for name, outputs, inputs in [("attn_qkv", 3 * WIDTH, WIDTH), ("attn_output", WIDTH, WIDTH),
                                      ("ffn_up", INNER, WIDTH), ("ffn_down", WIDTH, INNER)]:
            matrix(block + name, outputs, inputs)
            vector(block + name + ".bias", outputs)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bits", type=int, default=8, choices=(8, 4))
    parser.add_argument("--prompt", type=int, default=387)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--file")
    args = parser.parse_args()
    path = pathlib.Path(args.file or f"random-q{args.bits}_0.gguf")
    if not path.exists():
        write_model(path, args.bits)

    quiet = llama_cpp.llama_log_callback(lambda *_: None)
    llama_cpp.llama_log_set(quiet, ctypes.c_void_p(0))
    llama_cpp.llama_backend_init()
    model = llama_cpp.llama_model_load_from_file(str(path).encode(), llama_cpp.llama_model_default_params())
    params = llama_cpp.llama_context_default_params()
    params.n_ctx, params.n_batch, params.n_ubatch = 1024, 1024, 512
    params.n_threads = params.n_threads_batch = args.threads
    context = llama_cpp.llama_init_from_model(model, params)
    memory = llama_cpp.llama_get_memory(context)

    def decode(count):
        ids = (llama_cpp.llama_token * count)(*([7] * count))
        if llama_cpp.llama_decode(context, llama_cpp.llama_batch_get_one(ids, count)):
            raise SystemExit("llama_decode failed")
        llama_cpp.llama_synchronize(context)

    reads, decodes = [], []
    for _ in range(args.repeats):
        llama_cpp.llama_memory_clear(memory, True)
        start = time.perf_counter()
        decode(args.prompt)
        reads.append(args.prompt / (time.perf_counter() - start))
        start = time.perf_counter()
        for _ in range(args.tokens):
            decode(1)
        decodes.append(args.tokens / (time.perf_counter() - start))
    print(json.dumps({"read_tokens_per_s": statistics.median(reads), "decode_tokens_per_s": statistics.median(decodes)}))


if __name__ == "__main__":
    main()
