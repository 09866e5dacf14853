/** Tensors, models and runners over LibTorch. */
@SuppressWarnings("module") // dev.wick.vision is compiled after this one
module dev.wick {
    requires transitive dev.wick.binding;
    requires jdk.jfr;
    requires static java.management;
    requires com.fasterxml.jackson.core;

    exports dev.wick;
    exports dev.wick.file to dev.wick.vision;
    exports dev.wick.memory;

    uses dev.wick.binding.TorchBindingProvider;
}
