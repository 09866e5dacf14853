"""Measures Wick beside Python's PyTorch and C++ on this machine's GPU, or on its CPU.

    bench.sh [--device cuda:0|cuda:N|cpu] [--out DIR] [--budget SECONDS] [--sections NAME,...] [--models NAME,...]
             [--rounds N] [--runs N]

copies    between page-locked memory and the device, 4 KiB to 1 GiB, beside a C++ loop of cudaMemcpyAsync
gemm      products of square matrices, beside a C++ loop of cublasGemmEx; on a CPU beside aten::mm called from C++
pipeline  batches through a Pipeline, beside its copies alone and its computation alone, for each model and for a
          workload whose copies take as long as its computation
models    single predictions, batch 1, of ResNet-50 and of the image towers of CLIP RN50 and ViT-B/32, with random
          weights of a seed, by Python, Wick and the C functions that Wick calls, called from C++

Results are compared before any time is looked at. In every round each side has its turn, in an order that changes from
round to round; a model's sides run in a process of their own each round. For models the baseline is Python's eager
FP32, as published studies measure it. End to end is from pinned host memory to pinned host memory, with one
synchronisation; enqueue is the time until the last call came back; GPU time is between events around all of it. Only
ratios within one run mean anything.

DIR gets gpu-bench.json: every sample, the machine, the GPU with its clocks and power, driver, torch, settings and
claims; and gpu-bench.txt, the tables, of which the last one says what was asked for and whether it holds. The machine
must do nothing else. Seven rounds are the least that count: where the budget does not allow them for every section and
model, name fewer.

Exit code: 0 every side ran and agreed; 1 one did not; 2 all that ran agreed, in fewer rounds than were asked for. A
claim that does not hold is a finding, not a failure.
"""
import argparse
import datetime
import io
import json
import os
import re
import shutil
import statistics
import sys
import time
from pathlib import Path

import machine
from figures import (cell, claim, claim_rows, compare, difference, mib, print_rows, ratio, read_floats, read_npy,
                     spread)
from machine import Bundle, Problem, ROOT, say
from sections import SECTIONS

SCHEMA = "wick-gpu-bench-2"
ROUNDS = 7
BASELINE = "python-eager-fp32"
MODES = ("eager-fp32", "eager-fp16", "graph-fp32", "graph-fp16")
MODELS = ("resnet50", "clip-rn50", "clip-vit-b32")
# The short ones first: models take what is left of the budget.
SECTION_NAMES = (*SECTIONS, "models")
COPY_SIZES = tuple(4096 << shift for shift in range(0, 19, 2))
# Largest difference from PyTorch's FP32 on the CPU that counts as the same, of the output's largest element: cuDNN
# rounds FP32 to TF32 by default, which has FP16's mantissa.
TOLERANCES = {"cpu-fp32": 1e-3, "cpu-fp16": 3e-2, "cuda-fp32": 1e-2, "cuda-fp16": 3e-2}
PROCESS_SECONDS = 120
# A process that gets less has no time to start LibTorch.
LEAST_SECONDS = 5
ARCHIVE_SECONDS = 180


class Contestant:
    """One side in one mode: a command line that writes OUT.json and OUT.f32."""

    def __init__(self, engine, mode):
        self.engine, self.mode = engine, mode
        self.name = f"{engine}-{mode}"
        self.rounds, self.failure = [], None

    def command(self, bench, entry, out):
        archive, image = (bench.archives / entry[key] for key in ("archive", "input"))
        counts = [bench.arguments.warmup, bench.arguments.runs]
        shape = "x".join(map(str, entry["shape"]))
        if self.engine == "cpp":
            return [bench.harness, archive, image, shape, self.mode, bench.device, *counts, out]
        if self.engine == "wick":
            return bench.bundle.java_command(bench.bundle.library()) + [
                "dev.wick.bench.DeviceRound", archive, image, shape, self.mode, bench.device, *counts, out]
        kind, dtype = self.mode.split("-")
        return [sys.executable, "-B", ROOT / "scripts" / "gpu_round.py", "--archive", archive, "--input", image,
                "--model", entry["name"], "--mode", kind, "--dtype", dtype, "--device", bench.device,
                "--warmup", counts[0], "--runs", counts[1], "--out", out]


