#!/usr/bin/env python3
"""Puts the portable bundle together: the last step of 'mvn -Pbundle package', which gives it jars and a Java runtime.

Builds the shim for the LibTorch of the machines that the bundle is for, into the cache as ever, and writes
wick-bundle-VERSION.tar.gz. The same parts give the same bytes. Fails above the size that can be carried.
"""
import argparse
import gzip
import io
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

BUNDLE = Path(__file__).resolve().parent
ROOT = BUNDLE.parent
LIMIT_BYTES = 45 << 20
# 2026-01-01T00:00:00Z, as the jars have it.
TIMESTAMP = 1767225600
# Where things are taken from, and where they lie in the bundle.
FOLDERS = [
    (ROOT / "native" / "include", "native/include"), (ROOT / "native" / "src", "native/src"),
    (ROOT / "native" / "tests", "native/tests"), (ROOT / "native" / "benchmarks", "native/benchmarks"),
    (ROOT / "cmake", "cmake"),
]
FILES = [
    (BUNDLE / "README.md", "README.md"), (BUNDLE / "check.sh", "check.sh"), (BUNDLE / "bench.sh", "bench.sh"),
    (ROOT / "native" / "CMakeLists.txt", "native/CMakeLists.txt"), (ROOT / "native" / "wick.map", "native/wick.map"),
    (ROOT / "native" / "build.py", "native/build.py"), (ROOT / "bench" / "models.py", "scripts/models.py"),
    (ROOT / "bench" / "make_archives.py", "scripts/make_archives.py"),
    (ROOT / "bench" / "peers" / "gpu_round.py", "scripts/gpu_round.py"),
]
LEFT_OUT = re.compile(r"(^|/)(__pycache__|target|build|\.[^/]+)(/|$)|\.pyc$")


def shim_of(torch):
    """Built where it is not there yet: this downloads that LibTorch once."""
    built = subprocess.run([sys.executable, "-B", ROOT / "native" / "build.py", "--natives", torch],
                           stdout=subprocess.PIPE, text=True)
    if built.returncode != 0:
        sys.exit(f"assemble.py: the shim for {torch} was not built; the reason stands above")
    place = Path(built.stdout.strip().splitlines()[-1])
    if "cuda=true" not in (place / "shim.properties").read_text():
        sys.exit(f"assemble.py: {place} was built without CUDA, which is what the bundle is for")
    return place


def commit():
    """What the bundle was made of, where that is known."""
    git = ["git", "-C", str(ROOT)]
    try:
        head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], stdout=subprocess.PIPE, text=True, check=True)
        changed = subprocess.run([*git, "status", "--porcelain"], stdout=subprocess.PIPE, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "unknown commit"
    return head.stdout.strip() + (" with changes" if changed.stdout.strip() else "")


def folder(source, target, recursive=True):
    """Every file of a directory, in order."""
    files = sorted(path for path in (source.rglob("*") if recursive else source.glob("*")) if path.is_file())
    for file in files:
        name = file.relative_to(source).as_posix()
        if not LEFT_OUT.search(name):
            yield file, f"{target}/{name}"


def parts(arguments):
    yield from FILES
    yield from folder(BUNDLE / "scripts", "scripts")
    for source, target in FOLDERS:
        yield from folder(source, target)
    yield from folder(arguments.jars, "lib")
    yield from folder(arguments.jni, "jni")
    yield from folder(arguments.runtime, "runtime")
    shim = shim_of(arguments.torch)
    yield from folder(shim, f"cache/shims/{shim.name}")


def write(target, root, version, files):
    fresh = target.with_name(target.name + ".part")
    with open(fresh, "wb") as raw, \
            gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=9, mtime=TIMESTAMP) as out, \
            tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        def add(name, size, content, executable):
            entry = tarfile.TarInfo(f"{root}/{name}")
            entry.size, entry.mtime, entry.mode = size, TIMESTAMP, 0o755 if executable else 0o644
            archive.addfile(entry, content)
        add("VERSION", len(version), io.BytesIO(version), False)
        for file, name in files:
            with open(file, "rb") as content:
                add(name, file.stat().st_size, content, file.stat().st_mode & 0o100)
    shutil.move(fresh, target)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    for name in ("jars", "jni", "runtime", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--torch", required=True, help="the LibTorch of the shim, as native/build.py takes it")
    arguments = parser.parse_args()
    name = f"wick-bundle-{arguments.version}"
    target = arguments.out / f"{name}.tar.gz"
    files = list(parts(arguments))
    write(target, name, f"{arguments.version}, {commit()}, shim for torch {arguments.torch}\n".encode(), files)
    size = target.stat().st_size
    print(f"{target}: {size / 2**20:.1f} MiB, {len(files)} files")
    if size > LIMIT_BYTES:
        largest = sorted(((file.stat().st_size, path) for file, path in files), reverse=True)[:8]
        listed = "\n".join(f"  {bytes_ / 2**20:7.1f} MiB  {path}" for bytes_, path in largest)
        target.unlink()
        sys.exit(f"assemble.py: {size / 2**20:.1f} MiB are more than the {LIMIT_BYTES >> 20} that can be carried; the "
                 f"largest parts, before compression:\n{listed}")


if __name__ == "__main__":
    main()
