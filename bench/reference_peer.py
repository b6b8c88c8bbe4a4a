"""The published model's dimensions in Hugging Face's Phi, driven as the reference drives it: a picture's step runs both
branches over all tokens with a dense mask and all logits; an answer runs the whole sequence again for every token.

    python bench/reference_peer.py --dtype fp32 [--image-steps 2] [--tokens 2] [--train]

Prints one JSON object. Needs transformers and torch."""
import argparse
import json
import statistics
import time

import torch
import transformers

VOCABULARY, TEXT, IMAGE = 58498, 128, 256
FIRST_CODE = 50305


def build(dtype):
    config = transformers.PhiConfig(vocab_size=VOCABULARY, hidden_size=2048, intermediate_size=8192, num_hidden_layers=24,
                                    num_attention_heads=32, partial_rotary_factor=0.5, qk_layernorm=True,
                                    max_position_embeddings=2048, attn_implementation="sdpa")
    torch.set_default_dtype(dtype)
    with torch.device("meta"):
        model = transformers.PhiForCausalLM(config)
    model = model.to_empty(device="cpu")
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "layernorm" in name and name.endswith("weight"):
                parameter.fill_(1)
            elif name.endswith("bias"):
                parameter.zero_()
            else:
                parameter.uniform_(-0.035, 0.035)
        rotary = model.model.rotary_emb
        inverse, rotary.attention_scaling = rotary.rope_init_fn(config, "cpu")
        rotary.inv_freq = inverse.float()
    torch.set_default_dtype(torch.float32)
    return model.eval()


def picture_mask(length, dtype, text):
    """Text is causal, the picture's block sees itself and the text: additive [2, 1, length, length]."""
    allowed = torch.ones(length, length, dtype=torch.bool).tril()
    allowed[text:, text:] = True
    mask = torch.zeros(length, length, dtype=dtype).masked_fill(~allowed, torch.finfo(dtype).min)
    return mask.expand(2, 1, length, length)


@torch.no_grad()
def image_step(model, dtype):
    length = 1 + TEXT + IMAGE + 2
    ids = torch.randint(0, 50000, (2, length))
    logits = model(input_ids=ids, attention_mask=picture_mask(length, dtype, 1 + TEXT)).logits
    conditional, unconditional = logits.chunk(2)
    logits = (6 * conditional - 5 * unconditional)[:, 1 + TEXT + 1:-1, FIRST_CODE:FIRST_CODE + 8192]
    probabilities = logits.float().softmax(-1)
    return torch.multinomial(probabilities.view(-1, 8192), 1)


@torch.no_grad()
def answer(model, dtype, tokens):
    """Tokens in the middle of an answer of 128: a picture, a question of 16 tokens and half of it are read again for each."""
    ids = torch.randint(0, 50000, (1, 1 + 1 + IMAGE + 2 + 16 + 64 - tokens // 2))
    for _ in range(tokens):
        length = ids.shape[1]
        logits = model(input_ids=ids, attention_mask=picture_mask(length, dtype, length)[:1]).logits
        ids = torch.cat([ids, logits[:, -1].argmax(-1, keepdim=True)], dim=1)


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--dtype", default="bf16", choices=("fp32", "bf16"))
    parser.add_argument("--image-steps", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=2)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    dtype = torch.float32 if args.dtype == "fp32" else torch.bfloat16
    model = build(dtype)
    image_step(model, dtype)
    steps = [timed(lambda: image_step(model, dtype)) for _ in range(args.image_steps)]
    token = timed(lambda: answer(model, dtype, args.tokens)) / args.tokens
    print(json.dumps({"image_step_s": statistics.median(steps), "token_s": token}))


if __name__ == "__main__":
    main()