def contestants_for(device, engines):
    """On a CPU only what has a counterpart there: half precision is emulated, and there are no graphs."""
    modes = MODES if device != "cpu" else MODES[:1]
    return [Contestant(engine, mode) for mode in modes for engine in engines if engine != "cpp" or device != "cpu"]


class Bench:
    def __init__(self, arguments):
        self.arguments, self.device = arguments, arguments.device
        self.out = arguments.out.absolute()
        self.out.mkdir(parents=True, exist_ok=True)
        self.begin, self.finished_rounds = time.monotonic(), 0
        self.deadline = self.begin + arguments.budget
        self.bundle = Bundle(self.out)
        self.gpus, self.no_gpu = machine.describe_gpus()
        self.entries, self.contestants, self.report, self.states = [], {}, {}, []
        self.sections = []
        # Hundreds of megabytes that every run with this LibTorch shares; only what is read later goes into the results.
        self.archives = self.bundle.cache / "archives" / f"torch-{self.bundle.libtorch.version}"
        self.work = self.bundle.cache / "rounds"
        self.harness = None
        # Python's rounds are to import that very LibTorch.
        self.environment = self.bundle.environment(PYTHONPATH=os.pathsep.join(
            [str(self.bundle.torch.parent), *filter(None, [os.environ.get("PYTHONPATH")])]))
        if arguments.tf32 == "off":
            self.environment["NVIDIA_TF32_OVERRIDE"] = "0"

    def left(self):
        return self.deadline - time.monotonic()

    def prepare(self, names, engines, sections):
        """Everything that is needed before the first measurement."""
        described = machine.print_machine(self.bundle, self.gpus, self.no_gpu)
        if self.device != "cpu" and not self.gpus:
            raise Problem(f"no GPU to measure on: {self.no_gpu}; --device cpu measures eager FP32 on the CPU")
        shim = self.prepare_shim()
        self.prepare_harnesses()
        if "models" in sections and "cpp" in engines and self.device != "cpu":
            self.harness = self.compile("device_harness.cpp", libraries=["wick_torch", "wick_cuda"])
        self.sections = [SECTIONS[name](self) for name in SECTIONS if name in sections]
        if "models" in sections or "pipeline" in sections:
            self.entries = self.prepare_archives(names)
        if "models" in sections:
            self.contestants = {entry["name"]: contestants_for(self.device, engines) for entry in self.entries}
        arguments = self.arguments
        self.report = {
            "schema": SCHEMA, "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine": described, "gpus": self.gpus, "noGpu": self.no_gpu,
            "driver": self.gpus[0].get("driver_version") if self.gpus else None, "torch": self.bundle.describe_torch(),
            "shim": shim, "bundle": machine.first_line(ROOT / "VERSION", r"^(.*)$"),
            "settings": {
                "device": self.device, "rounds": arguments.rounds, "runs": arguments.runs, "warmUp": arguments.warmup,
                "budgetSeconds": arguments.budget, "sections": sections, "copySizes": arguments.copy_sizes,
                "pipelineBatch": arguments.batch, "tf32": arguments.tf32, "baseline": BASELINE,
                "environment": {key: value for key, value in self.environment.items()
                                if key.startswith(("CUDA_", "NVIDIA_", "OMP_", "PYTORCH_"))}},
        }

    def prepare_shim(self):
        place, why_not = self.bundle.shim()
        if why_not is not None:
            say(f"compiling the shim: {why_not}")
            finished = machine.run_limited([sys.executable, "-B", ROOT / "native" / "build.py", "--natives",
                                            self.bundle.torch], self.left(), self.out / "shim.log", self.environment)
            if finished.code != 0:
                raise Problem(f"the shim was not built, {finished.why()}:\n{finished.tail()}")
        return self.bundle.build.read_properties(place / "shim.properties")

    def prepare_harnesses(self):
        """What the C++ sides need to find LibTorch and CUDA when they start."""
        place, _ = self.bundle.shim()
        libraries = [place, self.bundle.libtorch.libraries, *self.bundle.libtorch.runtime,
                     *machine.cuda_libraries(self.bundle.torch)]
        self.harness_environment = dict(self.environment, LD_LIBRARY_PATH=os.pathsep.join(
            [*dict.fromkeys(map(str, libraries)), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]))

    def cuda_header(self, name):
        """The directory of one of CUDA's headers: beside a pip torch, or of a toolkit."""
        places = [*sorted((self.bundle.torch.parent / "nvidia").glob("*/include")), self.bundle.libtorch.cuda_include,
                  Path(os.environ.get("CUDA_HOME", "/usr/local/cuda")) / "include"]
        found = next((place for place in places if place is not None and (place / name).is_file()), None)
        if found is None:
            raise Problem(f"no {name} beside {self.bundle.torch} and none in CUDA_HOME, for the C++ side")
        return found

    def compile(self, source, libraries=(), includes=()):
        """One of the C++ sides; those with libraries call the shim's C functions. Takes a second or two."""
        compiler = self.bundle.build.find_compiler()
        if compiler is None:
            raise Problem("no C++ compiler for the C++ side: --engines python,wick leaves it out of the models, and "
                          "--sections models,pipeline has none")
        place, _ = self.bundle.shim()
        sources = ROOT / "native"
        target = self.bundle.cache / Path(source).stem
        finished = machine.run_limited(
            [compiler, "-O2", "-std=c++17", "-I", sources / "include", *(part for each in dict.fromkeys(includes)
                                                                         for part in ("-isystem", each)),
             "-idirafter", sources / "src" / "cuda_fallback", sources / "benchmarks" / source, "-o", target, "-L", place,
             *(f"-l{name}" for name in libraries), "-ldl", "-lpthread", "-Wl,--allow-shlib-undefined"], self.left(),
            self.out / f"{target.name}.log", self.environment)
        if finished.code != 0:
            raise Problem(f"{source} was not compiled, {finished.why()}:\n{finished.tail()}")
        return target

    def prepare_archives(self, names):
        listed = self.archives / "models.json"
        entries = {entry["name"]: entry for entry in json.loads(listed.read_text())} if listed.is_file() else {}
        missing = [name for name in names if name not in entries]
        if missing:
            say(f"making the archives of {', '.join(missing)} ...")
            finished = machine.run_limited(
                [sys.executable, "-B", ROOT / "scripts" / "make_archives.py", "--out", self.archives, "--only", *missing],
                min(ARCHIVE_SECONDS, self.left()), self.out / "archives.log", self.environment)
            if finished.code != 0:
                raise Problem(f"no archives were made, {finished.why()}: Python needs the torch in {self.bundle.torch} "
                              f"with all its dependencies\n{finished.tail()}")
            entries = {entry["name"]: entry for entry in json.loads(listed.read_text())}
        return [entries[name] for name in names]

    def measure(self):
        for section in self.sections:
            section.run()
            if self.gpus:
                self.states.append({"after": section.name, "gpus": machine.describe_gpus()[0]})
            self.write()
        if self.contestants:
            self.measure_models()

    def measure_models(self):
        """Rounds while the budget allows whole ones: half a round would have no baseline beside it."""
        seconds = {}
        for number in range(self.arguments.rounds):
            if number > 0 and self.left() < 1.1 * sum(seconds.values()):
                return
            for entry in self.entries:
                sides = [each for each in self.contestants[entry["name"]] if each.failure is None]
                turn = number % max(1, len(sides))
                for contestant in sides[turn:] + sides[:turn]:
                    started = time.monotonic()
                    if not self.run_round(contestant, entry, number):
                        say("the budget was used up in the middle of a round")
                        return
                    seconds[entry["name"], contestant.name] = time.monotonic() - started
                    last = contestant.failure or "{:12.1f} us".format(
                        statistics.median(contestant.rounds[-1]["samplesNs"]) / 1e3)
                    say(f"round {number + 1}/{self.arguments.rounds}  {entry['name']:13} {contestant.name:18} {last}")
                if self.gpus:
                    self.states.append({"round": number, "after": entry["name"], "gpus": machine.describe_gpus()[0]})
            self.finished_rounds = number + 1
            self.write()

    def run_round(self, contestant, entry, number):
        """Adds a round to a contestant, or why it has none; false where the budget ended it."""
        limit = min(PROCESS_SECONDS, self.left())
        if limit < LEAST_SECONDS:
            return False
        out = self.work / f"{entry['name']}.{contestant.name}.{number}"
        finished = machine.run_limited(contestant.command(self, entry, out), limit, out.with_name(out.name + ".log"),
                                       self.harness_environment if contestant.engine == "cpp" else self.environment,
                                       dumps_threads=contestant.engine == "wick")
        if finished.code is None and limit < PROCESS_SECONDS:
            return False
        report, result = (out.with_name(out.name + suffix) for suffix in (".json", ".f32"))
        if finished.code != 0 or not report.is_file():
            contestant.failure = f"{finished.why()}: {machine.last_words(finished)}"
            shutil.copy2(finished.log, self.out / finished.log.name)
            return True
        taken = json.loads(report.read_text())
        found, largest = compare(read_floats(result.read_bytes()), read_npy(self.archives / entry["reference"]))
        # Written so that NaN fails.
        if not found <= self.tolerance(contestant.mode.split("-")[1]) * largest:
            contestant.failure = f"its output differs from PyTorch's by {found:g}, of at most {largest:g}"
            return True
        taken.update(round=number, processSeconds=round(finished.seconds, 2), maximumDifference=found,
                     referenceMaximum=largest)
        contestant.rounds.append(taken)
        return True

    def tolerance(self, dtype):
        return TOLERANCES[f"{'cpu' if self.device == 'cpu' else 'cuda'}-{dtype}"]

    def summaries(self, entry):
        sides = self.contestants[entry["name"]]
        baseline = next((each for each in sides if each.name == BASELINE), None)
        return {each.name: summarise(each, baseline) for each in sides}

    def write(self):
        self.report.update(seconds=round(time.monotonic() - self.begin, 1), finishedRounds=self.finished_rounds,
                           gpuStates=self.states, sections=[section.report() for section in self.sections], models=[])
        for entry in self.measured_entries():
            summaries = self.summaries(entry)
            self.report["models"].append({**entry, "claims": claims(summaries), "contestants": [
                {"name": each.name, "summary": summaries[each.name], "rounds": each.rounds}
                for each in self.contestants[entry["name"]]]})
        machine.write_json(self.out / "gpu-bench.json", self.report)

    def measured_entries(self):
        return [entry for entry in self.entries if entry["name"] in self.contestants]

    def tables(self):
        text = io.StringIO()
        for section in self.sections:
            section.print(text)
        for entry in self.measured_entries():
            table(entry, self.contestants[entry["name"]], self.summaries(entry), text)
        rows = [["", "claim", "figure", "rounds", "asked for", "holds", ""]]
        for section in (each for each in self.sections if not each.skipped):
            rows += claim_rows(section.name, section.claims())
        for entry in self.measured_entries():
            rows += claim_rows(entry["name"], claims(self.summaries(entry)))
        if len(rows) > 1:
            print("\nWhat was asked for", file=text)
            print_rows(rows, text, left=2)
        for what, rounds in self.short():
            print(f"\n{what}: {rounds} of {self.arguments.rounds} rounds: the budget of {self.arguments.budget:.0f} s did "
                  "not allow more", file=text)
        if self.arguments.rounds < ROUNDS or any(rounds < ROUNDS for _, rounds in self.short()):
            print(f"fewer than {ROUNDS} rounds are no more than a hint", file=text)
        return text.getvalue()

    def short(self):
        """What has fewer rounds than were asked for, with how many."""
        counted = [(section.name, section.finished_rounds()) for section in self.sections
                   if not section.skipped and not section.failure]
        if self.contestants:
            counted.append(("models", self.finished_rounds))
        return [(what, rounds) for what, rounds in counted if rounds < self.arguments.rounds]


