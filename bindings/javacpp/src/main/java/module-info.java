/**
 * LibTorch through JNI over the JavaCPP presets.
 *
 * <p>cuBLAS, of named modules, takes {@code --add-modules org.bytedeco.cuda} and {@code --add-reads
 * org.bytedeco.pytorch=org.bytedeco.cuda}: the presets' own module for LibTorch does not require that one.
 */
module dev.wick.binding.javacpp {
    requires dev.wick.binding;
    requires static org.bytedeco.cuda;
    requires org.bytedeco.javacpp;
    requires org.bytedeco.openblas;
    requires org.bytedeco.pytorch;

    provides dev.wick.binding.TorchBindingProvider with dev.wick.binding.javacpp.JavacppProvider;
}
