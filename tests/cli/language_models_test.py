"""Language models as transformers saves them: `showo eval text` and `showo complete` against transformers itself, for every
family. Skipped, and says so, where TORCH_PYTHON has no transformers.

    python language_models_test.py PROGRAM"""
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
TOKENIZER = SOURCE / "models" / "embedded" / "llm"
TEXT = "a glossy apple and a flat frog on a blue background, two small dogs to the left of a car"

try:
    import torch
    from transformers import AutoModelForCausalLM, LlamaConfig, PhiConfig, PreTrainedTokenizerFast, Qwen2Config, Qwen3Config
except ImportError as error:
    print(f"skipped: {error}")
    sys.exit(77)


def configs(vocabulary, end):
    sizes = dict(vocab_size=vocabulary, hidden_size=64, intermediate_size=96, num_hidden_layers=3, num_attention_heads=4,
                 max_position_embeddings=128, bos_token_id=end, eos_token_id=end)
    stretched = {"rope_type": "llama3", "rope_theta": 10000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                 "original_max_position_embeddings": 32}
    return {
        "llama": LlamaConfig(**sizes, num_key_value_heads=2, rope_parameters=stretched, tie_word_embeddings=True),
        "llama, linear": LlamaConfig(**sizes, rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.0}),
        "phi": PhiConfig(**sizes),
        "qwen2": Qwen2Config(**sizes, num_key_value_heads=2, tie_word_embeddings=True),
        "qwen3": Qwen3Config(**sizes, num_key_value_heads=2, head_dim=16),
    }


def save(config, folder):
    torch.manual_seed(1)
    model = AutoModelForCausalLM.from_config(config).float().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.normal_(0, 0.15)
            if parameter.dim() == 1 and name.endswith("weight"):
                parameter.add_(1)
    model.save_pretrained(folder)
    for file in TOKENIZER.iterdir():
        if file.name != "config.json":
            shutil.copy(file, folder)
    return model


def main(program):
    tokenizer = PreTrainedTokenizerFast(tokenizer_file=str(TOKENIZER / "tokenizer.json"))
    end = tokenizer.convert_tokens_to_ids("<|endoftext|>")

    def showo(*arguments):
        done = subprocess.run([program, *arguments, "--json"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def ids(text, begins):
        return torch.tensor([[end] * begins + tokenizer.encode(text, add_special_tokens=False)])

    with tempfile.TemporaryDirectory() as scratch:
        words = pathlib.Path(scratch) / "words.txt"
        words.write_text(TEXT)
        for name, config in configs(len(tokenizer), end).items():
            folder = pathlib.Path(scratch) / name
            model = save(config, folder)
            begins = name.startswith("llama")  # texts of the others begin with nothing
            with torch.no_grad():
                whole = ids(TEXT, begins)
                nats = torch.nn.functional.cross_entropy(model(whole).logits[0, :-1], whole[0, 1:]).item()
                prompt = ids("a glossy apple", begins)
                written = model.generate(prompt, max_new_tokens=20, do_sample=False, eos_token_id=end, pad_token_id=end)
            expected = tokenizer.decode([i for i in written[0, prompt.size(1):].tolist() if i != end])
            found = showo("eval", "text", str(words), "--model", str(folder))
            assert abs(found["nats_a_token"] - nats) < 1e-4, (name, found, nats)
            said = showo("complete", "a glossy apple", "--max-tokens", "20", "--model", str(folder))["texts"][0]["text"]
            assert said == expected, (name, said, expected)
            print(f"{name}: {nats:.5f} nats a token, the same 20 tokens")


if __name__ == "__main__":
    main(sys.argv[1])
