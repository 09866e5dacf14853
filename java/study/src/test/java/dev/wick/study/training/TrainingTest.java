package dev.wick.study.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import dev.wick.DType;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.study.NativeCase;
import dev.wick.vision.ResNetArchitecture;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Training against PyTorch's, and what holds while and after it trains. */
class TrainingTest extends NativeCase {
    private static final TrainingSettings SETTINGS = new TrainingSettings(3, 0.01, 0, 0.2);
    private static final double TOLERANCE = 1e-5;

    private static JsonNode fixture() throws Exception {
        try (InputStream json = TrainingTest.class.getResourceAsStream("/training/contrastive_steps.json")) {
            return new ObjectMapper().readTree(json);
        }
    }

    /** The sum of absolute values and the first elements, as in the fixture; relative to the largest of them. */
    private static void assertDigest(String what, float[] actual, JsonNode expected) {
        double sum = 0;
        for (float each : actual) {
            sum += Math.abs(each);
        }
        double scale = Math.max(1, expected.get(0).asDouble() / actual.length);
        assertThat(sum / actual.length).as(what).isCloseTo(expected.get(0).asDouble() / actual.length,
                within(TOLERANCE * scale));
        for (int i = 1; i < expected.size(); i++) {
            assertThat((double) actual[i - 1]).as(what + " " + i).isCloseTo(expected.get(i).asDouble(),
                    within(TOLERANCE * scale));
        }
    }

    private static Map<String, float[]> parameters(TorchScriptModel model) {
        Map<String, float[]> values = new HashMap<>();
        try (TensorScope _ = TensorScope.open()) {
            model.parameters().forEach((name, tensor) -> values.put(name, tensor.toFloatArray()));
        }
        return values;
    }

    // Numbers

    @Test
    void gradientsAreThoseOfPyTorch() throws Exception {
        JsonNode expected = fixture().get("steps").get(0).get("gradients");
        try (TorchScriptModel model = TwoTowers.build(); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> parameters = model.parameters();
            List<String> order = new ArrayList<>(parameters.keySet());
            order.sort((a, b) -> Boolean.compare(parameters.get(a).dimensions() < 2,
                    parameters.get(b).dimensions() < 2));
            List<Tensor> batch = new ArrayList<>();
            for (BatchSource.Part part : TwoTowers.batches().parts()) {
                batch.add(Tensor.zeros(part.dtype(), part.shape()));
            }
            TwoTowers.batches().fill(0, batch.stream().map(Tensor::segment).toList());
            try (AdamW optimizer = new AdamW(parameters.values(), SETTINGS)) {
                optimizer.differentiate(ContrastiveTraining.loss(model, batch,
                        ContrastiveTraining.own(TwoTowers.BATCH)));
                List<Tensor> gradients = optimizer.gradients();
                assertThat(gradients).hasSameSizeAs(order);
                for (int i = 0; i < order.size(); i++) {
                    assertDigest(order.get(i), gradients.get(i).toFloatArray(), expected.get(order.get(i)));
                }
            }
        }
    }

    @Test
    void stepsAreThoseOfPyTorchsAdamW() throws Exception {
        JsonNode steps = fixture().get("steps");
        List<Double> losses = new ArrayList<>();
        try (TorchScriptModel model = TwoTowers.build()) {
            // So many steps that the rate hardly falls in the first three: the fixture's does not change.
            TrainingSettings constant = new TrainingSettings(1_000_000_000, 0.01, 0, 0.2);
            ContrastiveTraining.train(model, constant, TwoTowers.batches(), (step, loss, _, _) -> {
                losses.add(loss);
                JsonNode expected = steps.get((int) step - 1).get("parameters");
                parameters(model).forEach((name, values) -> assertDigest(step + " " + name, values,
                        expected.get(name)));
                return step < 3;
            });
        }
        for (int i = 0; i < 3; i++) {
            assertThat(losses.get(i)).isCloseTo(steps.get(i).get("loss").asDouble(), within(TOLERANCE * 10));
        }
    }

