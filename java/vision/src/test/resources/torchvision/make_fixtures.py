"""Makes what the tests compare with: torchvision's names, shapes, first weights and outputs. Needs torch 2.10, torchvision, numpy.

    python3 make_fixtures.py [--out DIR] [--names NAME...]

NAME.state_dict.txt   each entry of the state dict: its name, its dtype, its shape
NAME.seed0.npy        the first four elements (or all, if fewer) of each parameter after torch.manual_seed(0), one after the other
NAME.output.npy       the output in evaluation mode, with weights and input by formula
resnet18.training.output.npy, resnet18.training.buffers.npy
                      the output in training mode, and the running statistics after it: those of bn1 and of layer4.1.bn2
efficientnet-b0.training.output.npy
                      the output in training mode after torch.manual_seed(3): dropout and stochastic depth draw

The formula is integer arithmetic on a tensor's name and its elements' indices, so that the tests fill models with the
same weights without carrying them.
"""
import argparse
from pathlib import Path

import numpy as np
import torch
import torchvision

NAMES = ["resnet18", "resnet50", "resnet101", "efficientnet-b0"]
INPUT_SIZE = {"resnet18": (2, 3, 224, 224), "resnet50": (1, 3, 224, 224), "resnet101": (1, 3, 224, 224),
              "efficientnet-b0": (1, 3, 224, 224)}
TRAINING_SIZE = (4, 3, 96, 96)


def name_hash(name: str) -> int:
    """FNV-1a of the name, 32 bits."""
    value = 0x811C9DC5
    for byte in name.encode():
        value = (value ^ byte) * 0x01000193 & 0xFFFFFFFF
    return value


def fractions(name: str, count: int) -> np.ndarray:
    """Numbers from 0 up to 1, as float64: multiples of 2**-32."""
    mask = np.uint64(0xFFFFFFFF)
    value = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B1) + np.uint64(name_hash(name)) & mask
    value ^= value >> np.uint64(16)
    value = value * np.uint64(0x85EBCA6B) & mask
    value ^= value >> np.uint64(13)
    value = value * np.uint64(0xC2B2AE35) & mask
    value ^= value >> np.uint64(16)
    return value.astype(np.float64) / 2.0**32


def scale_and_offset(name: str, shape: torch.Size) -> tuple[float, float]:
    """Spreads that keep activations finite through 33 blocks, and every tensor visible in the output."""
    if name.endswith("running_var"):
        return 1.0, 0.5
    if name.endswith(("running_mean", "bias")):
        return 0.2, -0.1
    if len(shape) == 4:  # a convolution keeps the variance
        bound = (6.0 / (shape[0] * shape[2] * shape[3])) ** 0.5
        return 2 * bound, -bound
    if len(shape) == 2:
        return 0.1, -0.05
    return 1.0, 0.25


def by_formula(name: str, shape: torch.Size) -> torch.Tensor:
    scale, offset = scale_and_offset(name, shape)
    count = int(np.prod(shape))
    return torch.from_numpy((fractions(name, count) * scale + offset).astype(np.float32)).reshape(shape)


def image(shape: tuple[int, ...]) -> torch.Tensor:
    count = int(np.prod(shape))
    return torch.from_numpy((fractions("input", count) * 4 - 2).astype(np.float32)).reshape(shape)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--names", nargs="+", choices=NAMES, default=NAMES)
    arguments = parser.parse_args()
    out = arguments.out
    for name in arguments.names:
        torch.manual_seed(0)
        model = getattr(torchvision.models, name.replace("-", "_"))(weights=None)
        state = model.state_dict()
        (out / f"{name}.state_dict.txt").write_text("".join(
            " ".join([key, str(tensor.dtype).removeprefix("torch."), *map(str, tensor.shape)]) + "\n"
            for key, tensor in state.items()))
        np.save(out / f"{name}.seed0.npy",
                np.concatenate([parameter.detach().flatten()[:4].numpy() for parameter in model.parameters()]))
        model.load_state_dict({key: by_formula(key, tensor.shape) if tensor.is_floating_point() else tensor
                               for key, tensor in state.items()})
        with torch.no_grad():
            output = model.eval()(image(INPUT_SIZE[name]))
        print(name, "output from", output.min().item(), "to", output.max().item())
        np.save(out / f"{name}.output.npy", output.numpy())
        if name == "efficientnet-b0":
            torch.manual_seed(3)
            with torch.no_grad():
                output = model.train()(image(TRAINING_SIZE))
            print(name, "in training from", output.min().item(), "to", output.max().item())
            np.save(out / f"{name}.training.output.npy", output.numpy())
        if name == "resnet18":
            with torch.no_grad():
                output = model.train()(image(TRAINING_SIZE))
            print(name, "in training from", output.min().item(), "to", output.max().item())
            np.save(out / f"{name}.training.output.npy", output.numpy())
            np.save(out / f"{name}.training.buffers.npy", torch.cat(
                [model.bn1.running_mean, model.bn1.running_var, model.layer4[1].bn2.running_mean,
                 model.layer4[1].bn2.running_var]).numpy())


if __name__ == "__main__":
    main()
