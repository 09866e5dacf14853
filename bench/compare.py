#!/usr/bin/env python3
"""Measures Wick beside C++ and beside its peers, and writes the results with the machine they came from.

    bench/compare.py [calls|models|blas|profiling|all] [options]

calls   what a call from Java costs beside the same call from C++: JMH forks, each with a process of the C++ harness
        beside it that measures in turn with every iteration, then what Runner.run() allocates. A fork's difference is the
        median over its pairs of iterations; what counts is the median of the forks.
models  single predictions of whole models, batch 1: every round each contestant runs in a process of its own, in an order
        that changes from round to round. Outputs are compared with PyTorch's own before any time is looked at.
blas    the same on the presets' natives alone: OpenBLAS as it comes, as Wick settles it, and MKL in its place (160 MB
        from Maven Central), for models as they are and with oneDNN Graph fusion.
profiling
        what it costs a model to be watched: memory profiles without and with stacks, the flight recorder, traces, switched
        on and off in one process, in rounds whose order changes. Through panama, the way that has them.

Builds what is missing (Maven, the shim, the harness, the archives). Needs JDK 25, Maven, a C++ compiler, CMake and Ninja,
and for the archives and the peer a Python with torch and numpy (--python, else one is set up in Wick's cache).
Use it on a machine that does nothing else: beside one busy neighbour OpenMP's threads lose more than any optimisation
gains. Only ratios within one run mean anything.
"""
import argparse
import array
import datetime
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent
ROOT = BENCH.parent
TARGET = BENCH / "target"
JDK = 25
# Name of the call, JMH method, benchmark of the harness, ways of calling that have it.
BOTH = ("panama", "javacpp")
CALLS = [
    ("trivial getter, critical", "GetterBenchmark.critical", "getter", ("panama",)),
    ("trivial getter, ordinary", "GetterBenchmark.ordinary", "getter", ("panama",)),
    ("trivial getter", "GetterBenchmark.jni", "getter", ("javacpp",)),
    ("tensor create and free", "TensorBenchmark.createAndFree", "tensor", BOTH),
    ("operator (aten::add)", "OperatorBenchmark.byHandle", "operator", BOTH),
    ("forward of a tiny module, Model.call", "ForwardBenchmark.call", "call", BOTH),
    ("forward of a tiny module, Runner.run", "ForwardBenchmark.run", "run", BOTH),
]
MODEL_CALL = ("ResNet-50 batch 1, Runner.run", "Resnet50Benchmark.run", "resnet50", BOTH)
# Largest difference from PyTorch's output that counts as the same, relative to the output's largest element.
TOLERANCE = 1e-3


class Problem(Exception):
    """Something the caller can mend; shown without a traceback."""


def say(text):
    print(text, file=sys.stderr, flush=True)


def run(command, **options):
    finished = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                              **options)
    if finished.returncode != 0:
        tail = "\n".join((finished.stdout + finished.stderr).strip().splitlines()[-25:])
        raise Problem(f"this failed with exit code {finished.returncode}:\n  {' '.join(map(str, command))[:400]}\n{tail}")
    return finished.stdout


# --- what is needed ----------------------------------------------------------------------------------------------------


def java_version(home):
    release = Path(home) / "release"
    found = re.search(r'JAVA_VERSION="(\d+)', release.read_text()) if release.is_file() else None
    return int(found.group(1)) if found and (Path(home) / "bin" / "javac").is_file() else 0


def find_java():
    places = [os.environ.get("JAVA_HOME", "")]
    for folder in ("/usr/lib/jvm", "/opt", str(Path.home() / ".sdkman/candidates/java"), str(Path.home() / ".jdks")):
        places += sorted(str(path) for path in Path(folder).glob("*"))
    for home in places:
        if home and java_version(home) >= JDK:
            return Path(home)
    raise Problem(f"no JDK {JDK} or newer: set JAVA_HOME to one")


def cache():
    own, shared = os.environ.get("WICK_CACHE"), os.environ.get("XDG_CACHE_HOME")
    return Path(own) if own else Path(shared) / "wick" if shared else Path.home() / ".cache" / "wick"


def has_modules(python, *names):
    code = "import importlib.util as u, sys; sys.exit(any(u.find_spec(n) is None for n in sys.argv[1:]))"
    return subprocess.run([str(python), "-c", code, *names]).returncode == 0


