#!/usr/bin/env python3
"""Writes what one step of contrastive training gives in PyTorch: loss, gradients, parameters after AdamW.

    python3 make_fixtures.py          (any torch since 2.4; the committed file came from 2.10.0 on a CPU)

The model, its weights and its batch are formulas that TrainingTest has too. Of every tensor the file has the sum of
absolute values and the first elements, in the order of the parameters.
"""
import json
import math
import pathlib

import torch
import torch.nn.functional as F

BATCH, SIDE, CHANNELS, EMBEDDING, VOCABULARY, CONTEXT = 6, 8, 4, 5, 11, 3
FIRST = 6
SHAPES = {
    "conv.weight": (CHANNELS, 3, 3, 3),
    "image.weight": (EMBEDDING, CHANNELS),
    "image.bias": (EMBEDDING,),
    "tokens.weight": (VOCABULARY, EMBEDDING),
    "logit_scale": (),
}
LEARNING_RATE, DECAY, BETAS, EPSILON = 0.01, 0.2, (0.9, 0.98), 1e-6


def formula(shape, frequency):
    count = math.prod(shape)
    return (0.5 * torch.sin(torch.arange(count, dtype=torch.float64) * frequency + 1)).to(torch.float32).reshape(shape)


def parameters():
    made = {}
    for number, (name, shape) in enumerate(SHAPES.items()):
        value = torch.tensor(math.log(1 / 0.07)) if name == "logit_scale" else formula(shape, 0.7 + 0.1 * number)
        made[name] = value.requires_grad_()
    return made


def loss_of(p, image, text):
    x = F.relu(F.conv2d(image, p["conv.weight"], stride=2)).mean((2, 3))
    images = F.linear(x, p["image.weight"], p["image.bias"])
    texts = F.embedding(text, p["tokens.weight"]).mean(1)
    images = images / images.norm(dim=1, keepdim=True)
    texts = texts / texts.norm(dim=1, keepdim=True)
    logits = p["logit_scale"].exp() * images @ texts.t()
    own = torch.arange(BATCH)
    return (F.cross_entropy(logits, own) + F.cross_entropy(logits.t(), own)) / 2


def digest(tensor):
    flat = tensor.detach().double().reshape(-1)
    return [flat.abs().sum().item()] + flat[:FIRST].tolist()


def main():
    p = parameters()
    image = formula((BATCH, 3, SIDE, SIDE), 0.37)
    text = (torch.arange(BATCH * CONTEXT) * 7 % VOCABULARY).reshape(BATCH, CONTEXT)
    decayed = [tensor for tensor in p.values() if tensor.dim() >= 2]
    others = [tensor for tensor in p.values() if tensor.dim() < 2]
    optimizer = torch.optim.AdamW([{"params": decayed, "weight_decay": DECAY}, {"params": others, "weight_decay": 0.0}],
                                  lr=LEARNING_RATE, betas=BETAS, eps=EPSILON)
    steps = []
    for _ in range(3):
        optimizer.zero_grad()
        loss = loss_of(p, image, text)
        loss.backward()
        gradients = {name: digest(tensor.grad) for name, tensor in p.items()}
        optimizer.step()
        with torch.no_grad():
            p["logit_scale"].clamp_(0, math.log(100))
        steps.append({"loss": loss.item(), "gradients": gradients,
                      "parameters": {name: digest(tensor) for name, tensor in p.items()}})
    path = pathlib.Path(__file__).with_name("contrastive_steps.json")
    path.write_text(json.dumps({"torch": torch.__version__, "steps": steps}, indent=1) + "\n")


main()
