/**
 * The thin layer that users call: {@link dev.wick.Tensor}, {@link dev.wick.Model}, {@link dev.wick.Runner}, {@link
 * dev.wick.Gemm}, and {@link dev.wick.Engine} for what belongs to the process.
 *
 * <p>Every native object is {@link java.lang.AutoCloseable}; closing twice does nothing, use after close is an {@link
 * java.lang.IllegalStateException}. Errors derive from {@link dev.wick.error.WickException}. The first class that needs
 * LibTorch loads it; see {@link dev.wick.Engine} for the choice.
 */
package dev.wick;