def find_python(asked):
    needed = ("torch", "numpy")
    if asked:
        if not has_modules(asked, *needed):
            raise Problem(f"{asked} lacks one of {', '.join(needed)}")
        return Path(asked)
    own = cache() / "bench-python" / "bin" / "python"
    for python in (sys.executable, own):
        if Path(python).exists() and has_modules(python, *needed):
            return Path(python)
    say(f"setting up a Python with torch in {own.parent.parent} (several GB; --python names another)")
    run([sys.executable, "-m", "venv", own.parent.parent])
    run([own, "-m", "pip", "install", "--quiet", "torch==2.10.0", "numpy"])
    return own


class Machine:
    """Everything that is built before the first measurement."""

    def __init__(self, arguments):
        self.natives = arguments.natives
        self.java = find_java()
        if not arguments.no_build:
            say("building with Maven ...")
            run(["mvn", "-q", "-B", "-pl", "bench,bench/djl", "-am", "-Ppeers", "-DskipTests", "test-compile"], cwd=ROOT,
                env=dict(os.environ, JAVA_HOME=str(self.java)))
        say(f"the shim for {self.natives} ...")
        shim = run([sys.executable, ROOT / "native" / "build.py", "--natives", self.natives]).strip().splitlines()[-1]
        self.shim = Path(shim)
        self.properties = dict(line.split("=", 1) for line in (self.shim / "shim.properties").read_text().splitlines()
                               if "=" in line)
        self.archives = Path(arguments.archives).absolute()
        self.python = None

    def java_command(self):
        natives = ["-Dwick.natives=presets"] if self.natives == "presets" else [
            "-Dwick.natives=official", f"-Dwick.libtorch={self.libtorch()}"]
        return [self.java / "bin" / "java", "--enable-native-access=ALL-UNNAMED", f"-Dwick.bench.root={ROOT}",
                f"-Dwick.bench.archives={self.archives}", *natives]

    def class_path(self, module):
        file = module / "target" / "classpath.txt"
        if not file.is_file():
            raise Problem(f"{file} is missing: run without --no-build")
        return f"{module / 'target' / 'classes'}:{file.read_text().strip()}"

    def libtorch(self):
        """The directory of an official LibTorch, whatever way it was named."""
        if self.natives.startswith("pip:"):
            return cache() / "libtorch" / f"torch-{self.natives[4:]}" / "torch"
        if self.natives == "python":
            return Path(run(["python3", "-c", "import importlib.util as u;"
                             "print(u.find_spec('torch').submodule_search_locations[0])"]).strip())
        return Path(self.natives).absolute()

    def library_path(self):
        if self.natives == "presets":
            return [self.shim, cache() / "natives" / f"pytorch-{self.presets_version()}"]
        folder = self.libtorch()
        return [self.shim, folder / "lib", *sorted((folder.parent / "nvidia").glob("*/lib"))]

    @staticmethod
    def presets_version(of="pytorch"):
        return re.search(rf"<{of}-presets.version>([^<]+)<", (ROOT / "pom.xml").read_text()).group(1)

    def mkl(self):
        """The jar with MKL's libraries, which JavaCPP's openblas takes instead of its own when told to."""
        version = self.presets_version("mkl")
        jar = TARGET / f"mkl-{version}-linux-x86_64-redist.jar"
        if not jar.is_file():
            say("fetching MKL (160 MB) ...")
            run(["mvn", "-q", "-B", "dependency:copy", "-Dmdep.overWriteReleases=false", f"-DoutputDirectory={TARGET}",
                 f"-Dartifact=org.bytedeco:mkl:{version}:jar:linux-x86_64-redist"], cwd=ROOT)
        return jar

    def harness(self):
        build = TARGET / "harness"
        run(["cmake", "-G", "Ninja", "-S", ROOT / "native" / "benchmarks", "-B", build, f"-DWICK_SHIM={self.shim}",
             "-DCMAKE_BUILD_TYPE=Release"])
        run(["ninja", "-C", build])
        return build / "wick_harness"

    def models(self, names, asked_python):
        listed = self.archives / "models.json"
        entries = {entry["name"]: entry for entry in json.loads(listed.read_text())} if listed.is_file() else {}
        if not all(name in entries for name in names):
            self.python = find_python(asked_python)
            say(f"making the archives in {self.archives} ...")
            run([self.python, BENCH / "make_archives.py", "--out", self.archives])
            entries = {entry["name"]: entry for entry in json.loads(listed.read_text())}
        unknown = [name for name in names if name not in entries]
        if unknown:
            raise Problem(f"no such model: {', '.join(unknown)}; there are {', '.join(entries)}")
        return [entries[name] for name in names]

    def describe(self):
        flags = set()
        model = platform.processor() or platform.machine()
        cpuinfo = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
        for line in cpuinfo.splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                model = value.strip()
            elif key.strip() == "flags":
                flags = set(value.split())
        interesting = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16")
        return {
            "cpu": model, "cpuFlags": [flag for flag in interesting if flag in flags], "cores": os.cpu_count(),
            "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "kernel": platform.release(),
            "system": system_name(), "java": (self.java / "release").read_text().split('JAVA_VERSION="')[1].split('"')[0],
            "compiler": self.properties.get("compiler"), "loadAverageBefore": os.getloadavg(),
        }


