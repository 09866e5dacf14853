package dev.wick.binding.javacpp;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.TorchBindingProvider;
import java.util.Optional;

/** Offers LibTorch through the JavaCPP presets wherever their natives are on the class path; any thread. */
public final class JavacppProvider implements TorchBindingProvider {

    /** For {@link java.util.ServiceLoader}. */
    public JavacppProvider() {
        // Nothing is loaded before open.
    }

    @Override
    public String calls() {
        return "javacpp";
    }

    @Override
    public Optional<String> obstacle(NativesRequest request) {
        return new PresetsLoader(request).obstacle();
    }

    @Override
    public TorchBinding open(NativesRequest request) {
        return new JavacppBinding(new PresetsLoader(request).load());
    }
}
