"""The sections of gpu_bench.py beside whole models: copies, products and the pipeline. Each compares results before it
takes a time, and measures in rounds that take turns with the other side.
"""
import time

from figures import claim, compare, print_rows, read_floats, read_npy, spread
from machine import Problem, ROOT, say
from paced import Failed, Paced, take_turns

# Largest difference of two results, of the largest element, that counts as the same product.
GEMM_TOLERANCE = 1e-2
# Longest that a side may take for a round, its start included.
ROUND_SECONDS = 120


class Section:
    """One part of the run: what it needs, its rounds, and what comes of them."""

    name = title = None

    def __init__(self, bench):
        self.bench, self.device, self.arguments = bench, bench.device, bench.arguments
        self.sides, self.skipped, self.failure, self.seconds = [], None, None, 0
        self.work = bench.bundle.cache / "rounds"

    def why_not(self):
        """Why there is nothing to measure on this device; None where there is."""
        return None

    def start(self):
        """Starts the sides."""

    def check(self):
        """Compares results, once every side has answered."""

    def claims(self):
        return []

    def tables(self, file):
        """What was measured."""

    def run(self):
        self.skipped = self.why_not()
        if self.skipped:
            return
        say(f"{self.title} ...")
        begin = time.monotonic()
        try:
            self.start()
            take_turns(self.sides, 0, ROUND_SECONDS, self.bench.left)
            self.check()
            take_turns(self.sides, self.arguments.rounds, ROUND_SECONDS, self.bench.left)
            if not all(side.rounds for side in self.sides):
                self.failure = "the budget was used up before its first round"
        except (Failed, Problem) as problem:
            self.failure = str(problem)
        finally:
            codes = {side.name: side.close() for side in self.sides}
            self.seconds = time.monotonic() - begin
        if self.failure is None and any(codes.values()):
            self.failure = f"ended badly: {codes}"

    def paced(self, engine, command, lines):
        self.sides.append(Paced(f"{engine} ({self.name})", command, lines, self.bench.out / f"{self.name}.{engine}.log",
                                self.bench.harness_environment if engine == "cpp" else self.bench.environment,
                                dumps_threads=engine == "wick"))

    def wick(self, main, *arguments):
        return self.bench.bundle.java_command(self.bench.bundle.library()) + [f"dev.wick.bench.{main}", *arguments]

    def finished_rounds(self):
        return min((len(side.rounds) for side in self.sides), default=0)

    def report(self):
        return {"name": self.name, "skipped": self.skipped, "failure": self.failure, "seconds": round(self.seconds, 1),
                "finishedRounds": self.finished_rounds(), "claims": self.claims(),
                "sides": [{"name": side.name, "rounds": side.rounds} for side in self.sides]}

    def print(self, file):
        print(f"\n{self.title}", file=file)
        if self.skipped or self.failure:
            print(f"not measured: {self.skipped or self.failure}", file=file)
        if self.finished_rounds():
            self.tables(file)

    def over_rounds(self, figure):
        """A figure of each round, from the lines of all sides of that round."""
        return spread([figure(*lines) for lines in zip(*(side.rounds for side in self.sides))])


def line_of(lines, **fields):
    return next(line for line in lines if all(line[key] == value for key, value in fields.items()))


