/** Tensors, models and runners over LibTorch. */
module dev.wick {
    requires transitive dev.wick.binding;

    exports dev.wick;

    uses dev.wick.binding.TorchBindingProvider;
}