def system_name():
    file = Path("/etc/os-release")
    found = re.search(r'^PRETTY_NAME="?([^"\n]+)', file.read_text(), re.M) if file.is_file() else None
    return found.group(1) if found else platform.system()


# --- calls -------------------------------------------------------------------------------------------------------------


def jmh(machine, method, arguments, extra=(), properties=()):
    report = TARGET / "jmh.json"
    report.unlink(missing_ok=True)
    run([*machine.java_command(), *properties, "-cp", machine.class_path(BENCH), "org.openjdk.jmh.Main",
         f"dev\\.wick\\.bench\\.{method}$".replace("Benchmark.", "Benchmark\\."), "-f", "1",
         "-wi", arguments.warmup_iterations, "-i", arguments.iterations,
         "-w", f"{arguments.milliseconds}ms", "-r", f"{arguments.milliseconds}ms", "-tu", "ns", "-foe", "true",
         "-rf", "json", "-rff", report, *extra], cwd=ROOT)
    return json.loads(report.read_text())


def harness_command(harness, benchmark, archive, arguments, extra=()):
    return [str(part) for part in (harness, benchmark, archive, "--warmup", arguments.warmup_iterations, "--milliseconds",
                                   arguments.milliseconds, *extra)]


def same_outputs(machine, harness, arguments, entry):
    """The same archive and input through both: every bit of the result must be the same."""
    out = TARGET / "outputs"
    out.mkdir(parents=True, exist_ok=True)
    archive, image = machine.archives / entry["archive"], machine.archives / entry["input"]
    quick = argparse.Namespace(warmup_iterations=0, milliseconds=1)
    run(harness_command(harness, "resnet50", archive, quick, ["--input", image, "--output", out / "cpp.f32"]), input="\n",
        env=dict(os.environ, LD_LIBRARY_PATH=":".join(map(str, machine.library_path()))))
    wick_round(machine, entry, "none", 2, 1, out / "java")
    difference, largest = compare(read_floats(out / "java.f32"), read_floats(out / "cpp.f32"))
    if difference > 1e-6 * largest:
        raise Problem(f"Java's output differs from C++'s by {difference}")
    return difference


def difference_of(java, cpp):
    """Of a fork: iteration against iteration, since both had the same second of the machine."""
    return statistics.median(a - b for a, b in zip(java, cpp))


