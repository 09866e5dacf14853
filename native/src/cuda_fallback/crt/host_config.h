// What a toolkit's own header checks here, the host compiler's version, is of no matter to host code.
#ifndef WICK_CUDA_FALLBACK_HOST_CONFIG_H
#define WICK_CUDA_FALLBACK_HOST_CONFIG_H

#include "host_defines.h"

#endif
