package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class HandleTest {

    private static final class Counted extends Handle {
        final AtomicInteger frees = new AtomicInteger();

        @Override
        protected void free() {
            frees.incrementAndGet();
        }

        @Override
        public String kind() {
            return "thing";
        }
    }

    @Test
    void closeFreesOnce() {
        Counted handle = new Counted();
        handle.close();
        handle.close();
        assertThat(handle.frees).hasValue(1);
        assertThatThrownBy(handle::acquire).isInstanceOf(IllegalStateException.class)
                .hasMessage("the thing is closed");
    }

    @Test
    void theLastUserFrees() {
        Counted handle = new Counted();
        handle.acquire();
        handle.acquire();
        handle.close();
        assertThat(handle.frees).hasValue(0);
        assertThat(handle.isClosed()).isTrue();
        handle.release();
        assertThat(handle.frees).hasValue(0);
        handle.release();
        assertThat(handle.frees).hasValue(1);
    }

    @Test
    void manyThreadsNeverUseAFreedHandleAndFreeItOnce() throws Exception {
        for (int round = 0; round < 200; round++) {
            Counted handle = new Counted();
            AtomicInteger violations = new AtomicInteger();
            List<Thread> threads = new ArrayList<>();
            for (int t = 0; t < 4; t++) {
                threads.add(Thread.ofPlatform().start(() -> {
                    try {
                        while (true) {
                            handle.acquire();
                            if (handle.frees.get() != 0) {
                                violations.incrementAndGet();
                            }
                            handle.release();
                        }
                    } catch (IllegalStateException e) {
                        // Closed: the end of the round.
                    }
                }));
            }
            threads.add(Thread.ofPlatform().start(handle::close));
            threads.add(Thread.ofPlatform().start(handle::close));
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(violations).hasValue(0);
            assertThat(handle.frees).hasValue(1);
        }
    }
}