def measure_calls(machine, arguments):
    harness = machine.harness()
    tiny = ROOT / "bindings/api/src/test/resources/archives/tiny.pt"
    entry = machine.models(["resnet50"], arguments.python)[0]
    difference = same_outputs(machine, harness, arguments, entry)
    say(f"outputs agree (largest difference {difference:g}); {arguments.forks} forks of each side")
    ways = arguments.calls.split(",")
    calls = [(*call, tiny, (), ()) for call in CALLS]
    calls.append((*MODEL_CALL, machine.archives / entry["archive"], ["-p", "optimize=none"],
                  ["--input", machine.archives / entry["input"]]))
    calls = [(title, way, *rest) for title, method, benchmark, has, *others in calls for way in ways if way in has
             for rest in [(method, benchmark, *others)] if any(asked in title for asked in arguments.only.split(","))]
    if not calls:
        raise Problem(f"no call through {arguments.calls} has '{arguments.only}' in its name")
    samples = {call[:2]: {"java": [], "cpp": [], "bytesPerCall": []} for call in calls}
    for fork in range(arguments.forks):
        for title, way, method, benchmark, archive, java_extra, cpp_extra in calls:
            command = harness_command(harness, benchmark, archive, arguments, cpp_extra)
            # The garbage collector's profiler second: what the first one allocates comes before its count.
            report = jmh(machine, method, arguments, [*java_extra, "-prof", "dev.wick.bench.BesideCpp", "-prof", "gc"], [
                f"-Dwick.calls={way}", "-Dwick.bench.harness=" + "\n".join(command),
                "-Dwick.bench.harness.libraries=" + ":".join(map(str, machine.library_path()))])[0]
            taken, second = samples[title, way], report["secondaryMetrics"]
            taken["java"].append(report["primaryMetric"]["rawData"][0])
            taken["cpp"].append(second["cpp"]["rawData"][0])
            taken["bytesPerCall"].append(statistics.median(second["gc.alloc.rate.norm"]["rawData"][0]))
            java, cpp = (statistics.median(taken[side][-1]) for side in ("java", "cpp"))
            say(f"fork {fork + 1}/{arguments.forks}  {title:37} {way:8} Java {java:12.1f} ns   C++ {cpp:12.1f} ns   "
                f"difference {difference_of(taken['java'][-1], taken['cpp'][-1]):9.1f}")
    rows = []
    for title, way, method, benchmark, *_ in calls:
        taken = samples[title, way]
        java, cpp = taken["java"], taken["cpp"]
        differences = [difference_of(a, b) for a, b in zip(java, cpp)]
        rows.append({"call": title, "calls": way, "jmh": method, "harness": benchmark,
                     "javaNs": statistics.median(map(statistics.median, java)),
                     "cppNs": statistics.median(map(statistics.median, cpp)),
                     "differenceNs": statistics.median(differences), "differencesNs": differences,
                     "bytesPerCall": statistics.median(taken["bytesPerCall"]), "samplesNs": {"java": java, "cpp": cpp}})
    return {"forks": arguments.forks, "warmupIterations": arguments.warmup_iterations, "iterations": arguments.iterations,
            "milliseconds": arguments.milliseconds, "outputDifference": difference, "rows": rows,
            "allocation": measure_allocation(machine, arguments)}


def measure_allocation(machine, arguments):
    """Bytes that Runner.run() allocates. Long iterations: what JMH itself allocates is divided by more calls."""
    long = argparse.Namespace(warmup_iterations=arguments.warmup_iterations, iterations=5,
                              milliseconds=max(2000, arguments.milliseconds))
    report = jmh(machine, "ForwardBenchmark.run", long, ["-prof", "gc"], ["-Dwick.calls=panama"])[0]
    metric = report["secondaryMetrics"]["gc.alloc.rate.norm"]
    say(f"Runner.run() allocates {metric['score']:.4f} B/op")
    return {"benchmark": "ForwardBenchmark.run", "bytesPerCall": metric["score"], "samples": metric["rawData"][0]}


# --- models ------------------------------------------------------------------------------------------------------------


def read_floats(file):
    floats = array.array("f")
    floats.frombytes(Path(file).read_bytes())
    return floats


def read_npy(file):
    content = Path(file).read_bytes()
    floats = array.array("f")
    floats.frombytes(content[10 + int.from_bytes(content[8:10], "little"):])
    return floats


def compare(found, expected):
    """Largest difference, and the largest element of what is expected."""
    if len(found) != len(expected):
        raise Problem(f"an output has {len(found)} elements, expected {len(expected)}")
    if any(value != value for value in found):
        return float("inf"), 1.0
    return max(abs(a - b) for a, b in zip(found, expected)), max(abs(value) for value in expected)


def shape_of(entry):
    return "x".join(map(str, entry["shape"]))


def wick_round(machine, entry, optimization, warmup, runs, out, calls="panama", properties=(), jars=(), environment=None):
    run([*machine.java_command(), f"-Dwick.calls={calls}", *properties, "-cp",
         ":".join([machine.class_path(BENCH), *map(str, jars)]), "dev.wick.bench.ModelRound",
         machine.archives / entry["archive"], machine.archives / entry["input"], shape_of(entry), optimization, warmup, runs,
         out], env=dict(os.environ, **(environment or {})))


