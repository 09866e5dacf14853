package dev.wick.study.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.TensorScope;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.error.BadArgumentException;
import dev.wick.study.StudyProgress;
import dev.wick.vision.ClipArchitecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.ResNet;
import dev.wick.vision.image.ImagePreprocessor;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The study on small models. */
class PrecisionStudyTest {
    private static final ClipArchitecture TINY = new ClipArchitecture("tiny", new ClipConfiguration(48, 64,
            new ResNetTower(List.of(1, 1, 1, 1), 16), 16, 200, 128, 2, 2, Activation.QUICK_GELU));
    private static final long BUDGET = 60_000_000_000L;

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private long liveBefore;

    @BeforeEach
    void countHandles() {
        liveBefore = Engine.get().liveHandles();
    }

    @AfterEach
    void nothingIsLeft() {
        assertThat(Engine.get().liveHandles()).isEqualTo(liveBefore);
    }

    private static PrecisionStudy study(long budget, int runs, DType... dtypes) {
        return new PrecisionStudy(new PrecisionStudy.Settings(List.of(dtypes), runs, 1, budget, Optimization.NONE, false,
                Device.CPU), StudyProgress.NONE);
    }

    private static JsonNode json(PrecisionStudy study) throws Exception {
        return new ObjectMapper().readTree(study.report().study().json());
    }

    @Test
    void theTowersOfClip() throws Exception {
        PrecisionStudy study = study(BUDGET, 3, DType.BFLOAT16);
        try (TensorScope _ = TensorScope.open(); ClipModel clip = ClipModel.of(TINY.build(0), DType.FLOAT32)) {
            PrecisionInputs.Texts texts = PrecisionInputs.randomTexts(clip.configuration(), 1);
            study.measure("tiny", "", clip, PrecisionInputs.noise(clip.preprocessor(), 1).tensors(), texts.tensors(), 2);
        }
        JsonNode json = json(study);

        assertThat(json.at("/subjects")).hasSize(2);
        assertThat(json.at("/subjects/0/name").asText()).isEqualTo("tiny, image tower");
        assertThat(json.at("/subjects/0/probabilities").asText()).contains("16 labels'");
        assertThat(json.at("/subjects/1/probabilities").asText()).contains("16 pictures'");
        long visual = TINY.summary().parameters(dev.wick.vision.ArchitectureSummary.Tower.IMAGE);
        long text = TINY.summary().parameters(dev.wick.vision.ArchitectureSummary.Tower.TEXT);
        assertThat(json.at("/subjects/1/cells/0/weightBytes").asLong()).isBetween(4 * text, 4 * text + 64);
        assertThat(json.at("/subjects/1/cells/1/weightBytes").asLong()).isBetween(2 * text, 2 * text + 64);
        assertThat(json.at("/subjects/0/cells/1/weightBytes").asLong()).isGreaterThan(2 * visual).isLessThan(4 * visual);
        boolean counted = !Engine.get().missingFeatures().containsKey(TorchBinding.MEMORY);
        json.at("/subjects").forEach(subject -> {
            JsonNode single = subject.at("/cells/0");
            JsonNode half = subject.at("/cells/1");
            assertThat(single.at("/dtype").asText()).isEqualTo("fp32");
            assertThat(half.at("/dtype").asText()).isEqualTo("bf16");
            assertThat(single.at("/agreement/probabilityMaxAbsDiff").asDouble()).isZero();
            assertThat(single.at("/agreement/top5Agreement").asDouble()).isEqualTo(1);
            assertThat(half.at("/agreement/cosineMin").asDouble()).isGreaterThan(0.99).isLessThan(1);
            assertThat(half.at("/agreement/probabilityMaxAbsDiff").asDouble()).isPositive().isLessThan(0.3);
            assertThat(half.at("/agreement/inputs").asInt()).isEqualTo(subject.at("/method").asText().equals("encode_image")
                    ? PrecisionInputs.PICTURES : PrecisionInputs.TEXTS);
            assertThat(single.at("/samplesMs")).hasSize(3);
            assertThat(half.at("/speedup/rounds").asInt()).isEqualTo(3);
            assertThat(single.has("speedup")).isFalse();
            assertThat(half.at("/enqueueMs").isNull()).isTrue();
            assertThat(half.at("/peakMemoryBytes").isNull()).isEqualTo(!counted);
            if (counted) {
                assertThat(single.at("/heldBytes").asLong()).isGreaterThan(4 * (visual + text));
                assertThat(half.at("/heldBytes").asLong()).isBetween(2 * (visual + text), 3 * (visual + text));
                assertThat(half.at("/runBytes").asLong()).isPositive();
            }
        });
        assertThat(json.at("/peakMemorySource").isNull()).isEqualTo(!counted);
    }

    @Test
    void aClassifierAndABudgetThatCuts() throws Exception {
        PrecisionStudy study = study(1, 50, DType.BFLOAT16);
        try (TensorScope _ = TensorScope.open(); ImageClassifier classifier = ImageClassifier.build(ResNet.RESNET18, 0,
                ImagePreprocessor.imagenet(64, 64), Device.CPU, DType.FLOAT32)) {
            study.measure("resnet18", "", classifier, PrecisionInputs.noise(classifier.preprocessor(), 1).tensors());
        }
        JsonNode cells = json(study).at("/subjects/0/cells");

        assertThat(cells).hasSize(2).allSatisfy(cell -> {
            assertThat(cell.at("/cut").asBoolean()).isTrue();
            assertThat(cell.at("/runs").asInt()).isEqualTo(1);
            assertThat(cell.at("/agreement/inputs").asInt()).isEqualTo(1);
        });
        assertThat(cells.at("/1/agreement/top5Agreement").asDouble()).isBetween(0.6, 1.0);
    }

    @Test
    void whatCannotBeMeasuredIsRefused() {
        assertThatThrownBy(() -> study(BUDGET, 0)).isInstanceOf(BadArgumentException.class).hasMessageContaining("1 run");
        assertThatThrownBy(() -> study(BUDGET, 1, DType.INT8)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("floating");
        assertThatThrownBy(() -> new PrecisionStudy.Settings(List.of(), 1, 0, 1, Optimization.NONE, true, Device.CPU))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("CUDA");
    }
}