class Copies(Section):
    name = "copies"
    title = "Copies between page-locked memory and the device, beside a C++ loop of cudaMemcpyAsync"
    directions = ("to device", "to host")

    def why_not(self):
        return "a CPU has no device to copy to" if self.device == "cpu" else None

    def start(self):
        sizes = self.arguments.copy_sizes
        harness = self.bench.compile("copy_harness.cpp", includes=[self.bench.cuda_header("cuda_runtime_api.h")])
        listed, lines = ",".join(map(str, sizes)), 2 * len(sizes)
        self.paced("wick", self.wick("CopyRound", self.device, listed), lines)
        self.paced("cpp", [harness, self.device, listed], lines)

    def speed(self, size, direction, key):
        return self.over_rounds(lambda wick, cpp: line_of(cpp, bytes=size, direction=direction)[key]
                                / line_of(wick, bytes=size, direction=direction)[key])

    def claims(self):
        if not self.finished_rounds():
            return [claim(f"Wick's speed of C++'s, {direction}", None, least=0.9) for direction in self.directions]
        return [claim(f"Wick's speed of C++'s, {direction}, {size_text(size)}", self.speed(size, direction, "eachNs"),
                      least=0.9) for direction in self.directions for size in self.arguments.copy_sizes]

    def tables(self, file):
        rows = [["size", "direction", "Wick GB/s", "C++ GB/s", "of C++", "min", "max", "Wick enqueue us",
                 "C++ enqueue us", "Wick one us", "C++ one us"]]
        for size in self.arguments.copy_sizes:
            for direction in self.directions:
                values = {}
                for side, place in (("wick", 0), ("cpp", 1)):
                    for key in ("eachNs", "enqueueNs", "singleNs"):
                        values[side, key] = self.over_rounds(
                            lambda *lines: line_of(lines[place], bytes=size, direction=direction)[key])["median"]
                speed = self.speed(size, direction, "eachNs")
                rows.append([size_text(size), direction, f"{size / values['wick', 'eachNs']:.2f}",
                             f"{size / values['cpp', 'eachNs']:.2f}",
                             *(f"{speed[key]:.3f}" for key in ("median", "min", "max")),
                             *(f"{values[side, key] / 1e3:.2f}" for key in ("enqueueNs", "singleNs")
                               for side in ("wick", "cpp"))])
        print_rows(rows, file, left=2)


def size_text(size):
    for unit, shift in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift} {unit}"
    return f"{size} B"


class Products(Section):
    name = "gemm"
    title = "Products of square matrices, beside a C++ loop"

    def start(self):
        on_cpu = self.device == "cpu"
        self.sizes = [128, 512] if on_cpu else [128, 8192]
        # Fewer than CUDA lets wait in a stream, so that enqueueing is not held up; large ones take a millisecond.
        calls = [50, 5] if on_cpu else [200, 20]
        self.types = ["fp32", "bf16"] if on_cpu else ["bf16"]
        place, _ = self.bench.bundle.shim()
        if not (place / "libwick_cuda.so").is_file():
            raise Problem("the shim was compiled without CUDA, whose headers this LibTorch lacks")
        harness = self.bench.compile("gemm_harness.cpp", libraries=["wick_torch", "wick_cuda"], includes=[
            self.bench.cuda_header("cublas_v2.h"), self.bench.cuda_header("cuda_runtime_api.h")])
        joined = [",".join(map(str, each)) for each in (self.sizes, self.types, calls)]
        lines = len(self.sizes) * len(self.types)
        self.outs = [self.work / "gemm.wick", self.work / "gemm.cpp"]
        self.work.mkdir(parents=True, exist_ok=True)
        for old in self.work.glob("gemm.*.f32"):
            old.unlink()
        self.paced("wick", self.wick("GemmRound", self.device, *joined, self.outs[0]), lines)
        self.paced("cpp", [harness, "--device", self.device, "--size", joined[0], "--dtype", joined[1], "--calls",
                           joined[2], "--out", self.outs[1]], lines)

    def check(self):
        for kind in self.kinds():
            contents = [out.with_name(f"{out.name}.{kind[1]}-{kind[0]}.f32").read_bytes() for out in self.outs]
            if contents[0] and contents[0] == contents[1]:
                continue
            found, largest = compare(*map(read_floats, contents))
            # Written so that NaN fails.
            if not found <= GEMM_TOLERANCE * largest:
                raise Failed(f"the products of {kind[1]}, {kind[0]}, differ by {found:g}, of at most {largest:g}")

    def kinds(self):
        return [(size, dtype) for size in self.sizes for dtype in self.types]

    def over(self, size, dtype, figure):
        return self.over_rounds(lambda wick, cpp: figure(line_of(wick, m=size, dtype=dtype),
                                                         line_of(cpp, m=size, dtype=dtype)))

    def claims(self):
        large, small = "Wick's speed of C++'s cuBLAS loop, 8192 cubed, BF16", "Wick's launch over C++'s, 128 cubed, BF16"
        if self.device == "cpu":
            if not self.finished_rounds():
                return []
            return [claim(f"Wick's speed of aten::mm called from C++, {size} cubed, {dtype}",
                          self.over(size, dtype, lambda wick, cpp: cpp["total_us"] / wick["total_us"]))
                    for size, dtype in self.kinds()]
        if not self.finished_rounds():
            return [claim(large, None, least=0.98), claim(small, None, most=1, unit=" us")]
        return [claim(large, self.over(8192, "bf16", lambda wick, cpp: cpp["gpu_us"] / wick["gpu_us"]), least=0.98),
                claim(small, self.over(128, "bf16", lambda wick, cpp: wick["enqueue_us"] - cpp["enqueue_us"]), most=1,
                      unit=" us")]

    def tables(self, file):
        keys = ["total_us"] if self.device == "cpu" else ["enqueue_us", "gpu_us", "total_us"]
        rows = [["size", "dtype", *(f"{side} {key[:-3]} us" for key in keys for side in ("Wick", "C++")),
                 "Wick TFLOP/s"]]
        for size, dtype in self.kinds():
            values = [self.over(size, dtype, lambda *lines: lines[place][key])["median"]
                      for key in keys for place in (0, 1)]
            slowest = values[-4] if len(keys) > 1 else values[0]
            rows.append([str(size), dtype, *(f"{value:.2f}" for value in values), f"{2 * size**3 / slowest / 1e6:.2f}"])
        print_rows(rows, file, left=2)


