#!/bin/sh
# Runs Wick's GPU benchmarks; --help says how.
exec python3 -B "$(dirname "$(readlink -f "$0")")/scripts/gpu_bench.py" "$@"
