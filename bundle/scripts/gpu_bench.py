"""Measures Wick beside Python's PyTorch on this machine's GPU, or on its CPU.

    bench.sh [--device cuda:0|cuda:N|cpu] [--out DIR] [--budget SECONDS] [--models NAME,...] [--rounds N] [--runs N]

Single predictions, batch 1, of ResNet-50 and of the image towers of CLIP RN50 and ViT-B/32, with random weights of a
seed. In every round each contestant runs in a process of its own, in an order that turns from round to round; outputs
are compared with PyTorch's own before any time is looked at. The baseline is Python's eager FP32, as published
studies measure it. End to end is from pinned host memory to pinned host memory, with one synchronisation; enqueue is
the time until the last call came back; GPU time is between events around all of it. Only ratios within one run
mean anything.

DIR gets gpu-bench.json: every sample, the machine, the GPU with its clocks and power, driver, torch and settings; and
gpu-bench.txt, the tables. The machine must do nothing else. Seven rounds are the least that count: where the budget
does not allow them for every model, name fewer models.

Exit code: 0 every contestant ran and agreed; 1 one did not; 2 all that ran agreed, in fewer rounds than were asked
for.
"""
import argparse
import array
import datetime
import io
import json
import math
import os
import re
import shutil
import statistics
import sys
import time
from pathlib import Path

import machine
from machine import Bundle, Problem, ROOT, say

