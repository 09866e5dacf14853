"""Makes what the tests of CLIP compare with: names, shapes, first weights and outputs of PyTorch's. Needs torch 2.10, numpy.

    python3 make_fixtures.py [--out DIR]

NAME.state_dict.txt   each entry of the state dict: its name, its dtype, its shape
NAME.seed0.npy        the first four elements (or all, if fewer) of each parameter after torch.manual_seed(0), one after the other
NAME.OUTPUT.npy       outputs in evaluation mode, with weights and inputs by the formula of ../torchvision/make_fixtures.py

The model is a compact statement of the published architecture: names, order of construction and of draws are OpenAI's.
"""
import argparse
import math
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

sys.path.insert(0, str(Path(__file__).parent.parent / "torchvision"))
from make_fixtures import by_formula, fractions, image  # noqa: E402

TEXT = dict(text_width=128, text_layers=2, text_heads=2, context=16, vocab=200)
MODELS = {
    "tiny-rn": dict(embed=48, resolution=64, vision_layers=(1, 2, 1, 1), vision_width=16, **TEXT),
    "tiny-vit": dict(embed=48, resolution=64, vision_layers=2, vision_width=128, patch=16, **TEXT),
    "tiny-vit-gelu": dict(embed=48, resolution=64, vision_layers=2, vision_width=128, patch=16, gelu=True, **TEXT),
    "clip-rn50": dict(embed=1024, resolution=224, vision_layers=(3, 4, 6, 3), vision_width=64, text_width=512,
                      text_layers=12, text_heads=8),
    "clip-vit-b-32": dict(embed=512, resolution=224, vision_layers=12, vision_width=768, patch=32, text_width=512,
                          text_layers=12, text_heads=8),
}
BATCH, TEXTS = 2, 3


class Bottleneck(nn.Module):
    def __init__(self, inputs, width, stride):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(inputs, width, 1, bias=False), nn.BatchNorm2d(width)
        self.conv2, self.bn2 = nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)
        self.avgpool = nn.AvgPool2d(stride) if stride > 1 else nn.Identity()
        self.conv3, self.bn3 = nn.Conv2d(width, width * 4, 1, bias=False), nn.BatchNorm2d(width * 4)
        self.downsample = None
        if stride > 1 or inputs != width * 4:
            self.downsample = nn.Sequential()
            self.downsample.add_module("-1", nn.AvgPool2d(stride))
            self.downsample.add_module("0", nn.Conv2d(inputs, width * 4, 1, bias=False))
            self.downsample.add_module("1", nn.BatchNorm2d(width * 4))

    def forward(self, x):
        y = F.relu(self.bn1(self.conv1(x)))
        y = self.avgpool(F.relu(self.bn2(self.conv2(y))))
        return F.relu(self.bn3(self.conv3(y)) + (x if self.downsample is None else self.downsample(x)))


class AttentionPool(nn.Module):
    def __init__(self, side, width, heads, out):
        super().__init__()
        self.positional_embedding = nn.Parameter(torch.randn(side * side + 1, width) / width ** 0.5)
        self.k_proj, self.q_proj, self.v_proj = (nn.Linear(width, width) for _ in range(3))
        self.c_proj, self.heads = nn.Linear(width, out), heads

    def forward(self, x):
        x = x.flatten(2).permute(2, 0, 1)
        x = torch.cat([x.mean(0, keepdim=True), x]) + self.positional_embedding[:, None]
        y, _ = F.multi_head_attention_forward(
            x, x, x, x.shape[-1], self.heads, None,
            torch.cat([self.q_proj.bias, self.k_proj.bias, self.v_proj.bias]), None, None, False, 0.0, self.c_proj.weight,
            self.c_proj.bias, training=False, need_weights=False, use_separate_proj_weight=True,
            q_proj_weight=self.q_proj.weight, k_proj_weight=self.k_proj.weight, v_proj_weight=self.v_proj.weight)
        return y[0]