def djl_round(machine, entry, warmup, runs, out):
    # Offline: everything DJL loads comes from Maven's jars.
    run([machine.java / "bin" / "java", "--enable-native-access=ALL-UNNAMED", "-Dai.djl.offline=true", "-cp",
         machine.class_path(BENCH / "djl"), "dev.wick.bench.djl.DjlRound", machine.archives / entry["archive"],
         machine.archives / entry["input"], shape_of(entry), warmup, runs, out])


def python_round(python, entry, mode, archives, warmup, runs, out):
    run([python, BENCH / "peers" / "python_peer.py", archives / entry["archive"], archives / entry["input"], mode, warmup,
         runs, out])


def contestants(machine, arguments):
    """Name and round of each, Wick's default first."""
    warmup, runs = arguments.warmup, arguments.runs
    found = []
    for way in arguments.calls.split(","):
        for optimization in arguments.optimize.split(","):
            found.append((f"wick {way} {optimization}", lambda entry, out, how=optimization, calls=way:
                          wick_round(machine, entry, how, warmup, runs, out, calls)))
    peers = [peer for peer in arguments.peers.split(",") if peer]
    for peer in peers:
        if peer == "djl":
            found.append(("djl", lambda entry, out: djl_round(machine, entry, warmup, runs, out)))
        elif peer in ("python", "python-ofi"):
            machine.python = machine.python or find_python(arguments.python)
            mode = "torchscript" if peer == "python" else "ofi"
            found.append((peer, lambda entry, out, how=mode:
                          python_round(machine.python, entry, how, machine.archives, warmup, runs, out)))
        else:
            raise Problem(f"no such peer: {peer}; there are djl, python and python-ofi")
    return found


# What ./wick sets, where it is not set.
BRIEF_WAITS = dict(re.findall(r"export (GOMP_SPINCOUNT|OPENBLAS_THREAD_TIMEOUT)=(\d+)", (ROOT / "wick").read_text()))
ONE_THREAD = "OpenBLAS, one thread"


def blas_contestants(machine, arguments):
    """Name and round of each; all through JNI, where another BLAS can take OpenBLAS's place."""
    mkl = {"properties": ["-Dorg.bytedeco.openblas.load=mkl"], "jars": [machine.mkl()]}
    settings = [
        (ONE_THREAD, {}),
        ("OpenBLAS, as it comes", {"properties": [f"-Dwick.blas.threads={os.cpu_count()}"]}),
        ("OpenBLAS, brief waits", {"environment": BRIEF_WAITS}),
        ("OpenBLAS, one thread, no spinning", {"environment": {"OMP_WAIT_POLICY": "passive"}}),
        ("MKL", mkl),
        ("MKL, brief waits", {**mkl, "environment": BRIEF_WAITS}),
    ]
    return [(f"{name}: {way}", lambda entry, out, how=way, options=given: wick_round(
        machine, entry, how, arguments.warmup, arguments.runs, out, "javacpp", **options))
        for way in ("none", "onednn") for name, given in settings]


def measure_blas(machine, arguments):
    if machine.natives != "presets":
        raise Problem("another BLAS can be chosen on the presets' natives alone: an official LibTorch has its own")
    variables = [name for name in (*BRIEF_WAITS, "OMP_WAIT_POLICY") if name in os.environ]
    if variables:
        raise Problem(f"{', '.join(variables)} is set, which would decide for every contestant")
    return measure_rounds(machine, arguments, blas_contestants(machine, arguments), f"{ONE_THREAD}: none")


