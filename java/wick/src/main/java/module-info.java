/** Tensors, models and runners over LibTorch. */
// The modules that files are written for depend on this one, so that they are not there when it is compiled.
@SuppressWarnings("module")
module dev.wick {
    requires transitive dev.wick.binding;
    requires jdk.jfr;
    requires static java.management;
    requires com.fasterxml.jackson.core;

    exports dev.wick;
    exports dev.wick.memory;
    exports dev.wick.file to dev.wick.vision, dev.wick.study, dev.wick.cli;

    uses dev.wick.binding.TorchBindingProvider;
}
