#!/usr/bin/env python3
"""Builds the shim for one LibTorch and keeps it in the cache, where the Java side finds it.

    native/build.py [--natives presets|DIR|pip:VERSION|python] [--test] [--cuda auto|off] ...

Progress goes to stderr; the last line on stdout is the shim's directory. Needs Python 3.8 or newer and its standard
library, a C++ compiler, CMake and Ninja.
"""
import argparse
import contextlib
import datetime
import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

NATIVE = Path(__file__).resolve().parent
ROOT = NATIVE.parent

TESTED = ("2.6", "2.8", "2.10", "2.11", "2.13")
PRESETS_TORCH = "2.10.0"
PRESETS_VERSION = "2.10.0-1.5.13"
PRESETS_JARS = (("pytorch", PRESETS_VERSION), ("openblas", "0.3.31-1.5.13"))
CMAKE_MINIMUM = (3, 20)
# The wheels' file names differ by Python, their headers and libraries outside libtorch_python do not; every tested
# version has a wheel for this one.
WHEEL_PYTHON = "3.11"


class Problem(Exception):
    """Something the caller can mend; shown without a traceback."""


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


# --- the cache ---------------------------------------------------------------------------------------------------------


def cache() -> Path:
    if os.environ.get("WICK_CACHE"):
        return Path(os.environ["WICK_CACHE"]).expanduser().absolute()
    if os.environ.get("XDG_CACHE_HOME"):
        return Path(os.environ["XDG_CACHE_HOME"]).expanduser().absolute() / "wick"
    return Path.home() / ".cache" / "wick"


@contextlib.contextmanager
def locked(name: str) -> Iterator[None]:
    """Keeps a second builder of the same thing waiting; the lock goes with the process that holds it."""
    folder = cache() / "locks"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / name, "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say(f"waiting for another build of {name} ...")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """A new directory that takes target's place when the body succeeds, so that nobody sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    fresh.chmod(0o755)
    try:
        yield fresh
        old = None
        if target.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}.old.", dir=target.parent)) / "old"
            target.rename(old)
        fresh.rename(target)
        if old is not None:
            shutil.rmtree(old.parent, ignore_errors=True)
    except BaseException:
        shutil.rmtree(fresh, ignore_errors=True)
        raise


def read_properties(file: Path) -> Dict[str, str]:
    if not file.is_file():
        return {}
    lines = file.read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def interface_hash() -> str:
    digest = hashlib.sha256()
    for header in sorted((NATIVE / "include" / "wick").glob("*.h"), key=lambda path: path.name):
        digest.update(header.name.encode() + b"\n" + header.read_bytes() + b"\n")
    return digest.hexdigest()


def interface_version() -> str:
    header = (NATIVE / "include" / "wick" / "runtime.h").read_text(encoding="utf-8")
    return re.search(r"WICK_INTERFACE_VERSION = (\d+)", header).group(1)


def sources_hash() -> str:
    digest = hashlib.sha256()
    files = [NATIVE / "CMakeLists.txt", NATIVE / "wick.map", NATIVE / "build.py"]
    for folder in (NATIVE / "src", NATIVE / "include", ROOT / "cmake"):
        files += [path for path in folder.rglob("*") if path.is_file()]
    for file in sorted(files):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\n" + file.read_bytes() + b"\n")
    return digest.hexdigest()


# --- tools -------------------------------------------------------------------------------------------------------------


def install_hint(apt: str, dnf: str) -> str:
    return f"install it with 'apt-get install {apt}' or 'dnf install {dnf}'"


def find_compiler() -> Optional[str]:
    wanted = os.environ.get("CXX")
    return next((path for path in map(shutil.which, [wanted] if wanted else ["g++", "clang++"]) if path), None)