# --- what comes out ---------------------------------------------------------------------------------------------------


def medians(rounds, key):
    """One for each round; the samples of a round share a process, so they are not independent of each other."""
    return [statistics.median(taken[key]) for taken in rounds if taken.get(key)]


def summarise(contestant, baseline):
    summary = {"rounds": len(contestant.rounds), "failure": contestant.failure}
    for key, name in (("samplesNs", "endToEnd"), ("enqueueNs", "enqueue"), ("gpuNs", "gpu")):
        values = spread([value / 1e3 for value in medians(contestant.rounds, key)])
        if values:
            summary[f"{name}Us"] = values
        # Round by round: both had the same minute of the machine.
        ours, theirs = ({taken["round"]: statistics.median(taken[key]) for taken in side.rounds if taken.get(key)}
                        for side in (contestant, baseline or Contestant("none", "")))
        factors = spread([theirs[number] / ours[number] for number in ours if number in theirs])
        if factors:
            summary[f"{name}Factor"] = factors
    for key in ("peakAllocatedBytes", "loadedAllocatedBytes", "peakReservedBytes", "heldBytes", "workspaceBytes",
                "cublasWorkspaceBytes", "cublasLtWorkspaceBytes", "javaBytesPerRun", "maximumDifference"):
        values = [taken[key] for taken in contestant.rounds if taken.get(key) is not None]
        if values:
            summary[key] = max(values)
    return summary


