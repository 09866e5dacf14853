"""One round of one model on Python's PyTorch, in a process of its own; times what the other rounds time.

    python3 python_peer.py ARCHIVE INPUT.npy torchscript|frozen|ofi WARMUP RUNS OUT

As it comes: no thread count or executor setting is touched. Writes OUT.json and OUT.f32.
"""
import json
import platform
import sys
import time

import numpy as np
import torch


def main():
    archive, image, mode, warmup, runs, out = sys.argv[1:]
    model = torch.jit.load(archive).eval()
    if mode == "frozen":
        model = torch.jit.freeze(model)
    elif mode == "ofi":
        model = torch.jit.optimize_for_inference(torch.jit.freeze(model))
    elif mode != "torchscript":
        sys.exit(f"no such mode: {mode}")
    image = np.load(image)
    samples, features = [], None
    with torch.inference_mode():
        for i in range(-int(warmup), int(runs)):
            start = time.perf_counter_ns()
            features = model(torch.from_numpy(image)).numpy().copy()
            if i >= 0:
                samples.append(time.perf_counter_ns() - start)
    features.astype("<f4").tofile(f"{out}.f32")
    with open(f"{out}.json", "w") as file:
        json.dump({"engine": "python", "torch": torch.__version__, "python": platform.python_version(),
                   "threads": torch.get_num_threads(), "mode": mode, "samplesNs": samples}, file)


if __name__ == "__main__":
    main()