    @Test
    void oneSeedGivesTheSameWeightsBitForBit() {
        List<Map<String, float[]>> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            try (TorchScriptModel model = TwoTowers.build()) {
                ContrastiveTraining.train(model, new TrainingSettings(20, 0.01, 4, 0.2), TwoTowers.batches(),
                        TrainingProgress.NONE);
                runs.add(parameters(model));
            }
        }
        runs.get(0).forEach((name, values) -> assertThat(runs.get(1).get(name)).as(name).isEqualTo(values));
    }

    @Test
    void trainingLowersTheContrastiveLoss() {
        try (TorchScriptModel model = TwoTowers.build()) {
            TrainingResult result = ContrastiveTraining.train(model, new TrainingSettings(60, 0.02, 5, 0),
                    TwoTowers.batches(), TrainingProgress.NONE);
            assertThat(result.steps()).isEqualTo(60);
            assertThat(result.cancelled()).isFalse();
            assertThat(result.lastLoss()).isLessThan(result.firstLoss() / 2);
            assertThat(parameters(model).get("logit_scale")[0]).isLessThanOrEqualTo((float) Math.log(100));
        }
    }

    @Test
    void theLogitScaleStaysAtMostOneHundred() {
        try (TorchScriptModel model = TwoTowers.build()) {
            try (TensorScope _ = TensorScope.open()) {
                Operator.call("aten::fill_", model.parameters().get("logit_scale"), 10.0).close();
            }
            ContrastiveTraining.train(model, new TrainingSettings(1, 1e-6, 0, 0), TwoTowers.batches(),
                    TrainingProgress.NONE);
            assertThat(parameters(model).get("logit_scale")[0]).isEqualTo((float) Math.log(100));
        }
    }

    // A classifier

    private static BatchSource brightness() {
        return new BatchSource() {
            @Override
            public List<Part> parts() {
                return List.of(new Part(DType.FLOAT32, 8, 3, 32, 32), new Part(DType.INT64, 8));
            }

            @Override
            public void fill(long step, List<MemorySegment> memory) {
                for (int i = 0; i < 8 * 3 * 32 * 32; i++) {
                    int picture = i / (3 * 32 * 32);
                    float light = picture % 2 == 0 ? -1 : 1;
                    memory.get(0).setAtIndex(ValueLayout.JAVA_FLOAT, i, light + (float) Math.sin(i + step) * 0.5f);
                }
                for (int i = 0; i < 8; i++) {
                    memory.get(1).setAtIndex(ValueLayout.JAVA_LONG, i, i % 2);
                }
            }
        };
    }

    @Test
    void aResidualNetworkLearnsWhatIsLightAndWhatIsDark() {
        ResNetArchitecture architecture = new ResNetArchitecture("tiny", false, List.of(1, 1, 1, 1), 8, 2, 32);
        try (TorchScriptModel model = architecture.build(0)) {
            TrainingResult result = SupervisedTraining.train(model, new TrainingSettings(12, 3e-3, 2, 0.01),
                    brightness(),
                    TrainingProgress.NONE);
            assertThat(result.lastLoss()).isLessThan(result.firstLoss() / 3);
            try (TensorScope _ = TensorScope.open()) {
                assertThat(model.buffers().get("bn1.num_batches_tracked").itemLong()).isEqualTo(12);
                assertThat(model.get("training").asBoolean()).isFalse();
            }
        }
    }

    // What holds while it trains

    @Test
    void progressHearsEveryStepAndCanEndIt() {
        List<Long> steps = new ArrayList<>();
        List<Double> rates = new ArrayList<>();
        try (TorchScriptModel model = TwoTowers.build()) {
            TrainingSettings settings = new TrainingSettings(10, 0.01, 2, 0);
            TrainingResult result = ContrastiveTraining.train(model, settings, TwoTowers.batches(),
                    (step, _, rate, speed) -> {
                        steps.add(step);
                        rates.add(rate);
                        assertThat(speed).isPositive();
                        return step < 4;
                    });
            assertThat(result.cancelled()).isTrue();
            assertThat(result.steps()).isEqualTo(4);
            assertThat(model.get("training").asBoolean()).isFalse();
        }
        assertThat(steps).containsExactly(1L, 2L, 3L, 4L);
        assertThat(rates.get(0)).isEqualTo(0.005);
        assertThat(rates.get(1)).isEqualTo(0.01);
        assertThat(rates.get(2)).isEqualTo(0.01);
        assertThat(rates.get(3)).isBetween(0.009, 0.01);
    }

    /** Nothing of the size of a batch or a model. */
    @Test
    void aStepMakesLittleGarbage() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long[] after = new long[60];
        try (TorchScriptModel model = TwoTowers.build()) {
            BatchSource filledOnce = new BatchSource() {
                @Override
                public List<Part> parts() {
                    return TwoTowers.batches().parts();
                }

                @Override
                public void fill(long step, List<MemorySegment> memory) {
                    if (step == 0) {
                        TwoTowers.batches().fill(step, memory);
                    }
                }
            };
            ContrastiveTraining.train(model, new TrainingSettings(after.length, 1e-4, 0, 0), filledOnce,
                    (step, _, _, _) -> {
                        after[(int) step - 1] = threads.getCurrentThreadAllocatedBytes();
                        return true;
                    });
        }
        assertThat((after[after.length - 1] - after[29]) / (after.length - 30)).isLessThan(64 << 10);
    }

    @Test
    void whatProgressThrowsEndsItToo() {
        try (TorchScriptModel model = TwoTowers.build()) {
            assertThatThrownBy(() -> ContrastiveTraining.train(model, SETTINGS, TwoTowers.batches(), (_, _, _, _) -> {
                throw new IllegalStateException("enough");
            })).hasMessage("enough");
            assertThat(model.get("training").asBoolean()).isFalse();
        }
    }

    @Test
    void aLossThatIsNoNumberChangesNothing() {
        BatchSource broken = new BatchSource() {
            @Override
            public List<Part> parts() {
                return TwoTowers.batches().parts();
            }

            @Override
            public void fill(long step, List<MemorySegment> memory) {
                TwoTowers.batches().fill(step, memory);
                memory.getFirst().set(ValueLayout.JAVA_FLOAT, 0, Float.NaN);
            }
        };
        try (TorchScriptModel model = TwoTowers.build()) {
            Map<String, float[]> before = parameters(model);
            assertThatThrownBy(() -> ContrastiveTraining.train(model, SETTINGS, broken, TrainingProgress.NONE))
                    .isInstanceOf(TrainingException.class).hasMessageContaining("step 1").hasMessageContaining("NaN");
            parameters(model).forEach((name, values) -> assertThat(values).isEqualTo(before.get(name)));
        }
    }

    // What is refused

    @Test
    void modelsThatCannotBeTrainedAreRefused() {
        try (TorchScriptModel model = TwoTowers.build(); TorchScriptModel half = model.to(DType.FLOAT16).model()) {
            assertThatThrownBy(() -> ContrastiveTraining.train(half, SETTINGS, TwoTowers.batches(),
                    TrainingProgress.NONE))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("float32");
            try (TensorScope _ = TensorScope.open()) {
                model.parameters().values().forEach(each -> Operator.call("aten::requires_grad_", each, false).close());
            }
            assertThatThrownBy(() -> ContrastiveTraining.train(model, SETTINGS, TwoTowers.batches(),
                    TrainingProgress.NONE))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("nothing to train");
            try (TorchScriptModel classifier = new ResNetArchitecture("tiny", false, List.of(1, 1, 1, 1), 4, 2, 32)
                    .build(0)) {
                assertThatThrownBy(() -> ContrastiveTraining.train(classifier, SETTINGS, TwoTowers.batches(),
                        TrainingProgress.NONE)).isInstanceOf(BadArgumentException.class)
                        .hasMessageContaining("logit_scale");
            }
        }
    }

    @Test
    void batchesOfAnotherKindAreRefused() {
        BatchSource one = new BatchSource() {
            @Override
            public List<Part> parts() {
                return List.of(new Part(DType.FLOAT32, 1, 3, 8, 8), new Part(DType.INT64, 1, 3));
            }

            @Override
            public void fill(long step, List<MemorySegment> memory) {
                throw new AssertionError("not asked for");
            }
        };
        try (TorchScriptModel model = TwoTowers.build()) {
            assertThatThrownBy(() -> ContrastiveTraining.train(model, SETTINGS, one, TrainingProgress.NONE))
                    .isInstanceOf(BadArgumentException.class).hasMessageContaining("[1, 3, 8, 8]");
        }
    }

    @Test
    void settingsOutOfRangeAreRefused() {
        assertThatThrownBy(() -> new TrainingSettings(0, 0.1, 0, 0)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new TrainingSettings(10, Double.NaN, 0, 0)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new TrainingSettings(10, 0.1, 11, 0)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("warm-up");
        assertThatThrownBy(() -> new TrainingSettings(10, 0.1, 0, -1)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new TrainingSettings(10, 0.1, 0, 0, 1, 0.9, 1e-8))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void theRateEndsNearNothing() {
        TrainingSettings settings = new TrainingSettings(100, 1, 10, 0);
        assertThat(settings.learningRate(0)).isEqualTo(0.1);
        assertThat(settings.learningRate(9)).isEqualTo(1);
        assertThat(settings.learningRate(55)).isCloseTo(0.5, within(1e-12));
        assertThat(settings.learningRate(99)).isBetween(0.0, 0.001);
    }
}