def claims(summaries):
    """What is asked of a model; figures whose sides were not measured are None."""
    def get(name, key):
        return summaries.get(name, {}).get(key)

    def median(name, key):
        return (get(name, key) or {}).get("median")

    def factor(name):
        return median(name, "endToEndFactor")

    def peak(name, without=0):
        whole, part = get(name, "peakAllocatedBytes"), get(name, "workspaceBytes")
        return whole if not without else difference(whole, part)

    def halves(engine, kind, without=0):
        return ratio(peak(f"{engine}-{kind}-fp16", without), peak(f"{engine}-{kind}-fp32", without))
    if not any("fp16" in name for name in summaries):
        return [claim("Wick eager FP32: speed of Python's", get("wick-eager-fp32", "endToEndFactor"), least=1)]
    java = [get(name, "javaBytesPerRun") for name in summaries if name.startswith("wick-")]
    java = [value for value in java if value is not None]
    unequal = "Python's peak has the capture in it"
    return [
        claim("Wick FP16 graph: speed-up over the baseline, of that of Python's FP16 graph",
              ratio(factor("wick-graph-fp16"), factor("python-graph-fp16")), least=0.97),
        claim("Wick FP16 graph: speed-up over the baseline, Python's eager FP32",
              get("wick-graph-fp16", "endToEndFactor"), note="8 is the hope"),
        claim("Wick FP16 graph: CPU time of a replay over C++'s",
              difference(median("wick-graph-fp16", "enqueueUs"), median("cpp-graph-fp16", "enqueueUs")), most=1,
              unit=" us"),
        claim("Wick FP16 graph: end to end over C++'s", ratio(factor("cpp-graph-fp16"), factor("wick-graph-fp16"))),
        claim("Wick eager FP32: speed of Python's", get("wick-eager-fp32", "endToEndFactor"), least=1),
        claim("Wick: speed-up of FP16 over FP32, graph", ratio(factor("wick-graph-fp16"), factor("wick-graph-fp32")),
              least=1.02, note="published: 0.93, 1.02"),
        claim("Python: speed-up of FP16 over FP32, graph",
              ratio(factor("python-graph-fp16"), factor("python-graph-fp32"))),
        claim("Wick: peak allocated FP16 over FP32, eager, without workspaces", halves("wick", "eager", True), most=0.55,
              note="weights and activations"),
        claim("Wick: the same with library workspaces", halves("wick", "eager")),
        claim("Wick: peak allocated FP16 over FP32, graph, without workspaces", halves("wick", "graph", True), most=0.55,
              note="weights: activations lie in the graph's pool"),
        claim("Python: peak allocated FP16 over FP32, eager, without workspaces", halves("python", "eager", True)),
        claim("Python: peak allocated FP16 over FP32, graph, without workspaces", halves("python", "graph", True),
              note=unequal),
        claim("Wick: Java bytes of a run, the most of any mode", max(java) if java else None, most=0.1, unit=" B"),
    ]


