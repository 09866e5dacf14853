/**
 * File formats that tensors are kept in: numpy's {@code .npy} ({@link dev.wick.vision.file.Npy}) and {@code
 * .safetensors} ({@link dev.wick.vision.file.Safetensors}).
 */
package dev.wick.vision.file;
