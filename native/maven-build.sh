#!/usr/bin/env bash
# What Maven runs for the shim: build.py where its tools are. Where they are not, it says so and Maven goes on: the tests
# then reach the presets' LibTorch through JNI, and those of the shim are skipped. With CI set that is a failure, since a
# skipped suite looks like a green one.
set -euo pipefail
here=$(cd -P "$(dirname "${BASH_SOURCE[0]}")" >/dev/null && pwd)
# shellcheck source=missing-tools.sh
source "$here/missing-tools.sh"

missing=$(missing_tools)
if [[ -n $missing ]]; then
    echo "The shim is not built and its tests are skipped, since these are missing:"
    printf '  %s\n' "${missing//$'\n'/$'\n'  }"
    [[ -z ${CI:-} ]]
    exit
fi
exec python3 "$here/build.py" "$@"