def measure_profiling(machine, arguments):
    models = []
    folder = TARGET / "profiling"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for entry in machine.models(arguments.models.split(","), arguments.python):
        for way in ("none", "auto"):
            out = folder / f"{entry['name']}-{way}"
            run([*machine.java_command(), "-Dwick.calls=panama", "-cp", machine.class_path(BENCH),
                 "dev.wick.bench.ProfilingRound", machine.archives / entry["archive"], machine.archives / entry["input"],
                 shape_of(entry), way, arguments.warmup, arguments.runs, arguments.rounds, out])
            difference, largest = compare(read_floats(f"{out}.f32"), read_npy(machine.archives / entry["reference"]))
            if not difference <= TOLERANCE * largest:
                raise Problem(f"{entry['name']}: its output differs from PyTorch's by {difference:g}, the largest element "
                              f"being {largest:g}: its time would mean nothing")
            report = json.loads(Path(f"{out}.json").read_text())
            samples = {name[:-2]: in_rounds(report.pop(name), arguments.rounds)
                       for name in list(report) if name.endswith("Ns") and isinstance(report[name], list)}
            rows = []
            for name, taken in samples.items():
                medians = [statistics.median(each) / 1e6 for each in taken]
                unwatched = [statistics.median(each) / 1e6 for each in samples["nothing"]]
                ratios = [a / b for a, b in zip(medians, unwatched)]
                rows.append({"watch": name.replace("_", " "), "medianMs": statistics.median(medians),
                             "ratio": statistics.median(ratios), "ratios": ratios, "samplesNs": taken})
                say(f"{entry['name']:14} {way:5} {rows[-1]['watch']:20} {rows[-1]['medianMs']:8.2f} ms  "
                    f"{rows[-1]['ratio']:.3f}")
            models.append({"model": entry, "optimize": way, "report": report, "rows": rows})
    return {"rounds": arguments.rounds, "warmup": arguments.warmup, "runs": arguments.runs, "models": models}


def in_rounds(samples, rounds):
    size = len(samples) // rounds
    return [samples[i * size:(i + 1) * size] for i in range(rounds)]


def measure_models(machine, arguments):
    return measure_rounds(machine, arguments, contestants(machine, arguments), "djl")


def measure_rounds(machine, arguments, field, base):
    entries = machine.models(arguments.models.split(","), arguments.python)
    folder = TARGET / "rounds"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    width = max(len(name) for name, _ in field)
    models = []
    for entry in entries:
        expected = read_npy(machine.archives / entry["reference"])
        results = {name: {"rounds": [], "differences": []} for name, _ in field}
        for number in range(arguments.rounds):
            # Another one begins each round, so that nobody always follows the same neighbour.
            turn = number % len(field)
            for name, play in field[turn:] + field[:turn]:
                if "failed" in results[name]:
                    continue
                out = folder / f"{entry['name']}-{re.sub('[^a-z0-9]+', '-', name.lower())}-{number}"
                try:
                    play(entry, out)
                    difference, largest = compare(read_floats(f"{out}.f32"), expected)
                    if not difference <= TOLERANCE * largest:
                        raise Problem(f"its output differs from PyTorch's by {difference:g}, the largest element being "
                                      f"{largest:g}: its time would mean nothing")
                except Problem as problem:
                    say(f"{name} is out on {entry['name']}: {problem}")
                    results[name]["failed"] = str(problem)
                    continue
                report = json.loads(Path(f"{out}.json").read_text())
                results[name]["rounds"].append(report.pop("samplesNs"))
                results[name]["differences"].append(difference / largest)
                results[name].setdefault("reports", []).append(report)
                say(f"round {number + 1}/{arguments.rounds}  {entry['name']:14} {name:{width}} "
                    f"{statistics.median(results[name]['rounds'][-1]) / 1e6:8.2f} ms   {report.get('optimization', '')}")
        rows = []
        for name, _ in field:
            if "failed" in results[name]:
                rows.append({"name": name, "failed": results[name]["failed"]})
                continue
            medians = [statistics.median(samples) / 1e6 for samples in results[name]["rounds"]]
            reports = results[name]["reports"]
            rows.append({"name": name, "medianMs": statistics.median(medians), "roundMediansMs": medians,
                         "spreadMs": [min(medians), max(medians)],
                         "maximumRelativeDifference": max(results[name]["differences"]),
                         "taken": sorted({report["optimization"] for report in reports if "optimization" in report}),
                         "report": reports[0], "samplesNs": results[name]["rounds"]})
        other = next((row for row in rows if row["name"] == base and "failed" not in row), None)
        for row in rows:
            if "failed" not in row:
                # Round against round: both sides had the same minute of the machine.
                row["ratio"] = other and statistics.median(
                    a / b for a, b in zip(row["roundMediansMs"], other["roundMediansMs"]))
        models.append({"model": entry, "rows": rows})
    return {"ratioTo": base, "rounds": arguments.rounds, "warmup": arguments.warmup, "runs": arguments.runs, "tolerance": TOLERANCE,
            "models": models}


