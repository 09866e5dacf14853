#!/bin/sh
# Runs Wick's tests on this machine's GPU; --help says how.
exec python3 -B "$(dirname "$(readlink -f "$0")")/scripts/check.py" "$@"
