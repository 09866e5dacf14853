#!/usr/bin/env bash
# Generates src/main/generated from the shim's headers, and records the hash of what it read.
# Run it after a change to native/include/wick; JextractDriftTest fails until then.
# jextract itself comes from its own site, https://jdk.java.net/jextract (one for JDK 22 or later); where it does not
# find the compiler's own headers, set C_INCLUDE_PATH or pass --include-dir through a wrapper named by JEXTRACT.
set -euo pipefail
cd "$(dirname "$0")/../../.."
jextract=${JEXTRACT:-jextract}
out=bindings/panama/src/main/generated
package=dev.wick.binding.panama.generated

rm -rf "$out"
"$jextract" @bindings/panama/jextract/wick_torch.includes --include-dir native/include \
  --target-package "$package" --header-class-name WickTorch --output "$out" native/include/wick/wick.h
"$jextract" @bindings/panama/jextract/wick_cuda.includes --include-dir native/include \
  --target-package "$package.cuda" --header-class-name WickCuda --output "$out" native/include/wick/cuda.h

# The same digest as native/build.py: every header by name, name and content each followed by a line feed.
(cd native/include/wick && for header in $(LC_ALL=C ls ./*.h | sed 's,^\./,,'); do
  printf '%s\n' "$header"; cat "$header"; printf '\n'
done) | sha256sum | cut -d' ' -f1 > bindings/panama/jextract/interface.sha256
