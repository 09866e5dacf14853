"""Makes the TorchScript archives that the benchmarks run. Needs torch and nothing else.

    python3 make_archives.py --out DIR [--only NAME ...] [--seed 0]

For each model of models.py DIR gets NAME.pt (traced, batch 1), NAME.input.npy, NAME.reference.npy (what PyTorch
itself gives, eager, FP32, on the CPU) and an entry in models.json, beside those that are there already.
"""
import argparse
import ctypes
import json
import warnings
from pathlib import Path

import torch

import models


def save_npy(file, tensor):
    """What numpy.save writes of a float32 array; torch does not need numpy, and may be without."""
    tensor = tensor.contiguous()
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {tuple(tensor.shape)}, }}"
    header += " " * (-(10 + len(header) + 1) % 64) + "\n"
    elements = ctypes.string_at(tensor.data_ptr(), 4 * tensor.numel())
    file.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + elements)


def make(name, out, seed):
    """The archive, its input and PyTorch's output, all from one seed."""
    title, parameters, _ = models.MODELS[name]
    model, image = models.make(name, seed)
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        reference = model(image)
        torch.jit.save(torch.jit.trace(model, image, check_trace=False), str(out / f"{name}.pt"))
    save_npy(out / f"{name}.input.npy", image)
    save_npy(out / f"{name}.reference.npy", reference)
    return dict(name=name, title=title, archive=f"{name}.pt", input=f"{name}.input.npy",
                reference=f"{name}.reference.npy", shape=list(models.SHAPE), parameters=parameters, seed=seed,
                torch=torch.__version__)


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--only", nargs="+", choices=models.MODELS, default=list(models.MODELS))
    arguments.add_argument("--seed", type=int, default=0)
    arguments = arguments.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    listed = arguments.out / "models.json"
    entries = {entry["name"]: entry for entry in json.loads(listed.read_text())} if listed.is_file() else {}
    for name in arguments.only:
        entries[name] = make(name, arguments.out, arguments.seed)
        print(f"{name}: {entries[name]['parameters']:,} parameters", flush=True)
        listed.write_text(json.dumps(list(entries.values()), indent=2) + "\n")


if __name__ == "__main__":
    main()
