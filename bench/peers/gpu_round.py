"""One round of one model on Python's PyTorch and one device, in a process of its own.

    python3 gpu_round.py --archive NAME.pt --input NAME.input.npy --model NAME --mode eager|graph --dtype fp32|fp16
                         --device cuda:0|cpu --warmup N --runs N --out OUT

The model is the Python class with the archive's weights, eager as published studies run it, or the same captured as a
CUDA graph. What is timed is one prediction from host memory, where the image lies already, to host memory: on a GPU
both are pinned, and the copies and the one synchronisation are in it. GPU time, by events around the model alone,
comes from runs of its own, since recording events takes time. Writes OUT.json and OUT.f32. Needs torch alone.
"""
import argparse
import ctypes
import gc
import json
import platform
import time
import warnings
from pathlib import Path

import torch

import models

DTYPES = {"fp32": torch.float32, "fp16": torch.float16}
CAPTURE_WARM_UP = 11  # what torch.cuda.make_graphed_callables does for one that is trained; more than enough here


def load(name, archive, device, dtype):
    """The class, filled with the archive's weights: initialising them anew would take longer than measuring."""
    weights = torch.jit.load(archive, map_location="cpu").state_dict()
    with torch.device("meta"):
        model = models.MODELS[name][2]()
    model.load_state_dict(weights, assign=True)
    return model.eval().requires_grad_(False).to(device, dtype)


def read_npy(file, shape):
    content = Path(file).read_bytes()
    elements = bytearray(content[10 + int.from_bytes(content[8:10], "little"):])
    return torch.frombuffer(elements, dtype=torch.float32).clone().view(shape)


class OnCpu:
    def __init__(self, model, image, dtype):
        self.model, self.image, self.dtype = model, image, dtype
        self.result = model(image.to(dtype)).float().clone()

    def run(self):
        self.result.copy_(self.model(self.image.to(self.dtype)))

    def wait(self):
        pass


class OnCuda:
    """Copy in, compute and copy out, all enqueued on the current stream; waited for with one synchronisation."""

    def __init__(self, model, image, dtype, device, graph):
        self.model, self.dtype = model, dtype
        self.host_in = image.pin_memory()
        self.input = self.host_in.to(device)
        self.graph = None
        if graph:
            side = torch.cuda.Stream()
            side.wait_stream(torch.cuda.current_stream())
            with torch.cuda.stream(side):
                for _ in range(CAPTURE_WARM_UP):
                    self.forward()
            torch.cuda.current_stream().wait_stream(side)
            self.graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self.graph):
                self.captured = self.forward()
        self.host_out = torch.empty(self.compute().shape, dtype=torch.float32, pin_memory=True)

    @property
    def result(self):
        return self.host_out

    def forward(self):
        return self.model(self.input.to(self.dtype)).float()

    def compute(self):
        if self.graph is None:
            return self.forward()
        self.graph.replay()
        return self.captured

    def run(self):
        self.input.copy_(self.host_in, non_blocking=True)
        self.host_out.copy_(self.compute(), non_blocking=True)

    def wait(self):
        torch.cuda.synchronize()

    def gpu_nanoseconds(self, runs):
        samples = []
        for _ in range(runs):
            begin, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            begin.record()
            self.run()
            end.record()
            torch.cuda.synchronize()
            samples.append(round(1e6 * begin.elapsed_time(end)))
        return samples


def measure(contestant, warm_up, runs):
    end_to_end, enqueue = [], []
    for i in range(-warm_up, runs):
        start = time.perf_counter_ns()
        contestant.run()
        enqueued = time.perf_counter_ns()
        contestant.wait()
        done = time.perf_counter_ns()
        if i >= 0:
            end_to_end.append(done - start)
            enqueue.append(enqueued - start)
    return end_to_end, enqueue


def settings():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return {"matmulTf32": torch.backends.cuda.matmul.allow_tf32, "cudnnTf32": torch.backends.cudnn.allow_tf32,
                "cudnnBenchmark": torch.backends.cudnn.benchmark, "cudnn": torch.backends.cudnn.version(),
                "cuda": torch.version.cuda, "threads": torch.get_num_threads()}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("archive", "input", "model", "mode", "dtype", "device", "out"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("warmup", "runs"):
        parser.add_argument(f"--{name}", type=int, required=True)
    arguments = parser.parse_args()
    device, dtype, cuda = torch.device(arguments.device), DTYPES[arguments.dtype], arguments.device.startswith("cuda")
    if arguments.mode == "graph" and not cuda:
        raise SystemExit(f"a CUDA graph needs a CUDA device, not {device}")
    report = {"engine": "python", "torch": torch.__version__, "python": platform.python_version(),
              "device": str(device), "mode": f"{arguments.mode}-{arguments.dtype}"}
    with torch.inference_mode():
        started = time.perf_counter_ns()
        if cuda:
            torch.cuda.set_device(device)
        model = load(arguments.model, arguments.archive, device, dtype)
        report["loadNs"] = time.perf_counter_ns() - started
        if cuda:
            report["device"] = f"{device} {torch.cuda.get_device_name(device)}"
            report["loadedAllocatedBytes"] = torch.cuda.memory_allocated(device)
            torch.cuda.reset_peak_memory_stats(device)
        image = read_npy(arguments.input, models.SHAPE)
        contestant = (OnCuda(model, image, dtype, device, arguments.mode == "graph") if cuda
                      else OnCpu(model, image, dtype))
        gc.collect()
        gc.disable()
        report["samplesNs"], enqueue = measure(contestant, arguments.warmup, arguments.runs)
        report["enqueueNs"] = enqueue if cuda else None
        report["gpuNs"] = contestant.gpu_nanoseconds(arguments.runs) if cuda else None
        if cuda:
            report["peakAllocatedBytes"] = torch.cuda.max_memory_allocated(device)
            report["peakReservedBytes"] = torch.cuda.max_memory_reserved(device)
            report["heldBytes"] = torch.cuda.memory_allocated(device)
            # Nothing is launched again.
            torch._C._cuda_clearCublasWorkspaces()
            report["workspaceBytes"] = report["heldBytes"] - torch.cuda.memory_allocated(device)
    result = contestant.result.contiguous()
    Path(f"{arguments.out}.f32").write_bytes(ctypes.string_at(result.data_ptr(), 4 * result.numel()))
    Path(f"{arguments.out}.json").write_text(json.dumps(dict(report, warmUp=arguments.warmup, settings=settings())))


if __name__ == "__main__":
    main()
