/** LibTorch through JNI over the JavaCPP presets. */
module dev.wick.binding.javacpp {
    requires dev.wick.binding;
    requires org.bytedeco.javacpp;
    requires org.bytedeco.openblas;
    requires org.bytedeco.pytorch;

    provides dev.wick.binding.TorchBindingProvider with dev.wick.binding.javacpp.JavacppProvider;
}
