package dev.wick.vision;

import dev.wick.ModuleBuilder;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The efficient networks of torchvision, for 1000 classes and images of [batch, 3, height, width]; any thread.
 *
 * <p>Names and shapes are those of torchvision's state dicts. The weights of a seed are those that torchvision's model
 * has after {@code torch.manual_seed(seed)}, bit for bit on the same LibTorch and kind of processor. In training,
 * dropout and stochastic depth draw from LibTorch's own generator.
 */
public enum EfficientNet implements Architecture {
    /** 5,288,548 parameters. */
    EFFICIENTNET_B0;

    private static final int CLASSES = 1000;
    private static final int RESOLUTION = 224;
    private static final int STEM_CHANNELS = 32;
    private static final double STOCHASTIC_DEPTH = 0.2;
    private static final double DROPOUT = 0.2;
    private static final int LAST_EXPANSION = 4;
    /** Squeezed channels are a fourth of those that come into a block. */
    private static final int SQUEEZE = 4;

    private static final List<Stage> STAGES = List.of(new Stage(1, 3, 1, 16, 1), new Stage(6, 3, 2, 24, 2),
            new Stage(6, 5, 2, 40, 2), new Stage(6, 3, 2, 80, 3), new Stage(6, 5, 1, 112, 3),
            new Stage(6, 5, 2, 192, 4), new Stage(6, 3, 1, 320, 1));

    /** Blocks of one width: how much they widen inside, kernel, stride of the first, outputs, number. */
    private record Stage(int expansion, int kernel, int stride, int outputs, int blocks) {
    }

    @Override
    public String architectureName() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    @Override
    public TorchScriptModel build(long seed) {
        try (TensorScope _ = TensorScope.open(); ModuleBuilder root =
                ModuleBuilder.of(Layers.className("EfficientNet"))) {
            Initialization initialization = new Initialization();
            new Construction(initialization).model(ModulePart.building(root));
            initialization.draw(seed);
            return root.build();
        }
    }

    @Override
    public ArchitectureSummary summary() {
        Construction construction = new Construction(new Initialization());
        ModulePart root = ModulePart.describing();
        construction.model(root);
        return ArchitectureSummary.of(architectureName(), RESOLUTION, construction.layers, root,
                Map.of(Tower.IMAGE, (long) construction.channels));
    }

    /** One model while it is built; one thread. */
    private static final class Construction {
        private final Layers layers;
        private final Initialization initialization;
        /** Weights, or weight and bias, of all convolutions, in the order of torchvision's {@code modules()}. */
        private final List<List<Weight>> convolutions = new ArrayList<>();
        private final int blocks = STAGES.stream().mapToInt(Stage::blocks).sum();
        private int channels = STEM_CHANNELS;
        private int blocksBefore;

        Construction(Initialization initialization) {
            this.layers = new Layers(initialization, RESOLUTION);
            this.initialization = initialization;
        }

        void model(ModulePart root) {
            ModulePart features = Layers.sequential(root, "features");
            layers.stage(Tower.IMAGE, "stem");
            normalizedConvolution(features, "0", 3, STEM_CHANNELS, 3, 2, 1, true);
            for (int i = 0; i < STAGES.size(); i++) {
                layers.stage(Tower.IMAGE, "stage" + (i + 1));
                stage(features, Integer.toString(i + 1), STAGES.get(i));
            }
            layers.stage(Tower.IMAGE, "last");
            normalizedConvolution(features, Integer.toString(STAGES.size() + 1), channels, LAST_EXPANSION * channels, 1,
                    1, 1, true);
            channels *= LAST_EXPANSION;
            Layers.inSequence(features, STAGES.size() + 2);
            layers.stage(Tower.IMAGE, ArchitectureSummary.HEAD);
            ModulePart classifier = Layers.sequential(root, "classifier");
            Layers.function(classifier, "0", "Dropout", "torch.dropout(x, " + DROPOUT + ", self.training)");
            List<Weight> linear = layers.linear(classifier, "1", channels, CLASSES, 1);
            Layers.inSequence(classifier, 2);
            root.define("""
                    def forward(self, x: Tensor) -> Tensor:
                        x = torch.adaptive_avg_pool2d(self.features.forward(x), [1, 1])
                        return self.classifier.forward(torch.flatten(x, 1))
                    """);
            // After all layers have initialised themselves, as torchvision's constructor does.
            for (List<Weight> convolution : convolutions) {
                initialization.kaimingNormalFanOut(convolution.getFirst());
                convolution.stream().skip(1).forEach(initialization::zeroAtLast);
            }
            initialization.uniform(linear.getFirst(), 1 / Math.sqrt(CLASSES));
            initialization.zeroAtLast(linear.getLast());
        }

