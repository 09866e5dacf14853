package dev.wick.study;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.Engine;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/** A test that must leave no native object behind. */
public abstract class NativeCase {
    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private long liveBefore;

    @BeforeEach
    final void countHandles() {
        liveBefore = Engine.get().liveHandles();
    }

    @AfterEach
    final void nothingIsLeft() {
        assertThat(Engine.get().liveHandles()).as("live handles").isEqualTo(liveBefore);
    }
}