class Pipelines(Section):
    name = "pipeline"
    title = "Pipeline, beside its copies alone and its computation alone"

    def start(self):
        on_cpu = self.device == "cpu"
        batch = self.arguments.batch
        entries = self.bench.entries
        # On a CPU nothing is copied: there is nothing to balance.
        self.names = [entry["name"] for entry in entries] + ([] if on_cpu else ["balanced"])
        asked = [",".join([entry["name"], str(self.bench.archives / entry["archive"]),
                           str(self.bench.archives / entry["input"]), "x".join(map(str, entry["shape"]))])
                 for entry in entries]
        self.out = self.work / "pipeline"
        self.work.mkdir(parents=True, exist_ok=True)
        for old in self.work.glob("pipeline.*.f32"):
            old.unlink()
        self.paced("wick", self.wick("PipelineRound", self.device, batch, self.out, *asked,
                                     *([] if on_cpu else ["balanced"])), len(self.names))

    def check(self):
        references = {entry["name"]: self.bench.archives / entry["reference"] for entry in self.bench.entries}
        tolerance = self.bench.tolerance("fp32" if self.device == "cpu" else "fp16")
        for name in self.names:
            piped, computed = (read_floats(self.out.with_name(f"{self.out.name}.{name}.{what}.f32").read_bytes())
                               for what in ("pipeline", "compute"))
            expected = {"its computation's": computed}
            if name in references:
                expected["PyTorch's"] = read_npy(references[name]) * self.arguments.batch
            for whose, other in expected.items():
                found, largest = compare(piped, other)
                # Written so that NaN fails.
                if not found <= tolerance * largest:
                    raise Failed(f"{name}: the pipeline's result differs from {whose} by {found:g}, of at most "
                                 f"{largest:g}")

    def part(self, name, key):
        return self.over_rounds(lambda lines: line_of(lines, workload=name).get(key))

    def throughput(self, name):
        return self.over_rounds(lambda lines: slower(line_of(lines, workload=name))
                                / line_of(lines, workload=name)["pipelineNs"])

    def claims(self):
        measured = self.finished_rounds()
        on_cpu = self.device == "cpu"
        names = getattr(self, "names", [])
        beside = "of its computation alone" if on_cpu else "of the slower of copies and computation alone"
        return [claim(f"throughput {beside}, {name}", self.throughput(name) if measured else None, least=0.95)
                for name in names]

    def tables(self, file):
        rows = [["workload", "batch", "pipeline us", "copies us", "computation us", "of the slower", "min", "max",
                 "in a second"]]
        for name in self.names:
            line = line_of(self.sides[0].rounds[0], workload=name)
            piped, copy, compute = (self.part(name, key) for key in ("pipelineNs", "copyNs", "computeNs"))
            share = self.throughput(name)
            rows.append([name, str(line["batch"]), *(f"{each['median'] / 1e3:.1f}" if each else "-"
                                                     for each in (piped, copy, compute)),
                         *(f"{share[key]:.3f}" for key in ("median", "min", "max")),
                         f"{line['batch'] * 1e9 / piped['median']:.1f}"])
        print_rows(rows, file)


def slower(line):
    return max(line.get("copyNs") or 0, line["computeNs"])


SECTIONS = {section.name: section for section in (Copies, Products, Pipelines)}
