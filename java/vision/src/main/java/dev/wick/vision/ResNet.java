package dev.wick.vision;

import dev.wick.TorchScriptModel;
import java.util.List;
import java.util.Locale;

/**
 * The residual networks of torchvision, as {@link ResNetArchitecture} makes them, for 1000 classes and images of
 * [batch, 3, height, width]; any thread.
 *
 * <p>Names and shapes are those of torchvision's state dicts, and the stride of a bottleneck is in its 3x3 convolution,
 * as there. The weights of a seed are those that torchvision's model has after {@code torch.manual_seed(seed)}, bit for
 * bit on the same LibTorch and kind of processor.
 */
public enum ResNet implements Architecture {
    /** 11,689,512 parameters. */
    RESNET18(false, 2, 2, 2, 2),
    /** 25,557,032 parameters. */
    RESNET50(true, 3, 4, 6, 3),
    /** 44,549,160 parameters. */
    RESNET101(true, 3, 4, 23, 3);

    private static final int CLASSES = 1000;
    private static final int STEM_CHANNELS = 64;
    private static final int RESOLUTION = 224;

    private final boolean bottleneck;
    private final List<Integer> blocks;

    ResNet(boolean bottleneck, Integer... blocks) {
        this.bottleneck = bottleneck;
        this.blocks = List.of(blocks);
    }

    @Override
    public String architectureName() {
        return name().toLowerCase(Locale.ROOT);
    }

    @Override
    public TorchScriptModel build(long seed) {
        return architecture().build(seed);
    }

    @Override
    public ArchitectureSummary summary() {
        return architecture().summary();
    }

    private ResNetArchitecture architecture() {
        return new ResNetArchitecture(architectureName(), bottleneck, blocks, STEM_CHANNELS, CLASSES, RESOLUTION);
    }
}