def check_tools() -> str:
    """Gives the compiler, or names every tool that is missing."""
    missing = []
    compiler = find_compiler()
    if compiler is None:
        missing.append("a C++ compiler (g++ or clang++, or what $CXX names): " + install_hint("g++", "gcc-c++"))
    cmake = shutil.which("cmake")
    if cmake is None:
        missing.append("CMake 3.20 or newer: " + install_hint("cmake", "cmake"))
    else:
        found = re.search(r"(\d+)\.(\d+)", subprocess.run([cmake, "--version"], stdout=subprocess.PIPE, text=True).stdout)
        if found and tuple(map(int, found.groups())) < CMAKE_MINIMUM:
            missing.append(f"CMake 3.20 or newer, found {found.group(0)}: " + install_hint("cmake", "cmake"))
    if shutil.which("ninja") is None:
        missing.append("Ninja: " + install_hint("ninja-build", "ninja-build"))
    if missing:
        raise Problem("missing to build the shim:\n  " + "\n  ".join(missing))
    return compiler


def run(command: Sequence[str], **options) -> None:
    """Runs a command with its output on stderr."""
    if subprocess.run(command, stdout=sys.stderr, **options).returncode != 0:
        raise Problem("failed: " + " ".join(map(str, command)))


def pip() -> List[str]:
    """pip of a private environment: the machine's own may be absent, or forbidden to install anything."""
    environment = cache() / "venv"
    python = environment / "bin" / "python"
    with locked("venv"):
        if not python.exists():
            if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
                raise Problem("missing: Python's venv module: " + install_hint("python3-venv", "python3"))
            say(f"making a Python environment in {environment}")
            run([sys.executable, "-m", "venv", str(environment)])
    return [str(python), "-m", "pip", "--disable-pip-version-check"]


# --- finding a LibTorch ------------------------------------------------------------------------------------------------


class LibTorch(NamedTuple):
    kind: str  # presets or official
    version: str  # with its local part
    include: Path
    libraries: Path
    runtime: List[Path]  # what the loader needs beside the libraries
    cuda_include: Optional[Path]
    cuda_runtime: Optional[Path]

    @property
    def base_version(self) -> str:
        return re.match(r"\d+\.\d+\.\d+", self.version).group(0)

    @property
    def cxx11_abi(self) -> bool:
        # No header says so, the name of c10::Error's constructor does. Other names do not: the wheel of 2.6 has the old
        # std::string and a libstdc++ of its own with both.
        return b"ErrorC1ENS_14SourceLocationENSt7__cxx11" in (self.libraries / "libc10.so").read_bytes()

    @property
    def name(self) -> str:
        version = f"{self.base_version}-presets" if self.kind == "presets" else self.version
        return f"torch-{version}-{'cxx11' if self.cxx11_abi else 'precxx11'}"


def header_version(include: Path) -> str:
    for name in ("torch/headeronly/version.h", "torch/csrc/api/include/torch/version.h", "torch/version.h"):
        file = include / name
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        parts = [re.search(rf"define TORCH_VERSION_{part} (\d+)", text) for part in ("MAJOR", "MINOR", "PATCH")]
        if all(parts):
            return ".".join(part.group(1) for part in parts)
    raise Problem(f"{include} has no header that tells LibTorch's version")


def official(folder: Path, cuda: str) -> LibTorch:
    # Through links: CUDA's wheels lie beside the directory itself.
    folder = folder.resolve()
    if not (folder / "lib" / "libtorch_cpu.so").is_file() and (folder / "torch" / "lib").is_dir():
        folder = folder / "torch"
    for needed in ("lib/libtorch_cpu.so", "lib/libc10.so", "include/torch"):
        if not (folder / needed).exists():
            raise Problem(f"{folder} is not a LibTorch: it has no {needed}. Name the torch directory of a pip "
                          "installation, or an unzipped libtorch")
    base = header_version(folder / "include")
    version = base
    if (folder / "version.py").is_file():
        found = re.search(r"^__version__ = '([^']+)'", (folder / "version.py").read_text(encoding="utf-8"), re.M)
        version = found.group(1) if found else base
    elif (folder / "build-version").is_file():
        version = (folder / "build-version").read_text(encoding="utf-8").strip() or base
    beside = folder.parent / "nvidia"
    runtime = sorted(path for path in beside.glob("*/lib") if path.is_dir())
    include, library = (None, None) if cuda == "off" else find_cuda(folder, beside)
    return LibTorch("official", version, folder / "include", folder / "lib", runtime, include, library)


