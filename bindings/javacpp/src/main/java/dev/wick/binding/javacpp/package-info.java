/** LibTorch through JNI: {@link dev.wick.binding.TorchBinding} over the classes of the JavaCPP presets. */
package dev.wick.binding.javacpp;
