/**
 * LibTorch through FFM: jextract's bindings of the C shim (in {@code generated}), and the implementation of {@link
 * dev.wick.binding.TorchBinding} on them.
 */
package dev.wick.binding.panama;