def find_cuda(folder: Path, beside: Path) -> Tuple[Optional[Path], Optional[Path]]:
    """CUDA's runtime header and library: pip's wheels first, which fit the LibTorch beside them."""
    if not (folder / "lib" / "libc10_cuda.so").is_file():
        return None, None
    toolkit = Path(os.environ.get("CUDA_HOME", "/usr/local/cuda"))
    includes = sorted(beside.glob("*/include")) + [toolkit / "include"]
    libraries = sorted(beside.glob("*/lib")) + [folder / "lib", toolkit / "lib64"]
    include = next((path for path in includes if (path / "cuda_runtime_api.h").is_file()), None)
    library = next((file for path in libraries for file in sorted(path.glob("libcudart*.so.*"))), None)
    if include is None or library is None:
        say("no wick_cuda: this LibTorch has CUDA, but CUDA's runtime header and library were found neither beside it "
            f"nor in {toolkit}")
        return None, None
    return include, library


def presets(arguments: argparse.Namespace) -> LibTorch:
    if arguments.libraries:
        libraries = arguments.libraries.absolute()
        if not (libraries / "libtorch_cpu.so").is_file():
            raise Problem(f"{libraries} has no libtorch_cpu.so")
    else:
        libraries = extract_presets(arguments.maven_repository)
    return LibTorch("presets", PRESETS_TORCH, presets_headers(), libraries, [], None, None)


def extract_presets(repository: Path) -> Path:
    """The presets' libraries, flat in one directory: the Java side writes the same files there and loads them."""
    target = cache() / "natives" / f"pytorch-{PRESETS_VERSION}"
    for artifact, version in PRESETS_JARS:
        jar = repository / "org/bytedeco" / artifact / version / f"{artifact}-{version}-linux-x86_64.jar"
        if not jar.is_file():
            raise Problem(f"{jar} is not there; fetch it with\n  mvn dependency:get "
                          f"-Dartifact=org.bytedeco:{artifact}:{version}:jar:linux-x86_64 -Dtransitive=false")
        target.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(jar) as archive:
            for item in archive.infolist():
                folder, _, name = item.filename.rpartition("/")
                if folder != f"org/bytedeco/{artifact}/linux-x86_64" or ".so" not in name or name.startswith("libjni"):
                    continue
                if name.startswith("libgcc_s"):
                    continue  # the system's libstdc++ may need a newer one than that
                file = target / name
                if file.is_file() and file.stat().st_size == item.file_size:
                    continue
                say(f"extracting {name}")
                with tempfile.NamedTemporaryFile(dir=target, prefix=f".{name}.", delete=False) as out:
                    with archive.open(item) as source:
                        shutil.copyfileobj(source, out, 1 << 20)
                os.chmod(out.name, 0o755)
                os.replace(out.name, file)
    return target


