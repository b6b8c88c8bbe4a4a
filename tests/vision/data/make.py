"""Writes the cases beside it: random towers, and what transformers' CLIP makes of random pictures. Every weight is
larger than CLIP's first ones, so that each matters. Needs torch, safetensors and transformers.

    python tests/vision/data/make.py
"""
from pathlib import Path

import torch
from safetensors.torch import save_file
from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModel

HERE = Path(__file__).resolve().parent


def randomise(model, seed):
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            scales = name.endswith("weight") and "norm" in name.split(".")[-2]
            parameter.copy_(1 + 0.2 * noise if scales else 0.3 * noise)


def vision(name, activation):
    config = CLIPVisionConfig(hidden_size=24, intermediate_size=40, num_hidden_layers=3, num_attention_heads=3,
                              image_size=22, patch_size=5, hidden_act=activation)
    model = CLIPVisionModel(config).eval()
    randomise(model, seed=len(name))
    model.save_pretrained(HERE / name)
    pictures = torch.randn(2, 3, 22, 22, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        result = model(pictures, output_hidden_states=True)
    save_file({"pictures": pictures, "features": result.hidden_states[-2][:, 1:].contiguous(),
               "pooled": result.pooler_output}, HERE / name / "case.safetensors")


def whole():
    """Both towers; texts of different lengths, filled up with end tokens (19); the loss and its gradients."""
    config = CLIPConfig(
        text_config=dict(hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2, vocab_size=20,
                         max_position_embeddings=7, bos_token_id=18, eos_token_id=19),
        vision_config=dict(hidden_size=12, intermediate_size=20, num_hidden_layers=2, num_attention_heads=2, image_size=8,
                           patch_size=4), projection_dim=10)
    model = CLIPModel(config).eval()
    randomise(model, seed=5)
    with torch.no_grad():
        model.logit_scale.fill_(0.9)
    model.save_pretrained(HERE / "whole")
    pictures = torch.randn(3, 3, 8, 8, generator=torch.Generator().manual_seed(2))
    ids = torch.tensor([[3, 1, 4, 1, 5, 9, 19], [2, 7, 19, 19, 19, 19, 19], [19, 19, 19, 19, 19, 19, 19]])
    result = model(input_ids=ids, pixel_values=pictures, return_loss=True)
    result.loss.backward()
    case = {"pictures": pictures, "ids": ids, "picture_embeddings": result.image_embeds,
            "text_embeddings": result.text_embeds, "similarities": result.logits_per_text, "loss": result.loss}
    case.update({"grad." + name: parameter.grad for name, parameter in model.named_parameters()})
    save_file({name: tensor.detach().contiguous() for name, tensor in case.items()}, HERE / "whole" / "case.safetensors")


if __name__ == "__main__":
    vision("quick", "quick_gelu")
    vision("exact_gelu", "gelu")
    whole()
