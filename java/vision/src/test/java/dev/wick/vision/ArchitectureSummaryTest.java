package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.wick.vision.ArchitectureSummary.Kind;
import dev.wick.vision.ArchitectureSummary.Layer;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Counts and costs against published ones. Needs no LibTorch: nothing is built. */
class ArchitectureSummaryTest {

    /** OpenAI's models; the visual tower's parameters and the whole model's. */
    @ParameterizedTest
    @CsvSource({"CLIP_RN50, 38316896, 102007137", "CLIP_RN101, 56259936, 119688033", "CLIP_RN50X4, 87137080, 178300601",
            "CLIP_RN50X16, 167328912, 290979217", "CLIP_RN50X64, 420380352, 623258305",
            "CLIP_VIT_B_32, 87849216, 151277313", "CLIP_VIT_B_16, 86192640, 149620737",
            "CLIP_VIT_L_14, 303966208, 427616513", "CLIP_VIT_L_14_336, 304293888, 427944193"})
    void clipsParametersAreThePublishedOnes(Clip clip, long visual, long all) {
        ArchitectureSummary summary = clip.summary();

        assertThat(summary.parameters(Tower.IMAGE)).isEqualTo(visual);
        assertThat(summary.parameters(Tower.TEXT)).isEqualTo(all - visual - 1);
        assertThat(summary.parameters(Tower.JOINT)).isEqualTo(1);
        assertThat(summary.parameters()).isEqualTo(all).isEqualTo(clip.configuration().parameterCount());
        assertThat(summary.parameterShapes().values().stream()
                .mapToLong(shape -> shape.stream().reduce(1L, (a, b) -> a * b)).sum()).isEqualTo(all);
    }

    @ParameterizedTest
    @CsvSource({"RESNET18, 11689512, 1.814", "RESNET50, 25557032, 4.089", "RESNET101, 44549160, 7.801"})
    void residualNetworksCostWhatTorchvisionSays(ResNet network, long parameters, double gigaMultiplyAdds) {
        assertThat(network.summary().parameters()).isEqualTo(parameters);
        assertThat(network.summary().multiplyAdds(Tower.IMAGE) / 1e9).isCloseTo(gigaMultiplyAdds, within(5e-4));
    }

    @Test
    void theEfficientNetworkCostsWhatTorchvisionSays() {
        ArchitectureSummary summary = EfficientNet.EFFICIENTNET_B0.summary();

        assertThat(summary.parameters()).isEqualTo(5_288_548);
        assertThat(summary.multiplyAdds(Tower.IMAGE) / 1e9).isCloseTo(0.386, within(5e-4));
    }

    /** Of open_clip's table of models, in GFLOPs. */
    @ParameterizedTest
    @CsvSource({"CLIP_VIT_B_32, 8.82, 5.96", "CLIP_VIT_L_14, 162.0, 13.3"})
    void clipCostsWhatOpenClipSays(Clip clip, double image, double text) {
        ArchitectureSummary summary = clip.summary();

        assertThat(summary.flops(Tower.IMAGE) / 1e9).isCloseTo(image, within(0.01 * image));
        assertThat(summary.flops(Tower.TEXT) / 1e9).isCloseTo(text, within(0.01 * text));
        assertThat(summary.flops(Tower.JOINT)).isZero();
    }

    /** open_clip's attention pool asks from all 50 rows, of which one is given: 12.22. Wick asks from that one. */
    @Test
    void theAttentionPoolCostsOneQuery() {
        long image = Clip.CLIP_RN50.summary().flops(Tower.IMAGE);
        long width = 2048;
        long othersMultiplyAdds = 49 * (width * width + 2 * 50 * width + width * 1024);

        assertThat(image / 1e9).isCloseTo(11.59, within(0.005));
        assertThat((image + 2 * othersMultiplyAdds) / 1e9).isCloseTo(12.22, within(0.005));
        assertThat(Clip.CLIP_RN50.summary().flops(Tower.TEXT) / 1e9).isCloseTo(5.96, within(0.005));
    }

    @Test
    void layersStagesAndHeadsCanBeCompared() {
        ArchitectureSummary residual = ResNet.RESNET50.summary();
        ArchitectureSummary clip = Clip.CLIP_RN50.summary();

        assertThat(residual.parametersByStage(Tower.IMAGE)).containsExactly(Map.entry("stem", 9_536L),
                Map.entry("layer1", 215_808L), Map.entry("layer2", 1_219_584L), Map.entry("layer3", 7_098_368L),
                Map.entry("layer4", 14_964_736L), Map.entry("head", 2_049_000L));
        assertThat(clip.parametersByStage(Tower.IMAGE).keySet()).containsExactly("stem", "layer1", "layer2", "layer3",
                "layer4", "head");
        assertThat(residual.multiplyAddsByStage(Tower.IMAGE).values().stream().mapToLong(Long::longValue).sum())
                .isEqualTo(residual.multiplyAdds(Tower.IMAGE));
        assertThat(residual.head(Tower.IMAGE)).containsExactly(new Layer(Tower.IMAGE, "head", "fc", Kind.LINEAR,
                List.of(1000L, 2048L), List.of(1L, 1000L), 2_049_000, 2_048_000));
        assertThat(clip.head(Tower.IMAGE)).extracting(Layer::name).containsExactly(
                "visual.attnpool.positional_embedding", "visual.attnpool.k_proj", "visual.attnpool.q_proj",
                "visual.attnpool.v_proj", "visual.attnpool.attention", "visual.attnpool.c_proj");
        assertThat(clip.head(Tower.IMAGE).getLast().shape()).containsExactly(1024L, 2048L);
        assertThat(residual.embeddingSizes()).containsOnly(Map.entry(Tower.IMAGE, 2048L));
        assertThat(clip.embeddingSizes()).containsOnly(Map.entry(Tower.IMAGE, 1024L), Map.entry(Tower.TEXT, 1024L));
        assertThat(clip.layers().stream().filter(layer -> layer.name().equals("visual.layer4.2.conv3")).findFirst())
                .hasValueSatisfying(layer -> {
                    assertThat(layer.output()).containsExactly(2048L, 7L, 7L);
                    assertThat(layer.multiplyAdds()).isEqualTo(2048L * 512 * 49);
                });
    }
}
