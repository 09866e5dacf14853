package dev.wick.binding.panama;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.TorchBindingProvider;
import java.util.Optional;

/** Offers LibTorch through FFM wherever the shim for it has been built; any thread. */
public final class PanamaProvider implements TorchBindingProvider {

    /** For {@link java.util.ServiceLoader}. */
    public PanamaProvider() {
        // Nothing is loaded before open.
    }

    @Override
    public String calls() {
        return "panama";
    }

    @Override
    public Optional<String> obstacle(NativesRequest request) {
        return new NativesLoader(request).obstacle();
    }

    @Override
    public TorchBinding open(NativesRequest request) {
        return PanamaBinding.open(new NativesLoader(request));
    }
}
