package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.error.DeviceOutOfMemoryException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OutOfMemoryTest {

    @Test
    void everyObserverIsToldAndNoneIsInTheWay() {
        List<DeviceOutOfMemoryException> told = new ArrayList<>();
        OutOfMemory.observe(_ -> {
            throw new IllegalStateException("an observer's own trouble");
        });
        OutOfMemory.observe(told::add);
        DeviceOutOfMemoryException error = new DeviceOutOfMemoryException("no room",
                DeviceOutOfMemoryException.Figures.ofRequest(1), null);
        assertThat(OutOfMemory.told(error)).isSameAs(error);
        assertThat(told).containsExactly(error);
        assertThat(error.getSuppressed()).singleElement().isInstanceOf(IllegalStateException.class);
    }
}
