package dev.wick.study.architecture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.error.BadArgumentException;
import dev.wick.study.architecture.ArchitectureStudy.Compared;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.Architecture;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Against the published figures. */
class ArchitectureStudyTest {
    private static ArchitectureStudy study(String... names) {
        return new ArchitectureStudy(Arrays.stream(names)
                .map(name -> new Compared(name, "built in", Architecture.named(name).orElseThrow().summary())).toList());
    }

    private static String text(StudyReport report) {
        StringWriter text = new StringWriter();
        report.print(new PrintWriter(text));
        return text.toString();
    }

    @Test
    void resNetBesideClip() throws Exception {
        StudyReport report = study("resnet50", "clip-rn50").report(false);
        JsonNode json = new ObjectMapper().readTree(report.json());

        assertThat(json.at("/architectures/0/parameters").asLong()).isEqualTo(25_557_032);
        assertThat(json.at("/architectures/0/towers/image/parametersByStage/head").asLong()).isEqualTo(2_049_000);
        assertThat(json.at("/architectures/0/towers/image/embeddingSize").asInt()).isEqualTo(2048);
        assertThat(json.at("/architectures/0/towers/image/head/0/shape").toString()).isEqualTo("[1000,2048]");
        assertThat(json.at("/architectures/0/towers/image/multiplyAdds").asLong()).isEqualTo(4_089_184_256L);
        assertThat(json.at("/architectures/0/towers/image/layersByKind/convolution").asInt()).isEqualTo(53);
        assertThat(json.at("/architectures/0/towers/text").isMissingNode()).isTrue();
        assertThat(json.at("/architectures/1/parameters").asLong()).isEqualTo(102_007_137);
        assertThat(json.at("/architectures/1/towers/image/parameters").asLong()).isEqualTo(38_316_896);
        assertThat(json.at("/architectures/1/towers/text/parameters").asLong()).isEqualTo(63_690_240);
        assertThat(json.at("/architectures/1/towers/image/embeddingSize").asInt()).isEqualTo(1024);
        assertThat(json.at("/architectures/0/layers")).hasSize(107);
        assertThat(text(report)).contains("25,557,032", "38,316,896", "A multiply-add is two FLOPs",
                "resnet50: linear 2048x1000, 2,049,000 parameters.",
                "clip-rn50: attention pool over 50 positions, 32 heads of 64: k 2048x2048, q 2048x2048, v 2048x2048, "
                        + "c 2048x1024, 14,789,632 parameters.")
                .doesNotContain("All layers of resnet50");
        assertThat(report.html()).contains("All layers of resnet50", "layer4.2.conv3", "Parameters by stage");
    }

    @Test
    void layersAreListedWhereTheyAreAskedFor() {
        assertThat(text(study("resnet18", "efficientnet-b0", "clip-vit-b-32").report(true)))
                .contains("All layers of resnet18", "layer4.1.conv2", "512x512x3x3", "visual.transformer.resblocks.11",
                        "projection: proj 768x512");
    }

    @Test
    void oneIsNotEnoughAndNamesDiffer() {
        assertThatThrownBy(() -> study("resnet50")).isInstanceOf(BadArgumentException.class).hasMessageContaining("two");
        assertThatThrownBy(() -> study("resnet50", "resnet50")).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("twice");
        assertThat(List.of(Architecture.names().toArray())).allSatisfy(name -> assertThat(HeadDescription.of(
                Architecture.named((String) name).orElseThrow().summary(),
                dev.wick.vision.ArchitectureSummary.Tower.IMAGE)).contains("parameters"));
    }
}
