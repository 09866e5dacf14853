#!/usr/bin/env python3
"""Writes the sources that follow from the LibTorch at hand: functions of CUDA's runtime that nobody has written down
here, and stand-ins for the CUDA libraries that libtorch_cuda.so asks for, each with every function that is imported.

    generate.py --torch LIB --cudart libcudart.so.N --include DIR --nm NM --readelf READELF --output DIR
"""
import argparse
import re
import subprocess
from collections import defaultdict
from pathlib import Path

# Those that load CUDA's libraries; which of them there are depends on the version.
IMPORTERS = ("libc10_cuda.so", "libtorch_cuda.so", "libtorch_cuda_linalg.so", "libtorch_nvshmem.so",
             "libcaffe2_nvrtc.so")
# What a function without a simulation returns: CUDA_ERROR_NOT_SUPPORTED, CUBLAS_STATUS_NOT_SUPPORTED, and elsewhere
# 1, which is a failure for all of them.
STATUS = {"cuda": 801, "cublas": 15, "cublasLt": 15}


def output_of(*command):
    return subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True, check=True).stdout


def write(file, text):
    """Leaves a file that is right as it is, so that nothing is compiled again."""
    if not file.is_file() or file.read_text(encoding="utf-8") != text:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def dynamic(arguments, library, tag):
    return re.findall(rf"\({tag}\).*\[(.*)\]", output_of(arguments.readelf, "-d", "-W", library))


def symbols(arguments, library, which):
    """Pairs of a name and its version, which may be empty."""
    found = []
    for line in output_of(arguments.nm, "-D", which, library).splitlines():
        name, _, version = line.split()[-1].partition("@")
        found.append((name, version.lstrip("@")))
    return found


def map_text(versions):
    """A version script: the first version takes everything that no other one names."""
    first, *others = sorted(versions) or [""]
    text = f"{first} {{ global: *; }};\n"
    for version in others:
        text += f"{version} {{ global: {' '.join(f'{name};' for name in sorted(versions[version]))} }};\n"
    return text


def cudart(arguments):
    soname = dynamic(arguments, arguments.cudart, "SONAME")[0]
    names = sorted({name for name, _ in symbols(arguments, arguments.cudart, "--defined-only")
                    if name.startswith(("cuda", "__cuda"))})
    text = "extern \"C\" int simulated_cuda_unsupported(const char* name, bool& told);\n"
    for name in names:
        text += (f"extern \"C\" __attribute__((weak)) int {name}() "
                 f"{{ static bool told = false; return simulated_cuda_unsupported(\"{name}\", told); }}\n")
    write(arguments.output / "unsupported.cpp", text)
    write(arguments.output / "cudart.map", f"{soname} {{ global: cuda*; __cuda*; simulated_cuda_*; local: *; }};\n")
    header = (arguments.include / "driver_types.h").read_text(encoding="utf-8", errors="replace")
    enum = re.search(r"enum\s+(?:__device_builtin__\s+)?cudaError\s*\{(.*?)\n\s*\};", header, re.S).group(1)
    errors = re.findall(r"^\s*(cuda(?:Success|Error)\w*)\s*=\s*(\w+)", enum, re.M)
    write(arguments.output / "error_names.inc", "".join(f'{{{value}, "{name}"}},\n' for name, value in errors))
    return soname


def stand_ins(arguments, runtime):
    importers = [arguments.torch / name for name in IMPORTERS if (arguments.torch / name).is_file()]
    needed = {soname for library in importers for soname in dynamic(arguments, library, "NEEDED")}
    sonames = sorted(name for name in needed if re.match(r"lib(cu|nv|nccl)", name) and name != runtime)
    # cuBLAS in "libcublas.so.12"; its functions begin so where no version tells whose they are.
    libraries = {soname: re.match(r"lib(\w+?)(?:_host)?\.so", soname).group(1) for soname in sonames}
    prefixes = {("cu" if name == "cuda" else name).lower(): soname for soname, name in libraries.items()}
    functions = defaultdict(lambda: defaultdict(set))
    for library in importers:
        for name, version in symbols(arguments, library, "--undefined-only"):
            if name.startswith(("cuda", "__cuda")) or not re.match(r"cu|nv|nccl", name):
                continue
            prefix = max((known for known in prefixes if name.lower().startswith(known)), key=len, default=None)
            if prefix is not None:
                functions[prefixes[prefix]][version].add(name)
    for soname in sonames:
        library = libraries[soname]
        versions = functions[soname]
        text = ""
        for name in sorted(set().union(*versions.values())):
            if library != "cuda" and re.search("String|GetLastError", name):
                text += (f"extern \"C\" __attribute__((weak)) const char* {name}() "
                         f"{{ return \"not there: CUDA is simulated without {library}\"; }}\n")
            else:
                text += f"extern \"C\" __attribute__((weak)) int {name}() {{ return {STATUS.get(library, 1)}; }}\n"
        write(arguments.output / f"{soname}.cpp", text)
        write(arguments.output / f"{soname}.map", map_text({key: value for key, value in versions.items() if key}))
    return sonames


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name in ("torch", "cudart", "include", "output"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    for name in ("nm", "readelf"):
        parser.add_argument(f"--{name}", required=True)
    arguments = parser.parse_args()
    runtime = cudart(arguments)
    # For CMake: the runtime first, which is to be preloaded first.
    print(";".join([runtime] + stand_ins(arguments, runtime)), end="")


if __name__ == "__main__":
    main()
