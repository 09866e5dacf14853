#!/usr/bin/env bash
# Generates src/main/generated from the shim's headers, and records the hash of what it read.
# Run it after a change to native/include/wick; JextractDriftTest fails until then.
# jextract itself comes from its own site, https://jdk.java.net/jextract (one for JDK 22 or later); where it does not
# find the compiler's own headers, set C_INCLUDE_PATH or pass --include-dir through a wrapper named by JEXTRACT.
#
# The bindings of cuBLAS and cuBLASLt are generated too where CUBLAS_INCLUDE names its headers and those of CUDA's runtime,
# separated by a colon, else left as they are. A toolkit has both in one directory; pip's wheels nvidia-cublas-cu12 and
# nvidia-cuda-runtime-cu12 (12.8 was taken) in nvidia/cublas/include and nvidia/cuda_runtime/include. The functions in
# cublas.includes and cublaslt.includes are declared alike in CUDA 12 and 13. Likewise those of NVML where NVML_INCLUDE
# names the directory of nvml.h: a toolkit's, or nvidia/nvml_dev/include of pip's wheel nvidia-nvml-dev-cu12 (12.9 was
# taken). NVML is the driver's library and is loaded by name when it is asked first.
set -euo pipefail
cd "$(dirname "$0")/../../.."
jextract=${JEXTRACT:-jextract}
options=bindings/panama/jextract
out=bindings/panama/src/main/generated
package=dev.wick.binding.panama.generated
classes=$out/${package//.//}

rm -rf "$classes"/*.java "$classes/cuda"
"$jextract" @$options/wick_torch.includes --include-dir native/include \
  --target-package "$package" --header-class-name WickTorch --output "$out" native/include/wick/wick.h
"$jextract" @$options/wick_cuda.includes --include-dir native/include \
  --target-package "$package.cuda" --header-class-name WickCuda --output "$out" native/include/wick/cuda.h

# The same digest as native/build.py: every header by name, name and content each followed by a line feed.
(cd native/include/wick && for header in $(LC_ALL=C ls ./*.h | sed 's,^\./,,'); do
  printf '%s\n' "$header"; cat "$header"; printf '\n'
done) | sha256sum | cut -d' ' -f1 > $options/interface.sha256

if [[ -n ${CUBLAS_INCLUDE:-} ]]; then
  IFS=: read -r -a directories <<< "$CUBLAS_INCLUDE"
  arguments=()
  headers=
  for directory in "${directories[@]}" native/src/cuda_fallback; do
    arguments+=(--include-dir "$directory")
    if [[ -f $directory/cublas_v2.h ]]; then
      headers=$directory
    fi
  done
  [[ -n $headers ]] || { echo "CUBLAS_INCLUDE: no cublas_v2.h in $CUBLAS_INCLUDE" >&2; exit 1; }
  rm -rf "$classes/cublas" "$classes/cublaslt"
  # The types of halves are C++, and their headers want more of the toolkit than the wheels have: left out.
  arguments+=(-D __CUDA_FP16_H__ -D __CUDA_BF16_H__)
  "$jextract" @$options/cublas.includes "${arguments[@]}" \
    --target-package "$package.cublas" --header-class-name Cublas --output "$out" "$headers/cublas_v2.h"
  "$jextract" @$options/cublaslt.includes "${arguments[@]}" \
    --target-package "$package.cublaslt" --header-class-name CublasLt --output "$out" "$headers/cublasLt.h"
  # For sha256sum --check: what was asked for, and where the functions are declared.
  { (cd "$options" && sha256sum cublas.includes cublaslt.includes); \
    (cd "$headers" && sha256sum cublas_api.h cublasLt.h); } > $options/cublas.sha256
fi

if [[ -n ${NVML_INCLUDE:-} ]]; then
  [[ -f $NVML_INCLUDE/nvml.h ]] || { echo "NVML_INCLUDE: no nvml.h in $NVML_INCLUDE" >&2; exit 1; }
  rm -rf "$classes/nvml"
  "$jextract" @$options/nvml.includes --include-dir "$NVML_INCLUDE" --library :libnvidia-ml.so.1 \
    --target-package "$package.nvml" --header-class-name Nvml --output "$out" "$NVML_INCLUDE/nvml.h"
  { (cd "$options" && sha256sum nvml.includes); (cd "$NVML_INCLUDE" && sha256sum nvml.h); } > $options/nvml.sha256
fi