SCHEMA = "wick-gpu-bench-1"
ROUNDS = 7
BASELINE = "python-eager-fp32"
MODES = ("eager-fp32", "eager-fp16", "graph-fp32", "graph-fp16")
MODELS = ("resnet50", "clip-rn50", "clip-vit-b32")
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
        # Hundreds of megabytes that every run with this LibTorch shares; only what is read later goes into the results.
        self.archives = self.bundle.cache / "archives" / f"torch-{self.bundle.libtorch.version}"
        self.work = self.bundle.cache / "rounds"
        self.harness = self.bundle.cache / "wick_device_harness"
        # Python's rounds are to import that very LibTorch.
        self.environment = self.bundle.environment(PYTHONPATH=os.pathsep.join(
            [str(self.bundle.torch.parent), *filter(None, [os.environ.get("PYTHONPATH")])]))
        if arguments.tf32 == "off":
            self.environment["NVIDIA_TF32_OVERRIDE"] = "0"

    def left(self):
        return self.deadline - time.monotonic()

    def prepare(self, names, engines):
        """Everything that is needed before the first measurement."""
        described = machine.print_machine(self.bundle, self.gpus, self.no_gpu)
        if self.device != "cpu" and not self.gpus:
            raise Problem(f"no GPU to measure on: {self.no_gpu}; --device cpu measures eager FP32 on the CPU")
        shim = self.prepare_shim()
        if "cpp" in engines and self.device != "cpu":
            self.prepare_harness()
        self.entries = self.prepare_archives(names)
        self.contestants = {entry["name"]: contestants_for(self.device, engines) for entry in self.entries}
        arguments = self.arguments
        self.report = {
            "schema": SCHEMA, "date": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "machine": described, "gpus": self.gpus, "noGpu": self.no_gpu,
            "driver": self.gpus[0].get("driver_version") if self.gpus else None, "torch": self.bundle.describe_torch(),
            "shim": shim, "bundle": machine.first_line(ROOT / "VERSION", r"^(.*)$"),
            "settings": {
                "device": self.device, "rounds": arguments.rounds, "runs": arguments.runs, "warmUp": arguments.warmup,
                "budgetSeconds": arguments.budget, "tf32": arguments.tf32, "baseline": BASELINE,
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

    def prepare_harness(self):
        """The C++ side: it calls the shim's C functions alone, so that it compiles in a second."""
        compiler = self.bundle.build.find_compiler()
        if compiler is None:
            raise Problem("no C++ compiler for the C++ side: --engines python,wick leaves it out")
        place, _ = self.bundle.shim()
        sources = ROOT / "native"
        finished = machine.run_limited(
            [compiler, "-O2", "-std=c++17", "-I", sources / "include", sources / "benchmarks" / "device_harness.cpp",
             "-o", self.harness, "-L", place, "-lwick_torch", "-lwick_cuda", "-ldl", "-lpthread",
             "-Wl,--allow-shlib-undefined"], self.left(), self.out / "harness.log", self.environment)
        if finished.code != 0:
            raise Problem(f"the C++ side was not compiled, {finished.why()}:\n{finished.tail()}")
        libraries = [place, self.bundle.libtorch.libraries, *self.bundle.libtorch.runtime]
        self.harness_environment = dict(self.environment, LD_LIBRARY_PATH=os.pathsep.join(
            [*map(str, libraries), *filter(None, [os.environ.get("LD_LIBRARY_PATH")])]))

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
            contestant.failure = f"{finished.why()}: {last_words(finished)}"
            shutil.copy2(finished.log, self.out / finished.log.name)
            return True
        taken = json.loads(report.read_text())
        difference, largest = compare(read_floats(result.read_bytes()), read_npy(self.archives / entry["reference"]))
        kind = f"{'cpu' if self.device == 'cpu' else 'cuda'}-{contestant.mode.split('-')[1]}"
        # Written so that NaN fails.
        if not difference <= TOLERANCES[kind] * largest:
            contestant.failure = f"its output differs from PyTorch's by {difference:g}, of at most {largest:g}"
            return True
        taken.update(round=number, processSeconds=round(finished.seconds, 2), maximumDifference=difference,
                     referenceMaximum=largest)
        contestant.rounds.append(taken)
        return True

    def summaries(self, entry):
        sides = self.contestants[entry["name"]]
        baseline = next((each for each in sides if each.name == BASELINE), None)
        return {each.name: summarise(each, baseline) for each in sides}

    def write(self):
        self.report.update(seconds=round(time.monotonic() - self.begin, 1), finishedRounds=self.finished_rounds,
                           gpuStates=self.states, models=[])
        for entry in self.entries:
            summaries = self.summaries(entry)
            self.report["models"].append({**entry, "claims": claims(summaries), "contestants": [
                {"name": each.name, "summary": summaries[each.name], "rounds": each.rounds}
                for each in self.contestants[entry["name"]]]})
        machine.write_json(self.out / "gpu-bench.json", self.report)

    def tables(self):
        text = io.StringIO()
        for entry in self.entries:
            table(entry, self.contestants[entry["name"]], self.summaries(entry), text)
        if self.finished_rounds < self.arguments.rounds:
            print(f"\n{self.finished_rounds} of {self.arguments.rounds} rounds: the budget of "
                  f"{self.arguments.budget:.0f} s did not allow more", file=text)
        if self.finished_rounds < ROUNDS:
            print(f"fewer than {ROUNDS} rounds are no more than a hint", file=text)
        return text.getvalue()


def last_words(finished):
    """The line of an exception rather than of its stack."""
    lines = [line.strip() for line in finished.tail(60).splitlines()]
    said = [line for line in lines if re.match(r"(Exception in thread|[\w.]*(Error|Exception)\b|build\.py:)", line)]
    return (said[-1] if said else next((line for line in reversed(lines) if line), "it said nothing"))[:400]


def read_floats(content):
    floats = array.array("f")
    floats.frombytes(content)
    return floats


def read_npy(file):
    content = file.read_bytes()
    return read_floats(content[10 + int.from_bytes(content[8:10], "little"):])


def compare(found, expected):
    if len(found) != len(expected):
        return math.inf, max(map(abs, expected))
    differences = [abs(a - b) for a, b in zip(found, expected)]
    return (math.nan if any(map(math.isnan, differences)) else max(differences)), max(map(abs, expected))


# --- what comes out ---------------------------------------------------------------------------------------------------


def medians(rounds, key):
    """One for each round; the samples of a round share a process, so they are not independent of each other."""
    return [statistics.median(taken[key]) for taken in rounds if taken.get(key)]


def summarise(contestant, baseline):
    summary = {"rounds": len(contestant.rounds), "failure": contestant.failure}
    for key, name in (("samplesNs", "endToEnd"), ("enqueueNs", "enqueue"), ("gpuNs", "gpu")):
        values = medians(contestant.rounds, key)
        if values:
            summary[f"{name}Us"] = {"median": statistics.median(values) / 1e3, "min": min(values) / 1e3,
                                    "max": max(values) / 1e3}
        # Round by round: both had the same minute of the machine.
        ours, theirs = ({taken["round"]: statistics.median(taken[key]) for taken in side.rounds if taken.get(key)}
                        for side in (contestant, baseline or Contestant("none", "")))
        factors = [theirs[number] / ours[number] for number in ours if number in theirs]
        if factors:
            summary[f"{name}Factor"] = {"median": statistics.median(factors), "min": min(factors), "max": max(factors)}
    for key in ("peakAllocatedBytes", "loadedAllocatedBytes", "peakReservedBytes", "javaBytesPerRun",
                "maximumDifference"):
        values = [taken[key] for taken in contestant.rounds if taken.get(key) is not None]
        if values:
            summary[key] = max(values)
    return summary


def claims(summaries):
    """The ratios that are asked for, those whose sides were all measured."""
    def factor(name):
        return summaries.get(name, {}).get("endToEndFactor", {}).get("median")

    def peak(name):
        return summaries.get(name, {}).get("peakAllocatedBytes")

    def ratio(a, b):
        return a / b if a and b else None

    def enqueue(name):
        return summaries.get(name, {}).get("enqueueUs", {}).get("median")

    def difference(a, b):
        return a - b if a is not None and b is not None else None
    asked = {
        "Wick FP16 graph: its factor over the baseline, of Python's FP16 graph (at least 0.97)":
            ratio(factor("wick-graph-fp16"), factor("python-graph-fp16")),
        "Wick eager FP32: speed over Python's eager FP32 (at least 1)": factor("wick-eager-fp32"),
        "Wick FP16 graph: CPU time of a replay over C++'s, microseconds (at most 1)":
            difference(enqueue("wick-graph-fp16"), enqueue("cpp-graph-fp16")),
        "Wick FP16 graph: end to end over C++'s": ratio(factor("cpp-graph-fp16"), factor("wick-graph-fp16")),
        "Wick: FP16 graph over FP32 graph": ratio(factor("wick-graph-fp16"), factor("wick-graph-fp32")),
        "Python: FP16 graph over FP32 graph": ratio(factor("python-graph-fp16"), factor("python-graph-fp32")),
        "Wick: peak allocated FP16 over FP32 graph (at most 0.55)":
            ratio(peak("wick-graph-fp16"), peak("wick-graph-fp32")),
        "Python: peak allocated FP16 over FP32 graph": ratio(peak("python-graph-fp16"), peak("python-graph-fp32")),
    }
    return {name: value for name, value in asked.items() if value is not None}


def cell(figures, form="{:.1f}"):
    return form.format(figures["median"]) if figures else "-"


def table(entry, contestants, summaries, file):
    rows = [["contestant", "end to end us", "min", "max", "factor", "min", "max", "enqueue us", "GPU us", "peak MiB",
             "rounds"]]
    for contestant in contestants:
        summary = summaries[contestant.name]
        total, times = summary.get("endToEndUs"), summary.get("endToEndFactor")
        peak = summary.get("peakAllocatedBytes")
        rows.append([contestant.name, cell(total), f"{total['min']:.1f}" if total else "-",
                     f"{total['max']:.1f}" if total else "-", cell(times, "{:.2f}"),
                     f"{times['min']:.2f}" if times else "-", f"{times['max']:.2f}" if times else "-",
                     cell(summary.get("enqueueUs")), cell(summary.get("gpuUs")), f"{peak / 2**20:.1f}" if peak else "-",
                     str(summary["rounds"])])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    print(f"\n{entry['title']}, {entry['parameters']:,} parameters, batch 1", file=file)
    for row in rows:
        print("  ".join(text.ljust(width) if i == 0 else text.rjust(width)
                        for i, (text, width) in enumerate(zip(row, widths))).rstrip(), file=file)
    for contestant in contestants:
        if contestant.failure:
            print(f"{contestant.name}: not measured: {contestant.failure}", file=file)
    for name, value in claims(summaries).items():
        print(f"{name}: {value:.3f}", file=file)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="cuda:0", help="cuda:N, or cpu, where only eager FP32 is measured (cuda:0)")
    parser.add_argument("--out", type=Path, default=Path(os.environ.get("OUT", "wick-bench")),
                        help="directory for results ($OUT, else wick-bench)")
    parser.add_argument("--budget", type=float, default=540, help="seconds for everything together (540)")
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
    names, engines = arguments.models.split(","), arguments.engines.split(",")
    for given, known in ((names, MODELS), (engines, ("python", "wick", "cpp"))):
        unknown = [name for name in given if name not in known]
        if unknown:
            parser.error(f"no {', '.join(unknown)} among {', '.join(known)}")
    on_cpu = arguments.device == "cpu"
    arguments.runs = arguments.runs or (10 if on_cpu else 200)
    arguments.warmup = arguments.warmup if arguments.warmup is not None else (3 if on_cpu else 50)
    try:
        bench = Bench(arguments)
        bench.prepare(names, engines)
    except Problem as problem:
        say(f"bench.sh: {problem}")
        return 1
    bench.measure()
    bench.write()
    text = bench.tables()
    (bench.out / "gpu-bench.txt").write_text(text, encoding="utf-8")
    print(text.rstrip())
    print(f"\n{time.monotonic() - bench.begin:.0f} s: {bench.out / 'gpu-bench.json'}", flush=True)
    if any(each.failure for sides in bench.contestants.values() for each in sides):
        return 1
    return 2 if bench.finished_rounds < arguments.rounds else 0


if __name__ == "__main__":
    sys.exit(main())
