package dev.wick.binding.contract;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBindingProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * Whether the natives that a test JVM was started for are on this machine; any thread.
 *
 * <p>Without a compiler the build makes neither the shim nor the official LibTorch, and says so: the tests on them are
 * then skipped with that reason. With CI set nothing is skipped.
 */
public final class NativesAtHand {
    private NativesAtHand() {
    }

    /** The natives that the system properties ask for. */
    public static NativesRequest request() {
        String place = System.getProperty(NativesRequest.LIBTORCH_PROPERTY);
        require(place == null || Files.exists(Path.of(place)), "no LibTorch was put into " + place);
        return NativesRequest.fromSettings();
    }

    /** The same, where a way of calling reaches them. */
    static NativesRequest request(TorchBindingProvider provider) {
        NativesRequest request = request();
        Optional<String> obstacle = provider.obstacle(request);
        require(obstacle.isEmpty(), obstacle.orElse(""));
        return request;
    }

    /** Why there is no shim for those natives here, where calls are therefore through JNI. */
    public static Optional<String> shimObstacle(NativesRequest request) {
        Optional<String> obstacle = ServiceLoader.load(TorchBindingProvider.class).stream()
                .map(ServiceLoader.Provider::get).filter(provider -> provider.calls().equals("panama")).findFirst()
                .orElseThrow().obstacle(request);
        if (System.getenv("CI") != null && obstacle.isPresent()) {
            throw new AssertionError(obstacle.get());
        }
        return obstacle;
    }

    private static void require(boolean there, String reason) {
        if (System.getenv("CI") == null) {
            assumeTrue(there, reason);
        }
    }
}