        private void stage(ModulePart features, String name, Stage stage) {
            ModulePart sequence = Layers.sequential(features, name);
            for (int i = 0; i < stage.blocks(); i++) {
                block(sequence, Integer.toString(i), stage, i == 0 ? stage.stride() : 1);
            }
            Layers.inSequence(sequence, stage.blocks());
        }

        private void block(ModulePart sequence, String name, Stage stage, int stride) {
            ModulePart block = sequence.child(name, Layers.className("MBConv"));
            ModulePart inner = Layers.sequential(block, "block");
            int inputs = channels;
            int expanded = inputs * stage.expansion();
            int at = 0;
            if (expanded != inputs) {
                normalizedConvolution(inner, Integer.toString(at++), inputs, expanded, 1, 1, 1, true);
            }
            normalizedConvolution(inner, Integer.toString(at++), expanded, expanded, stage.kernel(), stride, expanded,
                    true);
            squeezeExcitation(inner, Integer.toString(at++), expanded, Math.max(1, inputs / SQUEEZE));
            normalizedConvolution(inner, Integer.toString(at++), expanded, stage.outputs(), 1, 1, 1, false);
            Layers.inSequence(inner, at);
            stochasticDepth(block, STOCHASTIC_DEPTH * blocksBefore / blocks);
            boolean residual = stride == 1 && inputs == stage.outputs();
            block.define("def forward(self, x: Tensor) -> Tensor:\n"
                    + "    out = self.block.forward(x)\n"
                    + (residual ? "    return self.stochastic_depth.forward(out).add_(x)\n" : "    return out\n"));
            channels = stage.outputs();
            blocksBefore++;
        }

        /** Weighs channels by what the whole picture has in them. */
        private void squeezeExcitation(ModulePart sequence, String name, int channels, int squeezed) {
            ModulePart module = sequence.child(name, Layers.className("SqueezeExcitation"));
            long side = layers.side();
            layers.side(1);
            convolutions.add(layers.convolution(module, "fc1", channels, squeezed, 1, 1, 0, 1, true));
            convolutions.add(layers.convolution(module, "fc2", squeezed, channels, 1, 1, 0, 1, true));
            layers.side(side);
            module.define("""
                    def forward(self, x: Tensor) -> Tensor:
                        scale = torch.adaptive_avg_pool2d(x, [1, 1])
                        scale = self.fc2.forward(torch.silu_(self.fc1.forward(scale)))
                        return torch.sigmoid(scale) * x
                    """);
        }

        /** In training it leaves out a block for some pictures of a batch. */
        private static void stochasticDepth(ModulePart block, double probability) {
            ModulePart module = block.child("stochastic_depth", Layers.className("StochasticDepth"));
            module.define(probability == 0 ? "def forward(self, x: Tensor) -> Tensor:\n    return x\n"
                    : String.format(Locale.ROOT, """
                    def forward(self, x: Tensor) -> Tensor:
                        if self.training:
                            noise = torch.empty([x.size(0), 1, 1, 1], dtype=x.dtype, device=x.device)
                            x = x * noise.bernoulli_(%1$s).div_(%1$s)
                        return x
                    """, 1 - probability));
        }

        /** A convolution that keeps the size but for its stride, batch normalisation, and if wanted the activation. */
        private void normalizedConvolution(ModulePart sequence, String name, int inputs, int outputs, int kernel,
                int stride, int groups, boolean activated) {
            ModulePart module = Layers.sequential(sequence, name);
            convolutions.add(layers.convolution(module, "0", inputs, outputs, kernel, stride, kernel / 2, groups,
                    false));
            layers.batchNormalization(module, "1", outputs);
            if (activated) {
                Layers.function(module, "2", "SiLU", "torch.silu_(x)");
            }
            Layers.inSequence(module, activated ? 3 : 2);
        }
    }
}
