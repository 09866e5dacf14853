package dev.wick.binding.panama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.NativesException;
import dev.wick.error.VersionMismatchException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A shim is read before it is loaded: one that does not fit is refused with what was expected and found. */
class ShimTest {
    private static final TorchVersion TORCH = new TorchVersion("2.10.0+cu128", true);

    @TempDir
    private Path directory;

    private Path shim(Map<String, String> properties) throws Exception {
        Files.writeString(directory.resolve("shim.properties"), properties.entrySet().stream()
                .map(entry -> entry.getKey() + "=" + entry.getValue()).collect(Collectors.joining("\n")));
        return directory;
    }

    @Test
    void aShimThatFitsIsTaken() throws Exception {
        Path place = shim(Map.of("interface.hash", Shim.interfaceHash(), "torch.version.base", "2.10.0", "cxx11.abi",
                "true"));
        assertThat(Shim.open(place, TORCH).torchLibrary()).isEqualTo(place.resolve("libwick_torch.so"));
    }

    @Test
    void anotherInterfaceIsRefused() throws Exception {
        Path place = shim(Map.of("interface.hash", "0123", "torch.version.base", "2.10.0", "cxx11.abi", "true"));
        assertThatThrownBy(() -> Shim.open(place, TORCH)).isInstanceOfSatisfying(VersionMismatchException.class, e -> {
            assertThat(e.expected()).isEqualTo(Shim.interfaceHash());
            assertThat(e.found()).isEqualTo("0123");
            assertThat(e).hasMessageContaining("./wick native build");
        });
    }

    @Test
    void anotherLibTorchIsRefused() throws Exception {
        Path place = shim(Map.of("interface.hash", Shim.interfaceHash(), "torch.version.base", "2.11.0", "cxx11.abi",
                "true"));
        assertThatThrownBy(() -> Shim.open(place, TORCH)).isInstanceOf(VersionMismatchException.class)
                .hasMessageContaining("expected 2.10.0, found 2.11.0");
    }

    @Test
    void anotherAbiIsRefused() throws Exception {
        Path place = shim(Map.of("interface.hash", Shim.interfaceHash(), "torch.version.base", "2.10.0", "cxx11.abi",
                "false"));
        assertThatThrownBy(() -> Shim.open(place, TORCH)).isInstanceOf(VersionMismatchException.class)
                .hasMessageContaining("expected cxx11, found precxx11");
    }

    @Test
    void aShimWithoutPropertiesIsNone() {
        assertThat(Shim.isThere(directory)).isFalse();
        assertThatThrownBy(() -> Shim.open(directory, TORCH)).isInstanceOf(NativesException.class);
    }

    @Test
    void versionsAreReadFromFiles() throws Exception {
        Files.createDirectories(directory.resolve("lib"));
        Files.write(directory.resolve("lib/libc10.so"), "_ZN3c105ErrorC1ENS_14SourceLocationENSt7__cxx1112basic_stringE".getBytes());
        assertThatThrownBy(() -> TorchVersion.ofDirectory(directory)).isInstanceOf(NativesException.class)
                .hasMessageContaining("version");
        Files.writeString(directory.resolve("build-version"), "2.13.0+cpu\n");
        TorchVersion version = TorchVersion.ofDirectory(directory);
        assertThat(version.base()).isEqualTo("2.13.0");
        assertThat(version.abi()).isEqualTo("cxx11");
        assertThat(version.tested()).isTrue();
        Files.writeString(directory.resolve("version.py"), "__version__ = '2.1.0+cu118'\n");
        assertThat(TorchVersion.ofDirectory(directory).tested()).isFalse();
        assertThat(new TorchVersion("2.110.0", true).tested()).isFalse();
        Files.write(directory.resolve("lib/libc10.so"), "_ZN3c105ErrorC1ENS_14SourceLocationESs _ZNSt7__cxx1112basic_string".getBytes());
        assertThat(TorchVersion.ofDirectory(directory).abi()).isEqualTo("precxx11");
    }
}
