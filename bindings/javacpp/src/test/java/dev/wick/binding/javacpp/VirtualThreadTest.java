package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.bytedeco.pytorch.InferenceMode;
import org.junit.jupiter.api.Test;

/** Calls of virtual threads: every one keeps its own mode, and leaves none behind. */
class VirtualThreadTest {
    private final TorchBinding binding = Bindings.opened();

    @Test
    void theyRunOnPlatformThreads() throws Exception {
        Set<String> names = ConcurrentHashMap.newKeySet();
        Thread thread = Thread.ofVirtual().start(() -> PlatformThreads.run(() -> {
            assertThat(Thread.currentThread().isVirtual()).isFalse();
            names.add(Thread.currentThread().getName());
        }));
        thread.join();
        assertThat(names).singleElement().asString().startsWith("wick-javacpp-");
        String[] here = new String[1];
        PlatformThreads.run(() -> here[0] = Thread.currentThread().getName());
        assertThat(here[0]).isEqualTo(Thread.currentThread().getName());
    }

    @Test
    void modesDoNotMixWhenMoreVirtualThreadsCallThanThereAreCarriers() throws Exception {
        try (Handle weight = Bindings.tensor(2, 3);
                Handle trained = Bindings.tensorOf(binding.callOperator("aten::requires_grad_", CallSettings.NO_GRAD,
                        new BoxedValue.TensorValue(weight), new BoxedValue.BoolValue(true)));
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> results = new ArrayList<>();
            for (int i = 0; i < 600; i++) {
                GradMode mode = GradMode.values()[i % 3];
                results.add(threads.submit(() -> {
                    for (int k = 0; k < 20; k++) {
                        checkMode(trained, mode);
                        Thread.yield();
                    }
                }));
            }
            for (Future<?> result : results) {
                result.get();
            }
        }
        PlatformThreads.run(() -> assertThat(InferenceMode.is_enabled()).isFalse());
        Thread.ofVirtual().start(() -> PlatformThreads.run(
                () -> assertThat(InferenceMode.is_enabled()).isFalse())).join();
    }

    private void checkMode(Handle trained, GradMode mode) {
        try (Handle product = Bindings.tensorOf(binding.callOperator("aten::mul", CallSettings.of(mode),
                new BoxedValue.TensorValue(trained), new BoxedValue.DoubleValue(2)))) {
            TensorDescription description = binding.describe(product);
            assertThat(description.has(TensorDescription.REQUIRES_GRAD)).isEqualTo(mode == GradMode.GRAD);
            assertThat(description.has(TensorDescription.INFERENCE)).isEqualTo(mode == GradMode.INFERENCE);
        }
    }

    @Test
    void errorsArriveAndTheThreadStaysUsable() throws Exception {
        Throwable[] failure = new Throwable[1];
        Thread.ofVirtual().start(() -> {
            try {
                binding.callOperator("aten::relu", CallSettings.INFERENCE);
            } catch (RuntimeException e) {
                failure[0] = e;
            }
        }).join();
        assertThat(failure[0]).isInstanceOf(BadArgumentException.class);
    }

    @Test
    void anInterruptIsKeptForTheCaller() throws Exception {
        boolean[] kept = new boolean[1];
        Thread.ofVirtual().start(() -> {
            Thread.currentThread().interrupt();
            try (Handle tensor = binding.emptyTensor(new long[] {4}, Bindings.FLOAT32, 0, -1, GradMode.INFERENCE)) {
                kept[0] = Thread.currentThread().isInterrupted() && binding.describe(tensor).elementCount() == 4;
            }
        }).join();
        assertThat(kept[0]).isTrue();
        assertThatThrownBy(() -> binding.emptyTensor(new long[] {-1}, Bindings.FLOAT32, 0, -1, GradMode.INFERENCE))
                .isInstanceOf(BadArgumentException.class);
    }
}