def table(entry, contestants, summaries, file):
    rows = [["contestant", "end to end us", "min", "max", "factor", "min", "max", "enqueue us", "GPU us", "rounds"]]
    memory = [["contestant", "peak MiB", "weights, buffers", "activations", "workspaces", "reserved"]]
    for contestant in contestants:
        summary = summaries[contestant.name]
        total, times = summary.get("endToEndUs"), summary.get("endToEndFactor")
        rows.append([contestant.name, cell(total), f"{total['min']:.1f}" if total else "-",
                     f"{total['max']:.1f}" if total else "-", cell(times, "{:.2f}"),
                     f"{times['min']:.2f}" if times else "-", f"{times['max']:.2f}" if times else "-",
                     cell(summary.get("enqueueUs")), cell(summary.get("gpuUs")), str(summary["rounds"])])
        peak, held, workspaces = (summary.get(key) for key in ("peakAllocatedBytes", "heldBytes", "workspaceBytes"))
        if peak is not None:
            memory.append([contestant.name, mib(peak), mib(difference(held, workspaces)), mib(difference(peak, held)),
                           mib(workspaces), mib(summary.get("peakReservedBytes"))])
    print(f"\n{entry['title']}, {entry['parameters']:,} parameters, batch 1", file=file)
    print_rows(rows, file)
    if len(memory) > 1:
        print("\ndevice memory, MiB; activations of a graph lie in its pool, which is reserved and not allocated; "
              "cuDNN's workspaces are among activations", file=file)
        print_rows(memory, file)
        sizes = next((summary for summary in summaries.values() if summary.get("cublasWorkspaceBytes") is not None), {})
        if sizes:
            print(f"a workspace of cuBLAS has {mib(sizes['cublasWorkspaceBytes'])} MiB, one of cuBLASLt "
                  f"{mib(sizes['cublasLtWorkspaceBytes'])} MiB, for each handle and stream", file=file)
    for contestant in contestants:
        if contestant.failure:
            print(f"{contestant.name}: not measured: {contestant.failure}", file=file)


