package dev.wick.bench;

import dev.wick.DType;
import dev.wick.Model;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.Tensor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;

/**
 * One round of one model on Wick, in a process of its own: {@code ARCHIVE INPUT.npy SHAPE OPTIMIZE WARMUP RUNS OUT}.
 *
 * <p>What is timed is what a caller does for one prediction: the image goes into the input's memory, the method runs,
 * the result is read out. The peers' rounds time the same three steps. Writes {@code OUT.json} with every sample and
 * {@code OUT.f32}, the last result; compare.py compares results before it looks at a time.
 */
public final class ModelRound {
    private ModelRound() {
    }

    public static void main(String... args) throws Exception {
        Path archive = Path.of(args[0]);
        Path input = Path.of(args[1]);
        long[] shape = Arrays.stream(args[2].split("x")).mapToLong(Long::parseLong).toArray();
        Optimization optimization = Optimization.valueOf(args[3].toUpperCase(Locale.ROOT));
        int warmUp = Integer.parseInt(args[4]);
        int runs = Integer.parseInt(args[5]);
        String out = args[6];

        long started = System.nanoTime();
        long[] samples = new long[runs];
        try (var model = Model.load(archive); Tensor example = Tensor.empty(DType.FLOAT32, shape)) {
            BenchFiles.readNpy(input, example);
            float[] image = example.toFloatArray();
            long loaded = System.nanoTime();
            try (Runner runner = Runner.of(model, "forward").input(example).optimize(optimization).build()) {
                long prepared = System.nanoTime();
                var in = runner.input(0).segment();
                var result = runner.output(0).segment();
                float[] features = new float[(int) runner.output(0).elementCount()];
                for (int i = -warmUp; i < runs; i++) {
                    long start = System.nanoTime();
                    copyIn(image, in);
                    runner.run();
                    copyOut(result, features);
                    long time = System.nanoTime() - start;
                    if (i >= 0) {
                        samples[i] = time;
                    }
                }
                Files.write(Path.of(out + ".f32"), runner.output(0).contiguous(dev.wick.MemoryFormat.CONTIGUOUS).segment()
                        .toArray(java.lang.foreign.ValueLayout.JAVA_BYTE));
                new RoundReport().engine().preparation(runner.preparation())
                        .number("loadNs", loaded - started).number("prepareNs", prepared - loaded)
                        .samples("samplesNs", samples).write(Path.of(out + ".json"));
            }
        }
    }

    private static void copyIn(float[] image, java.lang.foreign.MemorySegment in) {
        java.lang.foreign.MemorySegment.copy(image, 0, in, java.lang.foreign.ValueLayout.JAVA_FLOAT, 0, image.length);
    }

    private static void copyOut(java.lang.foreign.MemorySegment result, float[] features) {
        java.lang.foreign.MemorySegment.copy(result, java.lang.foreign.ValueLayout.JAVA_FLOAT, 0, features, 0,
                features.length);
    }
}
