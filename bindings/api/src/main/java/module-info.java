/** The one internal interface over LibTorch, the choice of natives, and the errors. */
module dev.wick.binding {
    exports dev.wick.binding;
    exports dev.wick.error;

    uses dev.wick.binding.TorchBindingProvider;
}
