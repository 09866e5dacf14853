package dev.wick.vision;

import dev.wick.TorchScriptModel;
import dev.wick.vision.ClipConfiguration.Activation;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import dev.wick.vision.ClipConfiguration.VisionTower;
import java.util.List;
import java.util.Locale;

/** The CLIP models that OpenAI published, as {@link ClipArchitecture} makes them; any thread. */
public enum Clip implements Architecture {
    /** 102,007,137 parameters, of which visual 38,316,896. */
    CLIP_RN50(1024, 224, new ResNetTower(List.of(3, 4, 6, 3), 64), 512),
    /** 119,688,033 parameters, of which visual 56,259,936. */
    CLIP_RN101(512, 224, new ResNetTower(List.of(3, 4, 23, 3), 64), 512),
    /** 178,300,601 parameters, of which visual 87,137,080. */
    CLIP_RN50X4(640, 288, new ResNetTower(List.of(4, 6, 10, 6), 80), 640),
    /** 290,979,217 parameters, of which visual 167,328,912. */
    CLIP_RN50X16(768, 384, new ResNetTower(List.of(6, 8, 18, 8), 96), 768),
    /** 623,258,305 parameters, of which visual 420,380,352. */
    CLIP_RN50X64(1024, 448, new ResNetTower(List.of(3, 15, 36, 10), 128), 1024),
    /** 151,277,313 parameters, of which visual 87,849,216. */
    CLIP_VIT_B_32(512, 224, new TransformerTower(12, 768, 32), 512),
    /** 149,620,737 parameters, of which visual 86,192,640. */
    CLIP_VIT_B_16(512, 224, new TransformerTower(12, 768, 16), 512),
    /** 427,616,513 parameters, of which visual 303,966,208. */
    CLIP_VIT_L_14(768, 224, new TransformerTower(24, 1024, 14), 768),
    /** 427,944,193 parameters, of which visual 304,293,888. */
    CLIP_VIT_L_14_336(768, 336, new TransformerTower(24, 1024, 14), 768);

    private static final int CONTEXT_LENGTH = 77;
    private static final int VOCABULARY_SIZE = 49_408;
    private static final int TEXT_LAYERS = 12;

    private final ClipConfiguration configuration;

    Clip(int embeddingSize, int imageResolution, VisionTower vision, int textWidth) {
        configuration = new ClipConfiguration(embeddingSize, imageResolution, vision, CONTEXT_LENGTH, VOCABULARY_SIZE,
                textWidth, textWidth / ClipConfiguration.HEAD_WIDTH, TEXT_LAYERS, Activation.QUICK_GELU);
    }

    /** Its sizes. */
    public ClipConfiguration configuration() {
        return configuration;
    }

    @Override
    public String architectureName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public TorchScriptModel build(long seed) {
        return architecture().build(seed);
    }

    @Override
    public ArchitectureSummary summary() {
        return architecture().summary();
    }

    private ClipArchitecture architecture() {
        return new ClipArchitecture(architectureName(), configuration);
    }
}