def presets_headers() -> Path:
    """Headers of the LibTorch in the presets, which carry none themselves."""
    for known in (cache() / "libtorch" / f"torch-{PRESETS_TORCH}" / "torch" / "include",
                  cache() / "headers" / f"torch-{PRESETS_TORCH}" / "include"):
        if (known / "torch").is_dir():
            return known
    target = cache() / "headers" / f"torch-{PRESETS_TORCH}"
    with locked(target.name), replacing(target) as fresh:
        # The wheel for ARM is a sixth of the size of the one for x86_64, which carries CUDA's kernels; its headers are
        # the same but for two lists of features that were built in, and the shim reads neither.
        say(f"downloading the headers of torch {PRESETS_TORCH} (146 MB, once)")
        run(pip() + ["download", "--quiet", "--no-deps", "--only-binary=:all:", "--platform", "manylinux_2_28_aarch64",
                     "--python-version", WHEEL_PYTHON, "--dest", str(fresh), f"torch=={PRESETS_TORCH}"])
        wheel = next(fresh.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for item in archive.infolist():
                if item.filename.startswith("torch/include/") and not item.is_dir():
                    file = fresh / item.filename[len("torch/"):]
                    file.parent.mkdir(parents=True, exist_ok=True)
                    file.write_bytes(archive.read(item))
        wheel.unlink()
    return target / "include"


def pip_torch(version: str) -> Path:
    """A pip torch of a version, with only those CUDA wheels that libtorch_cpu needs to load and wick_cuda to compile."""
    target = cache() / "libtorch" / f"torch-{version}"
    if (target / "torch" / "lib" / "libtorch_cpu.so").is_file():
        return target / "torch"
    command = pip() + ["install", "--quiet", "--no-deps", "--only-binary=:all:", "--implementation", "cp",
                       "--python-version", WHEEL_PYTHON]
    for tag in [f"manylinux_2_{minor}" for minor in range(28, 4, -1)] + ["manylinux2014", "manylinux1"]:
        command += ["--platform", f"{tag}_x86_64"]
    with locked(target.name), replacing(target) as fresh:
        say(f"installing torch {version} into {target} (up to 1 GB)")
        run(command + ["--target", str(fresh), f"torch=={version}"])
        needed = cuda_requirements(fresh)
        if needed:
            say("installing " + ", ".join(needed))
            run(command + ["--target", str(fresh), "--upgrade"] + needed)
    return target / "torch"


def cuda_requirements(folder: Path) -> List[str]:
    metadata = next(folder.glob("torch-*.dist-info")) / "METADATA"
    needed = []
    for line in metadata.read_text(encoding="utf-8").splitlines():
        found = re.match(r"Requires-Dist: (nvidia-(?:cuda-runtime|cuda-cupti)[\w-]*) ?\(?==([\w.]+)", line)
        if found:
            needed.append(f"{found.group(1)}=={found.group(2)}")
        toolkit = re.match(r"Requires-Dist: cuda-toolkit(?:\[[\w,]*\])? ?\(?==(\d+\.\d+)", line)
        if toolkit:
            # A package of names alone; the wheels behind them follow the toolkit's number.
            needed += [f"{name}=={toolkit.group(1)}.*" for name in ("nvidia-cuda-runtime", "nvidia-cuda-cupti")]
    return needed


def python_torch() -> Path:
    python = shutil.which("python3")
    if python is None:
        raise Problem("there is no python3 on the PATH")
    # Looked up without importing it, which would take seconds and load the libraries.
    code = "import importlib.util as u; s = u.find_spec('torch'); print(s.submodule_search_locations[0] if s else '')"
    folder = subprocess.run([python, "-c", code], stdout=subprocess.PIPE, text=True).stdout.strip()
    if not folder:
        raise Problem(f"{python} has no torch")
    return Path(folder)


def find_libtorch(arguments: argparse.Namespace) -> LibTorch:
    natives = arguments.natives
    if natives == "presets":
        return presets(arguments)
    if natives == "python":
        return official(python_torch(), arguments.cuda)
    if natives.startswith("pip:"):
        return official(pip_torch(natives[len("pip:"):]), arguments.cuda)
    folder = Path(natives).expanduser()
    if not folder.is_dir():
        raise Problem(f"--natives {natives}: expected presets, python, pip:VERSION or an existing directory")
    return official(folder.absolute(), arguments.cuda)


# --- building ----------------------------------------------------------------------------------------------------------


def default_jobs() -> int:
    # LibTorch's headers take about 1.5 GB of a compiler's memory.
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(os.cpu_count() or 1, memory // (2 << 30)))


def build_folder(libtorch: LibTorch, arguments: argparse.Namespace) -> Path:
    checkout = hashlib.sha256(str(ROOT).encode()).hexdigest()[:8]
    return cache() / "build" / f"{libtorch.name}-{checkout}{'-sanitized' if arguments.sanitize else ''}"


def configure_and_build(libtorch: LibTorch, arguments: argparse.Namespace, compiler: str) -> Path:
    folder = build_folder(libtorch, arguments)
    runtime = [libtorch.libraries] + libtorch.runtime
    options = {
        "CMAKE_CXX_COMPILER": compiler,
        "CMAKE_BUILD_TYPE": "Release",
        "WICK_LIBTORCH_INCLUDE": libtorch.include,
        "WICK_LIBTORCH_LIB": libtorch.libraries,
        "WICK_CUDA_INCLUDE": libtorch.cuda_include or "",
        "WICK_CUDA_RUNTIME": libtorch.cuda_runtime or "",
        "WICK_RUNTIME_PATH": ":".join(map(str, runtime)),
        "WICK_SANITIZE": "ON" if arguments.sanitize else "OFF",
    }
    command = ["cmake", "-S", str(NATIVE), "-B", str(folder), "-G", "Ninja"]
    command += [f"-D{key}={value}" for key, value in options.items()]
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode != 0:
        # A cache of another compiler or generator cannot be mended, only made anew.
        shutil.rmtree(folder, ignore_errors=True)
        run(command)
    targets = [] if arguments.test else ["wick_torch"] + (["wick_cuda"] if libtorch.cuda_include else [])
    environment = dict(os.environ, NINJA_STATUS="[%f/%t %es] ")
    run(["ninja", "-C", str(folder), "-j", str(arguments.jobs), *targets], env=environment)
    return folder


def write_shim(target: Path, build: Path, libtorch: LibTorch, compiler: str, sources: str) -> None:
    version = subprocess.run([compiler, "--version"], stdout=subprocess.PIPE, text=True).stdout.splitlines()[0]
    properties = {
        "torch.version": libtorch.version,
        "torch.version.base": libtorch.base_version,
        "cxx11.abi": "true" if libtorch.cxx11_abi else "false",
        "interface.version": interface_version(),
        "interface.hash": interface_hash(),
        "sources.hash": sources,
        "natives": libtorch.kind,
        "compiler": version,
        "built": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "cuda": "true" if libtorch.cuda_include else "false",
    }
    with replacing(target) as fresh:
        for name in ["libwick_torch.so"] + (["libwick_cuda.so"] if libtorch.cuda_include else []):
            shutil.copy2(build / name, fresh / name)
        lines = "".join(f"{key}={value}\n" for key, value in properties.items())
        (fresh / "shim.properties").write_text(lines, encoding="utf-8")


def check_version(libtorch: LibTorch, any_version: bool) -> None:
    found = header_version(libtorch.include)
    if found != libtorch.base_version:
        raise Problem(f"the headers in {libtorch.include} are of {found}, the libraries of {libtorch.base_version}")
    if found.rsplit(".", 1)[0] not in TESTED and not any_version:
        raise Problem(f"LibTorch {found} is not among the tested versions ({', '.join(TESTED)}); "
                      "--any-version builds for it all the same")


def build(arguments: argparse.Namespace) -> Path:
    if platform.system() != "Linux" or platform.machine() not in ("x86_64", "AMD64"):
        raise Problem(f"the shim is built on Linux x86_64, not on {platform.system()} {platform.machine()}")
    begin = time.monotonic()
    libtorch = find_libtorch(arguments)
    check_version(libtorch, arguments.any_version)
    if arguments.link:
        link(arguments.link, libtorch.libraries.parent)
    if arguments.link_simulated_cuda:
        link(arguments.link_simulated_cuda, build_folder(libtorch, arguments) / "simulated_cuda")
    target = cache() / "shims" / f"{libtorch.name}-{interface_hash()[:12]}"
    sources = sources_hash()

    def up_to_date() -> bool:
        known = read_properties(target / "shim.properties")
        cuda = "true" if libtorch.cuda_include else "false"
        return known.get("sources.hash") == sources and known.get("cuda") == cuda

    if up_to_date() and not arguments.test:
        say(f"up to date: {target.name}")
        return target
    compiler = check_tools()
    with locked(libtorch.name):
        if up_to_date() and not arguments.test:
            return target
        say(f"building the shim for LibTorch {libtorch.version} ({libtorch.kind}) with {compiler}"
            + (", CUDA too" if libtorch.cuda_include else ""))
        folder = configure_and_build(libtorch, arguments, compiler)
        if not arguments.sanitize:
            write_shim(target, folder, libtorch, compiler, sources)
        say(f"built in {time.monotonic() - begin:.0f} s: {target}")
        if arguments.test:
            run(["ctest", "--test-dir", str(folder), "--output-on-failure"])
    return target


def link(path: Path, target: Path) -> None:
    """Lets Maven name something whose place depends on the cache."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.symlink_to(target)


def list_cache() -> None:
    say(f"cache: {cache()}")
    for folder in sorted((cache() / "shims").glob("torch-*")):
        known = read_properties(folder / "shim.properties")
        current = "" if known.get("sources.hash") == sources_hash() else "  (other sources)"
        print(f"{folder.name}  torch {known.get('torch.version')}  {known.get('natives')}  "
              f"cuda {known.get('cuda')}  built {known.get('built')}{current}")


def clean_cache(what: str) -> None:
    folders = ["shims", "build"] + (["headers", "libtorch", "natives", "venv"] if what == "all" else [])
    for name in folders:
        if (cache() / name).exists():
            say(f"deleting {cache() / name}")
            shutil.rmtree(cache() / name)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--natives", default="presets", metavar="WHICH",
                        help="presets: the JavaCPP presets' natives (the default); DIR: a pip torch directory or an "
                             "unzipped libtorch; pip:VERSION: installs that torch into the cache; python: the torch of "
                             "the python3 on the PATH")
    parser.add_argument("--test", action="store_true", help="build and run the native tests too")
    parser.add_argument("--cuda", choices=("auto", "off"), default="auto",
                        help="auto: wick_cuda where the LibTorch has CUDA (the default)")
    parser.add_argument("--any-version", action="store_true", help="build for versions that are not tested")
    parser.add_argument("--sanitize", action="store_true",
                        help="with the undefined-behaviour sanitizer; for --test, nothing is installed")
    parser.add_argument("--jobs", type=int, default=default_jobs(), help="compilers at once")
    parser.add_argument("--libraries", type=Path, help="with presets: the directory of their libraries")
    parser.add_argument("--maven-repository", type=Path, default=Path.home() / ".m2" / "repository",
                        help="with presets: where their jars are")
    parser.add_argument("--link", type=Path, help="make a link here to the LibTorch's directory")
    parser.add_argument("--link-simulated-cuda", type=Path, metavar="PATH",
                        help="make a link here to the simulated CUDA runtime that --test builds for a CUDA build")
    parser.add_argument("--list", action="store_true", help="list the shims in the cache")
    parser.add_argument("--clean", choices=("shims", "all"), nargs="?", const="shims",
                        help="empty the cache: what was built, or what was downloaded too")
    arguments = parser.parse_args()
    try:
        if arguments.list:
            list_cache()
        elif arguments.clean:
            clean_cache(arguments.clean)
        else:
            print(build(arguments))
        return 0
    except Problem as problem:
        say(f"build.py: {problem}")
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
