"""What check.py and gpu_bench.py share: the bundle's parts, the LibTorch of this machine, the machine itself, and
processes that cannot outlive their time. Python 3.8 or newer, its standard library alone.
"""
import contextlib
import csv
import ctypes
import importlib.util
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# How long a JVM has to print its threads before it is killed.
DUMP_SECONDS = 3


class Problem(Exception):
    """Something the caller can mend; shown without a traceback."""


def say(text=""):
    print(text, file=sys.stderr, flush=True)


def build_script():
    """native/build.py as a module: it knows how to read a LibTorch, and where a shim for it lies."""
    spec = importlib.util.spec_from_file_location("wick_build", ROOT / "native" / "build.py")
    module = importlib.util.module_from_spec(spec)
    # No compiled copy beside the sources.
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return module


def find_torch():
    """The directory of the LibTorch to use, and who named it; torch itself is not imported, which takes seconds."""
    named = os.environ.get("WICK_LIBTORCH")
    if named and named != "python":
        folder = Path(named).expanduser().absolute()
        why = "WICK_LIBTORCH"
    else:
        spec = importlib.util.find_spec("torch")
        if spec is None or not spec.submodule_search_locations:
            raise Problem(f"no LibTorch: {sys.executable} has no torch; name one with "
                          "WICK_LIBTORCH=.../site-packages/torch")
        folder = Path(spec.submodule_search_locations[0])
        why = f"the torch of {sys.executable}"
    if not (folder / "lib" / "libtorch_cpu.so").is_file():
        raise Problem(f"{folder} ({why}) is not a LibTorch: it has no lib/libtorch_cpu.so")
    # As the Java side takes it: a library finds its neighbours by the place that it really lies in.
    return folder.resolve(), why


def python_of(torch):
    """Whether this Python imports that very torch: only then do Python's rounds measure the same LibTorch."""
    spec = importlib.util.find_spec("torch")
    places = spec.submodule_search_locations if spec else None
    return bool(places) and Path(places[0]).resolve() == torch


def cuda_libraries(torch):
    """The directories of CUDA's own libraries beside a pip torch."""
    return [path for path in sorted((torch.parent / "nvidia").glob("*/lib")) if path.is_dir()]


class Bundle:
    """The parts that were unpacked, and the settings that every process of them gets."""

    def __init__(self, out):
        self.out = out
        self.java = ROOT / "runtime" / "bin" / "java"
        self.cache = ROOT / "cache"
        self.torch, self.torch_why = find_torch()
        self.build = build_script()
        os.environ["WICK_CACHE"] = str(self.cache)
        try:
            self.libtorch = self.build.official(self.torch, "auto")
        except self.build.Problem as problem:
            raise Problem(str(problem)) from None

    def environment(self, **more):
        kept = {key: value for key, value in os.environ.items() if not key.startswith("WICK_")}
        return dict(kept, WICK_CACHE=str(self.cache), **more)

    def java_command(self, *class_path):
        return [str(self.java), "--enable-native-access=ALL-UNNAMED", "-XX:+UseSerialGC", "-Xmx2g",
                f"-XX:ErrorFile={self.out}/hs_err_pid%p.log", "-Dwick.natives=official",
                f"-Dwick.libtorch={self.torch}", f"-Dorg.bytedeco.javacpp.cachedir={self.cache}/javacpp",
                "-cp", ":".join(map(str, class_path))]

    def library(self):
        return f"{ROOT}/lib/*"

    def shim(self):
        """Where the shim for this LibTorch lies or will lie, and why the one there does not do; None where it does."""
        place = self.cache / "shims" / f"{self.libtorch.name}-{self.build.interface_hash()[:12]}"
        known = self.build.read_properties(place / "shim.properties")
        if not known:
            carried = sorted(path.name for path in (self.cache / "shims").glob("torch-*"))
            return place, f"none for {self.libtorch.name} was carried along (there is {', '.join(carried) or 'none'})"
        expected = {"torch.version.base": self.libtorch.base_version,
                    "cxx11.abi": "true" if self.libtorch.cxx11_abi else "false",
                    "interface.hash": self.build.interface_hash()}
        for key, value in expected.items():
            if known.get(key) != value:
                return place, f"{key} is {known.get(key)}, expected {value}"
        if known.get("cuda") != "true" and self.libtorch.cuda_include is not None:
            return place, "it was compiled without CUDA, which this LibTorch has"
        return place, None

    def describe_torch(self):
        return {"directory": str(self.torch), "why": self.torch_why, "version": self.libtorch.version,
                "cxx11Abi": self.libtorch.cxx11_abi, "cuda": (self.torch / "lib" / "libtorch_cuda.so").is_file(),
                "cudaLibraries": [str(path) for path in cuda_libraries(self.torch)]}


# --- the machine ------------------------------------------------------------------------------------------------------


def first_line(file, pattern, otherwise=None):
    with contextlib.suppress(OSError):
        found = re.search(pattern, Path(file).read_text(), re.M)
        if found:
            return found.group(1).strip()
    return otherwise


def describe_machine():
    return {"cpu": first_line("/proc/cpuinfo", r"^model name\s*:(.*)$", platform.machine()), "cores": os.cpu_count(),
            "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
            "system": first_line("/etc/os-release", r'^PRETTY_NAME="?([^"\n]+)', platform.system()),
            "kernel": platform.release(), "libc": " ".join(platform.libc_ver()),
            "python": platform.python_version(), "loadAverage": os.getloadavg(),
            "java": first_line(ROOT / "runtime" / "release", r'^JAVA_RUNTIME_VERSION="([^"]+)')
                    or first_line(ROOT / "runtime" / "release", r'^JAVA_VERSION="([^"]+)')}


