package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.binding.TorchBindingProvider;
import dev.wick.error.CudaException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** A kernel that fails takes the context with it: in a process of its own. */
class CudaFailureTest extends CudaCase {

    @Test
    void aLostContextIsToldAsOne() throws IOException, InterruptedException {
        assumeRealKernels();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(), "--enable-native-access=ALL-UNNAMED"));
        System.getProperties().stringPropertyNames().stream().filter(name -> name.startsWith("wick."))
                .forEach(name -> command.add("-D" + name + "=" + System.getProperty(name)));
        command.addAll(List.of("-cp", classPath(), Losing.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(output).contains("sticky 710").contains("restart the process").contains("still 710");
        assertThat(process.exitValue()).as(output).isZero();
    }

    /** Of the classes that are needed, whoever started this process and however. */
    private static String classPath() {
        TorchBindingProvider panama = ServiceLoader.load(TorchBindingProvider.class).stream()
                .map(ServiceLoader.Provider::get).filter(provider -> provider.calls().equals(Engine.get().calls()))
                .findFirst().orElseThrow();
        return Stream.of(Losing.class, Engine.class, TorchBindingProvider.class, panama.getClass())
                .map(type -> type.getProtectionDomain().getCodeSource().getLocation().getPath()).distinct()
                .collect(Collectors.joining(java.io.File.pathSeparator));
    }

    /** Looks an element up that is not there: the kernel asserts. */
    static final class Losing {
        public static void main(String[] arguments) {
            try (CudaStream stream = CudaStream.take(DEVICE);
                    Tensor table = Tensor.zeros(DType.FLOAT32, 4, 4).to(DEVICE);
                    Tensor index = Tensor.of(new long[] {99}, 1).to(DEVICE)) {
                fail("sticky ", () -> {
                    Operator.call(stream.noGrad(), "aten::index_select", table, 0L, index).close();
                    stream.synchronize();
                });
                fail("still ", () -> Operator.call("aten::add", table, table).close());
            } catch (CudaException e) {
                System.out.println("at the end: " + e.getMessage());
            }
        }

        private static void fail(String word, Runnable call) {
            try {
                call.run();
                System.out.println("no error");
            } catch (CudaException e) {
                System.out.println((e.sticky() ? word : "not sticky: ") + e.code() + " " + e.getMessage());
            }
        }
    }
}
