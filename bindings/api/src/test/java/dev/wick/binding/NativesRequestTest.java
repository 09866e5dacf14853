package dev.wick.binding;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.NativesException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativesRequestTest {

    @AfterEach
    void clear() {
        System.clearProperty(NativesRequest.NATIVES_PROPERTY);
        System.clearProperty(NativesRequest.LIBTORCH_PROPERTY);
    }

    private static void set(Map<String, String> properties) {
        properties.forEach(System::setProperty);
    }

    @Test
    void thePresetsAreTheDefault() {
        NativesRequest request = NativesRequest.fromSettings();
        assertThat(request.choice()).isEqualTo(NativesRequest.Choice.PRESETS);
        assertThat(request.why()).isEqualTo("the default");
    }

    @Test
    void aNamedPlaceIsTaken(@TempDir Path directory) throws Exception {
        Files.createDirectories(directory.resolve("lib"));
        Files.createFile(directory.resolve("lib/libtorch_cpu.so"));
        set(Map.of(NativesRequest.LIBTORCH_PROPERTY, directory.toString()));
        NativesRequest request = NativesRequest.fromSettings();
        assertThat(request.choice()).isEqualTo(NativesRequest.Choice.OFFICIAL);
        assertThat(request.libtorch()).isEqualTo(directory.toRealPath());
        assertThat(request.why()).contains("-Dwick.libtorch=");
        set(Map.of(NativesRequest.NATIVES_PROPERTY, "presets"));
        assertThat(NativesRequest.fromSettings().choice()).isEqualTo(NativesRequest.Choice.PRESETS);
    }

    @Test
    void aPlaceWithoutLibTorchIsAnErrorAndNotReplaced(@TempDir Path directory) {
        set(Map.of(NativesRequest.LIBTORCH_PROPERTY, directory.toString()));
        assertThatThrownBy(NativesRequest::fromSettings).isInstanceOf(NativesException.class)
                .hasMessageContaining(directory.toString()).hasMessageContaining("libtorch_cpu.so");
    }

    @Test
    void contradictionsAreErrors() {
        set(Map.of(NativesRequest.NATIVES_PROPERTY, "official"));
        assertThatThrownBy(NativesRequest::fromSettings).isInstanceOf(NativesException.class)
                .hasMessageContaining(NativesRequest.LIBTORCH_PROPERTY);
        set(Map.of(NativesRequest.NATIVES_PROPERTY, "debian"));
        assertThatThrownBy(NativesRequest::fromSettings).isInstanceOf(NativesException.class)
                .hasMessageContaining("presets").hasMessageContaining("official");
    }
}