GPU_FIELDS = ("index", "name", "uuid", "driver_version", "compute_cap", "memory.total", "memory.used", "power.limit",
              "power.draw", "clocks.sm", "clocks.mem", "clocks.max.sm", "temperature.gpu", "utilization.gpu",
              "persistence_mode", "mig.mode.current")


def describe_gpus():
    """Every GPU, by nvidia-smi's own field names, or why there is none; what the driver says where that tool is not."""
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return describe_gpus_by_driver()
    try:
        asked = subprocess.run([tool, f"--query-gpu={','.join(GPU_FIELDS)}", "--format=csv,noheader"], timeout=30,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    except subprocess.TimeoutExpired:
        return [], "nvidia-smi did not answer within 30 s"
    if asked.returncode != 0:
        return [], f"nvidia-smi: {' '.join(asked.stdout.split())}"
    rows = csv.reader(asked.stdout.splitlines(), skipinitialspace=True)
    return [dict(zip(GPU_FIELDS, row)) for row in rows if row], None


def describe_gpus_by_driver():
    """Fewer fields, and no clocks, through CUDA's driver API; it makes no context."""
    try:
        cuda = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return [], "neither nvidia-smi on the PATH nor an NVIDIA driver (libcuda.so.1)"
    try:
        return ask_driver(cuda)
    except AttributeError as e:
        return [], f"libcuda.so.1 is no NVIDIA driver: {e}"


def ask_driver(cuda):
    number, version, total = ctypes.c_int(), ctypes.c_int(), ctypes.c_size_t()
    name, uuid = ctypes.create_string_buffer(256), (ctypes.c_ubyte * 16)()
    status = cuda.cuInit(0) or cuda.cuDriverGetVersion(ctypes.byref(version)) or cuda.cuDeviceGetCount(
        ctypes.byref(number))
    if status != 0:
        return [], f"CUDA's driver says {status} (cuInit, CUresult)"
    gpus = []
    for index in range(number.value):
        device = ctypes.c_int()
        if (cuda.cuDeviceGet(ctypes.byref(device), index) or cuda.cuDeviceGetName(name, len(name), device)
                or cuda.cuDeviceGetUuid_v2(ctypes.byref(uuid), device)
                or cuda.cuDeviceTotalMem_v2(ctypes.byref(total), device)):
            return [], f"CUDA's driver does not describe device {index}"
        digits = bytes(uuid).hex()
        parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        gpus.append({"index": str(index), "name": name.value.decode(), "uuid": "GPU-" + "-".join(parts),
                     "memory.total": f"{total.value >> 20} MiB",
                     "driver_version": f"for CUDA {version.value // 1000}.{version.value % 1000 // 10}"})
    return gpus, None if gpus else "CUDA's driver sees no device"


def print_machine(bundle, gpus, no_gpu):
    machine = describe_machine()
    print(f"machine  {machine['cpu']}, {machine['cores']} cores, {machine['memoryBytes'] / 2**30:.0f} GiB, "
          f"{machine['system']}, kernel {machine['kernel']}, {machine['libc']}")
    for gpu in gpus:
        print(f"GPU {gpu['index']}    {gpu['name']}, {gpu['memory.total']}, driver {gpu['driver_version']}, "
              f"{gpu['uuid']}")
    if not gpus:
        print(f"GPU      none: {no_gpu}")
    print(f"torch    {bundle.libtorch.version} ({'cxx11' if bundle.libtorch.cxx11_abi else 'precxx11'}), "
          f"{bundle.torch}, {bundle.torch_why}")
    print(f"Java     {machine['java']}", flush=True)
    return machine


# --- processes --------------------------------------------------------------------------------------------------------


class Finished:
    """How a process ended; code is None where it was killed for its time."""

    def __init__(self, code, seconds, log):
        self.code, self.seconds, self.log = code, seconds, log

    def tail(self, lines=15):
        with contextlib.suppress(OSError):
            return "\n".join(self.log.read_text(errors="replace").rstrip().splitlines()[-lines:])
        return ""

    def why(self):
        if self.code is None:
            return f"killed after {self.seconds:.0f} s, its limit; where its threads were is in {self.log}"
        if self.code < 0:
            return f"died of {signal.Signals(-self.code).name}"
        return f"exit code {self.code}"


def run_limited(command, seconds, log, environment, dumps_threads=False):
    """
    Runs a command with its output in a file, in a process group of its own, and ends the whole group at the limit: what
    hangs must not take the machine with it. A JVM is first asked where its threads are.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen([str(part) for part in command], stdin=subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            code = process.wait(timeout=max(1, seconds))
        except subprocess.TimeoutExpired:
            if dumps_threads:
                process.send_signal(signal.SIGQUIT)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(timeout=DUMP_SECONDS)
            code = None
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return Finished(code, time.monotonic() - begin, log)


def last_words(finished):
    """The line of an exception rather than of its stack."""
    lines = [line.strip() for line in finished.tail(60).splitlines()]
    said = [line for line in lines if re.match(r"(Exception in thread|[\w.]*(Error|Exception)\b|build\.py:)", line)]
    return (said[-1] if said else next((line for line in reversed(lines) if line), "it said nothing"))[:400]


def write_json(file, content):
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(file.name + ".part")
    fresh.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    os.replace(fresh, file)
