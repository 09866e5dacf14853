// The CPU allocator that counts.
#ifndef WICK_SRC_CPU_ALLOCATOR_H
#define WICK_SRC_CPU_ALLOCATOR_H

namespace wick {

// Makes the counting allocator LibTorch's CPU allocator. Once, before the first tensor: memory of the default allocator
// must not come back to this one.
void install_cpu_allocator();

}  // namespace wick

#endif
