package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    @Test
    void whatTakesTooLongIsNamed() throws Exception {
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete)) {
            watchdog.begin("a short one", TimeUnit.HOURS.toNanos(1));
            watchdog.end();
            watchdog.begin("a run that never ends", TimeUnit.MILLISECONDS.toNanos(50));

            assertThat(alarm.get(30, TimeUnit.SECONDS)).isEqualTo("a run that never ends");
        }
    }

    @Test
    void whatEndsInTimeGivesNoAlarm() throws Exception {
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete)) {
            watchdog.begin("a short one", TimeUnit.MILLISECONDS.toNanos(300));
            watchdog.end();
            Thread.sleep(800);

            assertThat(alarm).isNotDone();
        }
    }
}