def sizes_of(text):
    sizes = [int(part) for part in text.split(",")]
    if not sizes or any(size < 4 or size % 4 for size in sizes):
        raise argparse.ArgumentTypeError("sizes are multiples of 4 bytes")
    return sizes


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu, where only eager FP32 is measured (cuda:0)")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "wick-bench")),
                        help="directory for results ($OUT, else wick-bench)")
    parser.add_argument("--budget", type=float, default=540, help="seconds for everything together (540)")
    parser.add_argument("--sections", default=",".join(SECTION_NAMES), help=f"of {', '.join(SECTION_NAMES)} (all)")
    parser.add_argument("--copy-sizes", type=sizes_of, default=list(COPY_SIZES), metavar="BYTES,...",
                        help="of copies (4 KiB to 1 GiB, by factors of 4)")
    parser.add_argument("--batch", type=int, default=None, help="of the models in a pipeline (32; on a CPU 1)")
    parser.add_argument("--models", default=",".join(MODELS), help=f"of {', '.join(MODELS)} (all)")
    parser.add_argument("--engines", default="python,wick,cpp", help="of python, wick and cpp, the same C functions called from "
                        "C++ (all); python is the baseline")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"({ROUNDS})")
    parser.add_argument("--runs", type=int, default=None, help="timed predictions of a process (200; on a CPU 10)")
    parser.add_argument("--warmup", type=int, default=None, help="predictions before them (50; on a CPU 3)")
    parser.add_argument("--tf32", choices=("default", "off"), default="default",
                        help="default: as PyTorch has it, in cuDNN and not in cuBLAS; off: nowhere, for every side")
    arguments = parser.parse_args()
    if arguments.device == "cuda":
        arguments.device = "cuda:0"
    if not re.fullmatch(r"cpu|cuda:\d+", arguments.device):
        parser.error(f"--device {arguments.device}: expected cuda:N or cpu")
    names, engines, sections = (given.split(",")
                                for given in (arguments.models, arguments.engines, arguments.sections))
    for given, known in ((names, MODELS), (engines, ("python", "wick", "cpp")), (sections, SECTION_NAMES)):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"no {', '.join(unknown)} among {', '.join(known)}")
    on_cpu = arguments.device == "cpu"
    arguments.runs = arguments.runs or (10 if on_cpu else 200)
    arguments.batch = arguments.batch or (1 if on_cpu else 32)
    arguments.warmup = arguments.warmup if arguments.warmup is not None else (3 if on_cpu else 50)
    try:
        bench = Bench(arguments)
        bench.prepare(names, engines, sections)
    except Problem as problem:
        say(f"bench.sh: {problem}")
        return 1
    bench.measure()
    bench.write()
    text = bench.tables()
    (bench.out / "gpu-bench.txt").write_text(text, encoding="utf-8")
    print(text.rstrip())
    print(f"\n{time.monotonic() - bench.begin:.0f} s: {bench.out / 'gpu-bench.json'}", flush=True)
    if any(each.failure for sides in (*bench.contestants.values(), bench.sections) for each in sides):
        return 1
    return 2 if bench.short() else 0


if __name__ == "__main__":
    sys.exit(main())
