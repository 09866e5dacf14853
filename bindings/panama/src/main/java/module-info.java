/** LibTorch through FFM over Wick's own C shim. */
module dev.wick.binding.panama {
    requires dev.wick.binding;

    provides dev.wick.binding.TorchBindingProvider with dev.wick.binding.panama.PanamaProvider;
}
