package dev.wick.binding;

import java.util.Optional;

/**
 * Opens a binding; found through {@link java.util.ServiceLoader}. Any thread.
 */
public interface TorchBindingProvider {

    /** {@code panama} or {@code javacpp}. */
    String calls();

    /**
     * Why this provider cannot reach those natives now, with what would help; empty when it can. Loads nothing.
     */
    Optional<String> obstacle(NativesRequest request);

    /**
     * Loads the natives. At most once in a process: a second LibTorch would crash it and is refused.
     *
     * @throws dev.wick.error.NativesException if it cannot be done
     */
    TorchBinding open(NativesRequest request);
}
