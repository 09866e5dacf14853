package dev.wick.vision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Configurations and what is inferred from state dicts. Needs no LibTorch. */
class ClipConfigurationTest {

    private static Map<String, long[]> shapes(ClipConfiguration configuration) {
        Map<String, long[]> shapes = new HashMap<>();
        configuration.parameterShapes().forEach((name, shape) -> shapes.put(name,
                shape.stream().mapToLong(Long::longValue).toArray()));
        return shapes;
    }

    @ParameterizedTest
    @EnumSource
    void aPublishedStateDictIsRecognized(Clip clip) {
        Map<String, long[]> shapes = shapes(clip.configuration());
        // What else stands in published files.
        shapes.put("input_resolution", new long[0]);
        shapes.put("visual.bn1.num_batches_tracked", new long[0]);

        assertThat(ClipConfiguration.infer(shapes)).isEqualTo(clip.configuration());
    }

    /** OpenCLIP's ViT-H/14: heads of 80 elements, which no shape tells. */
    @Test
    void otherHeadWidthsAndFeedForwardWidthsAreRecognized() {
        for (TransformerTower tower : List.of(new TransformerTower(32, 1280, 16, 14, 5120),
                new TransformerTower(40, 1408, 16, 14, 6144), new TransformerTower(48, 1664, 16, 14, 8192))) {
            ClipConfiguration configuration = new ClipConfiguration(1024, 224, tower, 77, 49_408, 1024, 16, 24,
                    Activation.QUICK_GELU);

            assertThat(ClipConfiguration.infer(shapes(configuration))).isEqualTo(configuration);
        }
    }

    @Test
    void theActivationIsTheCallersToSay() {
        ClipConfiguration configuration = Clip.CLIP_VIT_B_32.configuration();

        assertThat(configuration.activation()).isEqualTo(Activation.QUICK_GELU);
        assertThat(configuration.withActivation(Activation.GELU).activation()).isEqualTo(Activation.GELU);
        assertThat(configuration.withActivation(Activation.GELU).withActivation(Activation.QUICK_GELU))
                .isEqualTo(configuration);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            CLIP_RN50     | visual.attnpool.positional_embedding         |            | neither 'visual.proj'
            CLIP_VIT_B_32 | visual.proj |            | neither 'visual.proj'
            CLIP_VIT_B_32 | text_projection                              |            | no 'text_projection'
            CLIP_VIT_B_32 | visual.transformer.resblocks.11.ln_1.weight  |            | lacks parameters
            CLIP_VIT_B_32 | visual.positional_embedding                  | 49,768     | 49 rows
            CLIP_VIT_B_32 | visual.positional_embedding                  | 50,512     | contradict
            CLIP_VIT_B_32 | visual.conv1.weight | 768,3072   | 4 dimensions
            CLIP_VIT_B_32 | visual.conv1.weight | 768,4,32,32 | [768, 4, 32, 32], not [768, 3, 32, 32]
            CLIP_VIT_B_32 | visual.proj | 768,1024   | visual.proj is [768, 1024], not [768, 512]
            CLIP_VIT_B_32 | ln_final.weight                              | 500        | 500 is no multiple of 64
            CLIP_VIT_B_32 | token_embedding.weight | 49408,640  | token_embedding.weight is [49408, 640]
            CLIP_VIT_B_32 | token_embedding.weight | 0,512      | expected a size
            CLIP_VIT_B_32 | logit_scale                                  | 1          | logit_scale is [1], not []
            CLIP_RN50     | visual.layer4.2.conv3.weight                 | 2048,512,3,3 | visual.layer4.2.conv3.weight
            CLIP_RN50     | visual.attnpool.positional_embedding         | 51,2048    | 51 rows
            CLIP_RN50     | visual.attnpool.c_proj.bias | 512        | visual.attnpool.c_proj.bias is [512]
            """)
    void whatIsMissingOrContradictsTheRestIsSaid(Clip clip, String name, String shape, String message) {
        Map<String, long[]> shapes = shapes(clip.configuration());
        shapes.remove(name);
        if (shape != null) {
            shapes.put(name, Arrays.stream(shape.split(",")).mapToLong(Long::parseLong).toArray());
        }

        assertThatThrownBy(() -> ClipConfiguration.infer(shapes)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining(message);
    }

    @Test
    void aGapInTheBlocksIsSaid() {
        Map<String, long[]> shapes = shapes(Clip.CLIP_VIT_B_32.configuration());
        shapes.keySet().removeIf(name -> name.startsWith("transformer.resblocks.3."));

        assertThatThrownBy(() -> ClipConfiguration.infer(shapes)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("not numbered from 0");
    }

    @Test
    void otherModelsAreNoClip() {
        Map<String, long[]> resnet = new HashMap<>();
        ResNet.RESNET50.summary().parameterShapes().forEach((name, shape) -> resnet.put(name,
                shape.stream().mapToLong(Long::longValue).toArray()));

        assertThatThrownBy(() -> ClipConfiguration.infer(resnet)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("no CLIP").hasMessageContaining("bn1.bias");
        assertThatThrownBy(() -> ClipConfiguration.infer(Map.of())).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("none");
    }

    @Test
    void impossibleSizesAreRefused() {
        TransformerTower vision = new TransformerTower(2, 128, 16);
        assertThatThrownBy(() -> new ClipConfiguration(0, 64, vision, 77, 100, 64, 1, 1, Activation.GELU))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("embedding size");
        assertThatThrownBy(() -> new ClipConfiguration(64, 65, vision, 77, 100, 64, 1, 1, Activation.GELU))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("multiples of 16, got 65");
        assertThatThrownBy(() -> new ClipConfiguration(64, 64, vision, 77, 100, 64, 3, 1, Activation.GELU))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("divides the width of 64, got 3");
        assertThatThrownBy(() -> new ClipConfiguration(64, 64, vision, 77, 100, 64, 1, 1, null))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("activation");
        assertThatThrownBy(() -> new TransformerTower(2, 32, 16)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new ResNetTower(List.of(1, 2, 3), 16)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new ResNetTower(List.of(1, 2, 3, 0), 16)).isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> new ResNetTower(List.of(1, 2, 3, 4), 15)).isInstanceOf(BadArgumentException.class);
    }
}
