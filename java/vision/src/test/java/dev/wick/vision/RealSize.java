package dev.wick.vision;

import dev.wick.Model;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Builds, saves, loads and runs a CLIP of published size in a process of its own, and prints how far its resident
 * memory rose above what it was before, in bytes: {@code parameters N build N save N load N run N}.
 */
final class RealSize {
    private static final int RUNS = 3;

    private RealSize() {
    }

    /** Takes a name and a file to write. */
    public static void main(String[] arguments) throws IOException {
        Clip clip = Clip.valueOf(arguments[0]);
        Path file = Path.of(arguments[1]);
        // What the JVM, LibTorch and its first calls take by themselves.
        ClipConfiguration sizes = clip.configuration();
        ClipConfiguration small = new ClipConfiguration(64, sizes.imageResolution(), sizes.vision() instanceof
                ClipConfiguration.ResNetTower ? new ClipConfiguration.ResNetTower(List.of(1, 1, 1, 1), 8)
                : new ClipConfiguration.TransformerTower(1, 64, 32), sizes.contextLength(), 100, 64, 1, 1,
                sizes.activation());
        try (TorchScriptModel model = new ClipArchitecture("small", small).build(0)) {
            model.save(file);
        }
        try (TorchScriptModel model = Model.load(file)) {
            run(model, small);
        }
        System.gc();
        long before = status("VmRSS:");
        List<String> printed = new ArrayList<>(List.of("parameters", Long.toString(sizes.parameterCount())));
        resetPeak();
        try (TorchScriptModel model = clip.build(0)) {
            note(printed, "build", before);
            model.save(file);
            note(printed, "save", before);
        }
        try (TorchScriptModel model = Model.load(file)) {
            note(printed, "load", before);
            run(model, sizes);
            note(printed, "run", before);
        }
        System.out.println(String.join(" ", printed));
    }

    private static void note(List<String> printed, String step, long before) throws IOException {
        printed.add(step);
        printed.add(Long.toString(status("VmHWM:") - before));
        resetPeak();
    }

    private static void run(TorchScriptModel model, ClipConfiguration sizes) {
        try (TensorScope _ = TensorScope.open()) {
            Tensor image = Fixture.image(1, sizes.imageResolution());
            Tensor text = Tensor.of(new long[sizes.contextLength()], 1, sizes.contextLength());
            for (int i = 0; i < RUNS; i++) {
                model.call("encode_image", image).close();
                model.call("encode_text", text).close();
                model.call("forward", image, text).close();
            }
            for (Map.Entry<String, Tensor> buffer : model.buffers().entrySet()) {
                if (buffer.getKey().equals("input_resolution")
                        && buffer.getValue().itemLong() != sizes.imageResolution()) {
                    throw new AssertionError("another model was loaded");
                }
            }
        }
    }

    private static long status(String name) throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream().filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024).findFirst().orElseThrow();
    }

    private static void resetPeak() throws IOException {
        Files.writeString(Path.of("/proc/self/clear_refs"), "5");
    }
}