# --- results -----------------------------------------------------------------------------------------------------------


def render(result):
    machine = result["machine"]
    lines = [f"# {result['date']}, {machine['cpu']}", "",
             f"{machine['cores']} cores ({', '.join(machine['cpuFlags'])}), {machine['memoryBytes'] / 2**30:.0f} GiB, "
             f"{machine['system']}, Linux {machine['kernel']}, Java {machine['java']}, {machine['compiler']}. "
             f"Wick at {result['commit']}, natives `{result['natives']}`. "
             f"Load average before: {machine['loadAverageBefore'][0]:.2f}.", ""]
    if "calls" in result:
        calls = result["calls"]
        lines += ["## Calls", "",
                  f"{calls['forks']} forks of each side; {calls['warmupIterations']} + {calls['iterations']} iterations of "
                  f"{calls['milliseconds']} ms. Before each iteration of Java's the C++ harness, a process beside it, "
                  "measures one of its own. A fork's difference is the median over these pairs; the figures are medians of the "
                  "forks, with the smallest and the largest difference.", "",
                  "| call | through | Java ns | C++ ns | difference ns | smallest to largest | Java B/op |",
                  "|---|---|--:|--:|--:|--:|--:|"]
        for row in calls["rows"]:
            low, high = min(row["differencesNs"]), max(row["differencesNs"])
            lines.append(f"| {row['call']} | {row['calls']} | {row['javaNs']:,.1f} | {row['cppNs']:,.1f} | "
                         f"{row['differenceNs']:,.1f} | {low:,.1f} to {high:,.1f} | {row['bytesPerCall']:,.1f} |")
        lines += ["", f"`Runner.run()` allocates {calls['allocation']['bytesPerCall']:.4f} B/op (`-prof gc`).", ""]
    if "models" in result:
        lines += render_rounds("Models, batch 1", result["models"])
    if "blas" in result:
        lines += render_rounds("BLAS, batch 1", result["blas"])
    if "profiling" in result:
        lines += render_profiling(result["profiling"])
    return "\n".join(lines)


def render_profiling(profiling):
    lines = ["## Being watched, batch 1", "",
             f"{profiling['rounds']} rounds of {profiling['runs']} runs for each way of watching, all in one process, in "
             "changing order. The ratio is the median of the rounds' ratios to the same model unwatched, with the smallest and "
             "the largest.", "",
             "| model | run | watched by | median ms | ratio | smallest to largest | memory events a run |",
             "|---|---|---|--:|--:|---|--:|"]
    for model in profiling["models"]:
        for row in model["rows"]:
            lines.append(f"| {model['model']['title']} | {model['report']['optimization']} | {row['watch']} | "
                         f"{row['medianMs']:.2f} | {row['ratio']:.3f} | {min(row['ratios']):.3f} to "
                         f"{max(row['ratios']):.3f} | {model['report']['eventsPerRun']} |")
    return lines + [""]


