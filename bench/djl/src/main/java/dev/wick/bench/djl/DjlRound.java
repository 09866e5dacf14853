package dev.wick.bench.djl;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.inference.Predictor;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.repository.zoo.Criteria;
import ai.djl.repository.zoo.ZooModel;
import ai.djl.translate.Batchifier;
import ai.djl.translate.Translator;
import ai.djl.translate.TranslatorContext;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * One round of one model on DJL, in a process of its own: {@code ARCHIVE INPUT.npy SHAPE WARMUP RUNS OUT}.
 *
 * <p>DJL as it comes: no option of its engine is touched. One prediction is {@code Predictor.predict}, DJL's own way,
 * from a Java array to a Java array, with no batching in between; Wick's round times the same.
 */
public final class DjlRound {
    private static final int NPY_LENGTH_AT = 8;
    private static final int NPY_HEADER_AT = 10;

    private DjlRound() {
    }

    public static void main(String... args) throws Exception {
        Path archive = Path.of(args[0]).toAbsolutePath();
        float[] image = readNpy(Path.of(args[1]));
        Shape shape = new Shape(Arrays.stream(args[2].split("x")).mapToLong(Long::parseLong).toArray());
        int warmUp = Integer.parseInt(args[3]);
        int runs = Integer.parseInt(args[4]);
        String out = args[5];

        long[] samples = new long[runs];
        float[] features = {};
        Criteria<float[], float[]> criteria = Criteria.builder()
                .setTypes(float[].class, float[].class)
                .optModelPath(archive)
                .optEngine("PyTorch")
                .optDevice(Device.cpu())
                .optTranslator(new ArrayTranslator(shape))
                .build();
        long started = System.nanoTime();
        try (ZooModel<float[], float[]> model = criteria.loadModel(); Predictor<float[], float[]> predictor = model.newPredictor()) {
            long loaded = System.nanoTime();
            for (int i = -warmUp; i < runs; i++) {
                long start = System.nanoTime();
                features = predictor.predict(image);
                long time = System.nanoTime() - start;
                if (i >= 0) {
                    samples[i] = time;
                }
            }
            ByteBuffer bytes = ByteBuffer.allocate(features.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            bytes.asFloatBuffer().put(features);
            Files.write(Path.of(out + ".f32"), bytes.array());
            Engine engine = Engine.getInstance();
            Files.writeString(Path.of(out + ".json"), "{\"engine\": \"djl\", \"djl\": \"" + Engine.getDjlVersion()
                    + "\", \"torch\": \"" + engine.getVersion() + "\", \"java\": \"" + Runtime.version()
                    + "\", \"loadNs\": " + (loaded - started) + ", \"samplesNs\": "
                    + Arrays.stream(samples).mapToObj(Long::toString).collect(Collectors.joining(", ", "[", "]")) + "}\n");
        }
    }

    private static float[] readNpy(Path file) throws java.io.IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.position(NPY_HEADER_AT + (bytes.getShort(NPY_LENGTH_AT) & 0xffff));
        float[] elements = new float[bytes.remaining() / Float.BYTES];
        bytes.asFloatBuffer().get(elements);
        return elements;
    }

    /** Arrays to tensors and back, and nothing else. */
    private record ArrayTranslator(Shape shape) implements Translator<float[], float[]> {
        @Override
        public NDList processInput(TranslatorContext context, float[] input) {
            NDArray array = context.getNDManager().create(input, shape);
            return new NDList(array);
        }

        @Override
        public float[] processOutput(TranslatorContext context, NDList list) {
            return list.singletonOrThrow().toFloatArray();
        }

        @Override
        public Batchifier getBatchifier() {
            return null;
        }
    }
}