class ModifiedResNet(nn.Module):
    def __init__(self, layers, width, resolution, out):
        super().__init__()
        half = width // 2
        self.conv1, self.bn1 = nn.Conv2d(3, half, 3, 2, 1, bias=False), nn.BatchNorm2d(half)
        self.conv2, self.bn2 = nn.Conv2d(half, half, 3, 1, 1, bias=False), nn.BatchNorm2d(half)
        self.conv3, self.bn3 = nn.Conv2d(half, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
        channels = width
        for i, count in enumerate(layers):
            blocks = []
            for j in range(count):
                blocks.append(Bottleneck(channels, width * 2 ** i, 2 if i > 0 and j == 0 else 1))
                channels = width * 2 ** i * 4
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.attnpool = AttentionPool(resolution // 32, channels, channels // 64, out)

    def forward(self, x):
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        x = F.avg_pool2d(F.relu(self.bn3(self.conv3(x))), 2)
        return self.attnpool(self.layer4(self.layer3(self.layer2(self.layer1(x)))))


class QuickGELU(nn.Module):
    def forward(self, x):
        return x * torch.sigmoid(1.702 * x)


class Block(nn.Module):
    def __init__(self, width, heads, mask, activation):
        super().__init__()
        self.attn, self.ln_1 = nn.MultiheadAttention(width, heads), nn.LayerNorm(width)
        self.mlp = nn.Sequential()
        self.mlp.add_module("c_fc", nn.Linear(width, width * 4))
        self.mlp.add_module("gelu", activation())
        self.mlp.add_module("c_proj", nn.Linear(width * 4, width))
        self.ln_2, self.mask = nn.LayerNorm(width), mask

    def forward(self, x):
        y = self.ln_1(x)
        x = x + self.attn(y, y, y, need_weights=False, attn_mask=self.mask)[0]
        return x + self.mlp(self.ln_2(x))


class Transformer(nn.Module):
    def __init__(self, width, layers, heads, activation, mask=None):
        super().__init__()
        self.width, self.layers = width, layers
        self.resblocks = nn.Sequential(*[Block(width, heads, mask, activation) for _ in range(layers)])

    def forward(self, x):
        return self.resblocks(x)


class VisionTransformer(nn.Module):
    def __init__(self, resolution, patch, width, layers, out, activation):
        super().__init__()
        scale = width ** -0.5
        self.conv1 = nn.Conv2d(3, width, patch, patch, bias=False)
        self.class_embedding = nn.Parameter(scale * torch.randn(width))
        self.positional_embedding = nn.Parameter(scale * torch.randn((resolution // patch) ** 2 + 1, width))
        self.ln_pre = nn.LayerNorm(width)
        self.transformer = Transformer(width, layers, width // 64, activation)
        self.ln_post = nn.LayerNorm(width)
        self.proj = nn.Parameter(scale * torch.randn(width, out))

    def forward(self, x):
        x = self.conv1(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_embedding.expand(x.shape[0], 1, -1), x], 1) + self.positional_embedding
        x = self.transformer(self.ln_pre(x).transpose(0, 1)).transpose(0, 1)
        return self.ln_post(x[:, 0]) @ self.proj


class CLIP(nn.Module):
    def __init__(self, embed, resolution, vision_layers, vision_width, text_width, text_layers, text_heads, patch=None,
                 context=77, vocab=49408, gelu=False):
        super().__init__()
        activation = nn.GELU if gelu else QuickGELU
        if patch is None:
            self.visual = ModifiedResNet(vision_layers, vision_width, resolution, embed)
        else:
            self.visual = VisionTransformer(resolution, patch, vision_width, vision_layers, embed, activation)
        mask = torch.full((context, context), float("-inf")).triu_(1)
        self.transformer = Transformer(text_width, text_layers, text_heads, activation, mask)
        self.token_embedding = nn.Embedding(vocab, text_width)
        self.positional_embedding = nn.Parameter(torch.empty(context, text_width))
        self.ln_final = nn.LayerNorm(text_width)
        self.text_projection = nn.Parameter(torch.empty(text_width, embed))
        self.logit_scale = nn.Parameter(torch.ones([]) * math.log(1 / 0.07))
        for name, value in dict(input_resolution=resolution, context_length=context, vocab_size=vocab).items():
            self.register_buffer(name, torch.tensor(value))
        self.draw_again()

    def draw_again(self):
        nn.init.normal_(self.token_embedding.weight, std=0.02)
        nn.init.normal_(self.positional_embedding, std=0.01)
        if isinstance(self.visual, ModifiedResNet):
            pool = self.visual.attnpool
            for layer in (pool.q_proj, pool.k_proj, pool.v_proj, pool.c_proj):
                nn.init.normal_(layer.weight, std=pool.c_proj.in_features ** -0.5)
            for name, parameter in self.visual.named_parameters():
                if name.startswith("layer") and name.endswith("bn3.weight"):
                    nn.init.zeros_(parameter)
        width, layers = self.transformer.width, self.transformer.layers
        for block in self.transformer.resblocks:
            nn.init.normal_(block.attn.in_proj_weight, std=width ** -0.5)
            nn.init.normal_(block.attn.out_proj.weight, std=width ** -0.5 * (2 * layers) ** -0.5)
            nn.init.normal_(block.mlp.c_fc.weight, std=(2 * width) ** -0.5)
            nn.init.normal_(block.mlp.c_proj.weight, std=width ** -0.5 * (2 * layers) ** -0.5)
        nn.init.normal_(self.text_projection, std=width ** -0.5)

    def encode_image(self, images):
        return self.visual(images)

    def encode_text(self, texts):
        x = self.token_embedding(texts) + self.positional_embedding
        x = self.ln_final(self.transformer(x.transpose(0, 1)).transpose(0, 1))
        return x[torch.arange(x.shape[0]), texts.argmax(-1)] @ self.text_projection

    def forward(self, images, texts):
        i, t = F.normalize(self.encode_image(images)), F.normalize(self.encode_text(texts))
        logits = self.logit_scale.exp() * i @ t.t()
        return logits, logits.t()


def texts(context: int, vocab: int) -> torch.Tensor:
    """Rows of tokens that end with the largest one, at another place in each, and zeros behind it."""
    rows = (fractions("text", TEXTS * context) * (vocab - 2)).astype(np.int64).reshape(TEXTS, context) + 1
    for row in range(TEXTS):
        end = (row + 1) * (context - 1) // TEXTS
        rows[row, end] = vocab - 1
        rows[row, end + 1:] = 0
    return torch.from_numpy(rows)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().out
    for name, sizes in MODELS.items():
        torch.manual_seed(0)
        model = CLIP(**sizes)
        state = model.state_dict()
        (out / f"{name}.state_dict.txt").write_text("".join(
            " ".join([key, str(tensor.dtype).removeprefix("torch."), *map(str, tensor.shape)]) + "\n"
            for key, tensor in state.items()))
        np.save(out / f"{name}.seed0.npy",
                np.concatenate([parameter.detach().flatten()[:4].numpy() for parameter in model.parameters()]))
        if not name.startswith("tiny"):
            continue
        model.load_state_dict({key: by_formula(key, tensor.shape) if tensor.is_floating_point() else tensor
                               for key, tensor in state.items()})
        tokens = texts(sizes["context"], sizes["vocab"])
        pictures = image((BATCH, 3, sizes["resolution"], sizes["resolution"]))
        with torch.no_grad():
            model.eval()
            outputs = dict(image_features=model.encode_image(pictures), text_features=model.encode_text(tokens))
            outputs["logits_per_image"], outputs["logits_per_text"] = model(pictures, tokens)
        for key, tensor in outputs.items():
            print(name, key, "from", tensor.min().item(), "to", tensor.max().item())
            np.save(out / f"{name}.{key}.npy", tensor.contiguous().numpy())


if __name__ == "__main__":
    main()