def render_rounds(title, rounds):
    lines = [f"## {title}", "",
             f"{rounds['rounds']} rounds, every contestant in a process of its own in each, in changing order; "
             f"{rounds['warmup']} runs discarded, {rounds['runs']} measured. From a Java array to a Java array. Outputs within "
             f"{rounds['tolerance']:g} of PyTorch's, relative to the largest element. The ratio is the median of the rounds' "
             f"ratios to `{rounds['ratioTo']}`; below 1 is faster.", ""]
    for model in rounds["models"]:
        lines += [f"### {model['model']['title']}", "",
                  "| | median ms | rounds' medians | ratio | taken | difference |", "|---|--:|--:|--:|---|--:|"]
        for row in model["rows"]:
            if "failed" in row:
                lines.append(f"| {row['name']} | failed: {row['failed'].splitlines()[0]} | | | | |")
                continue
            ratio = f"{row['ratio']:.2f}" if row["ratio"] else ""
            low, high = row["spreadMs"]
            lines.append(f"| {row['name']} | {row['medianMs']:.1f} | {low:.1f} to {high:.1f} | {ratio} | "
                         f"{', '.join(row['taken'])} | {row['maximumRelativeDifference']:.1e} |")
        lines.append("")
    lines += ["What each contestant said of itself:", ""]
    for row in (row for row in rounds["models"][0]["rows"] if "report" in row):
        said = {key: value for key, value in row["report"].items() if key in (
            "torch", "djl", "natives", "calls", "threads", "blas", "blasThreads", "settings", "java", "python")}
        lines.append(f"- {row['name']}: {json.dumps(said)}")
    lines.append("")
    return lines


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", nargs="?", choices=["calls", "models", "blas", "profiling", "all"], default="all")
    parser.add_argument("--natives", default="presets", help="presets, DIR, pip:VERSION or python (default: presets)")
    parser.add_argument("--forks", type=int, default=10, help="forks of each side of the calls (default: 10)")
    parser.add_argument("--calls", help="ways of calling (default: panama,javacpp; on an official LibTorch panama)")
    parser.add_argument("--only", default="", metavar="TEXT,...", help="only calls that have one of these in their name")
    parser.add_argument("--warmup-iterations", type=int, default=15, help="of each fork (default: 15)")
    parser.add_argument("--iterations", type=int, default=20, help="of each fork (default: 20)")
    parser.add_argument("--milliseconds", type=int, default=100, help="of each iteration (default: 100)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of the models (default: 7)")
    parser.add_argument("--warmup", type=int, default=15, help="runs of a round that are discarded (default: 15)")
    parser.add_argument("--runs", type=int, default=40, help="runs of a round that are measured (default: 40)")
    parser.add_argument("--models", default="resnet50,clip-vit-b32", help="also: clip-rn50")
    parser.add_argument("--optimize", default="auto,none,freeze,ofi,onednn", help="Wick's ways (default: all)")
    parser.add_argument("--peers", default="djl", help="djl, python, python-ofi (default: djl)")
    parser.add_argument("--python", help="a Python with torch and numpy")
    parser.add_argument("--archives", default=TARGET / "archives", help="where the archives are or will be")
    parser.add_argument("--out", default=BENCH / "results", type=Path, help="directory of the results")
    parser.add_argument("--no-build", action="store_true", help="Maven's part is built already")
    arguments = parser.parse_args()
    arguments.calls = arguments.calls or ("panama,javacpp" if arguments.natives == "presets" else "panama")
    started = time.time()
    try:
        TARGET.mkdir(exist_ok=True)
        machine = Machine(arguments)
        if os.getloadavg()[0] > 0.5 * os.cpu_count():
            say(f"load average {os.getloadavg()[0]:.1f}: something else is running here (or was, a minute ago), and the "
                "numbers will be its as much as Wick's")
        date = datetime.date.today().isoformat()
        dirty = "-dirty" if run(["git", "status", "--porcelain", "--untracked-files=no"], cwd=ROOT).strip() else ""
        result = {"date": date, "commit": run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT).strip() + dirty,
                  "natives": machine.natives if machine.natives in ("presets", "python") or machine.natives.startswith("pip:")
                  else "official", "shim": {key: value for key, value in machine.properties.items() if key != "built"},
                  "machine": machine.describe()}
        if arguments.what in ("calls", "all"):
            result["calls"] = measure_calls(machine, arguments)
        if arguments.what in ("models", "all"):
            result["models"] = measure_models(machine, arguments)
        if arguments.what == "blas" or arguments.what == "all" and machine.natives == "presets":
            result["blas"] = measure_blas(machine, arguments)
        if arguments.what in ("profiling", "all"):
            result["profiling"] = measure_profiling(machine, arguments)
        result["seconds"] = round(time.time() - started)
        arguments.out.mkdir(parents=True, exist_ok=True)
        cpu = re.sub(r"[^a-z0-9]+", "-", result["machine"]["cpu"].lower()).strip("-")
        kind = "" if arguments.what == "all" else f"-{arguments.what}"
        name = f"{date}-{cpu}-{os.cpu_count()}-cores" + ("" if result["natives"] == "presets" else "-official") + kind
        (arguments.out / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")
        text = render(result)
        (arguments.out / f"{name}.md").write_text(text)
        print(text)
        say(f"written: {arguments.out / name}.json and .md")
    except Problem as problem:
        say(f"compare.py: {problem}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
