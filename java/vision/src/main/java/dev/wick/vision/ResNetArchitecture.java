package dev.wick.vision;

import dev.wick.ModuleBuilder;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A residual network of torchvision's kind, of any width, depth and number of classes; any thread.
 *
 * <p>Its {@code forward} takes images of [batch, 3, height, width] and gives logits of [batch, classes]. Names and
 * shapes are those of torchvision's state dicts, and the stride of a bottleneck is in its 3x3 convolution, as there.
 *
 * @param architectureName as a report is to call it
 * @param bottleneck       blocks of three convolutions, the last of four times the width; otherwise of two
 * @param blocks           of each of the four stages
 * @param stemChannels     channels of the first convolution and width of the first stage, which doubles with each stage
 * @param classes          logits
 * @param imageResolution  height and width of the pictures that costs are counted for
 */
public record ResNetArchitecture(String architectureName, boolean bottleneck, List<Integer> blocks, int stemChannels,
        int classes, int imageResolution) implements Architecture {
    private static final int STAGES = 4;

    /** Checks the sizes. */
    public ResNetArchitecture {
        blocks = List.copyOf(blocks);
        if (blocks.size() != STAGES || blocks.stream().anyMatch(each -> each < 1)) {
            throw new BadArgumentException("expected the blocks of four stages, each 1 or more, got " + blocks);
        }
        if (stemChannels < 1 || classes < 1 || imageResolution < 1) {
            throw new BadArgumentException("expected channels, classes and a resolution of 1 or more, got "
                    + stemChannels
                    + ", " + classes + " and " + imageResolution);
        }
    }

    /**
     * The network of a state dict, by its names and shapes, whatever its width, depth and number of classes.
     *
     * @param shapes by torchvision's names
     * @param imageResolution that costs are to be counted for
     * @return empty when they are no residual network's
     */
    public static Optional<ResNetArchitecture> infer(Map<String, long[]> shapes, int imageResolution) {
        long[] stem = shapes.get("conv1.weight");
        long[] head = shapes.get("fc.weight");
        if (stem == null || head == null || stem.length != 4 || head.length != 2) {
            return Optional.empty();
        }
        List<Integer> blocks = new ArrayList<>();
        for (int stage = 1; stage <= STAGES; stage++) {
            int count = 0;
            while (shapes.containsKey("layer" + stage + "." + count + ".conv1.weight")) {
                count++;
            }
            if (count == 0) {
                return Optional.empty();
            }
            blocks.add(count);
        }
        ResNetArchitecture inferred = new ResNetArchitecture("resnet", shapes.containsKey("layer1.0.conv3.weight"), blocks,
                Math.toIntExact(stem[0]), Math.toIntExact(head[0]), imageResolution);
        boolean fits = inferred.summary().parameterShapes().entrySet().stream().allMatch(entry -> {
            long[] found = shapes.get(entry.getKey());
            return found != null && Arrays.stream(found).boxed().toList().equals(entry.getValue());
        });
        return fits ? Optional.of(inferred) : Optional.empty();
    }

    @Override
    public TorchScriptModel build(long seed) {
        try (TensorScope _ = TensorScope.open(); ModuleBuilder root = ModuleBuilder.of(Layers.className("ResNet"))) {
            Initialization initialization = new Initialization();
            new Construction(this, initialization).model(ModulePart.building(root), blocks, classes);
            initialization.draw(seed);
            return root.build();
        }
    }

    @Override
    public ArchitectureSummary summary() {
        Construction construction = new Construction(this, new Initialization());
        ModulePart root = ModulePart.describing();
        construction.model(root, blocks, classes);
        return ArchitectureSummary.of(architectureName, imageResolution, construction.layers, root,
                Map.of(Tower.IMAGE, (long) construction.channels));
    }

    /** One model while it is built; one thread. */
    private static final class Construction {
        private final boolean bottleneck;
        private final Layers layers;
        private final Initialization initialization;
        /** All weights of convolutions, in the order of torchvision's {@code modules()}. */
        private final List<Weight> convolutions = new ArrayList<>();
        private int channels;

        Construction(ResNetArchitecture architecture, Initialization initialization) {
            this.bottleneck = architecture.bottleneck;
            this.channels = architecture.stemChannels;
            this.layers = new Layers(initialization, architecture.imageResolution);
            this.initialization = initialization;
        }

        void model(ModulePart root, List<Integer> blocks, int classes) {
            int stem = channels;
            layers.stage(Tower.IMAGE, "stem");
            normalizedConvolution(root, "conv1", "bn1", 3, stem, 7, 2);
            layers.side((layers.side() - 1) / 2 + 1);
            for (int i = 0; i < blocks.size(); i++) {
                stage(root, "layer" + (i + 1), stem << i, blocks.get(i), i == 0 ? 1 : 2);
            }
            layers.stage(Tower.IMAGE, ArchitectureSummary.HEAD);
            layers.linear(root, "fc", channels, classes, 1);
            root.define("""
                    def forward(self, x: Tensor) -> Tensor:
                        x = torch.relu_(self.bn1.forward(self.conv1.forward(x)))
                        x = torch.max_pool2d(x, [3, 3], [2, 2], [1, 1], [1, 1], False)
                        x = self.layer1.forward(x)
                        x = self.layer2.forward(x)
                        x = self.layer3.forward(x)
                        x = self.layer4.forward(x)
                        x = torch.flatten(torch.adaptive_avg_pool2d(x, [1, 1]), 1)
                        return self.fc.forward(x)
                    """);
            // After all layers have initialised themselves, as torchvision's constructor does.
            convolutions.forEach(initialization::kaimingNormalFanOut);
        }

        private void stage(ModulePart root, String name, int width, int blocks, int stride) {
            layers.stage(Tower.IMAGE, name);
            ModulePart stage = Layers.sequential(root, name);
            for (int i = 0; i < blocks; i++) {
                block(stage, Integer.toString(i), width, i == 0 ? stride : 1);
            }
            Layers.inSequence(stage, blocks);
        }

        private void block(ModulePart stage, String name, int width, int stride) {
            ModulePart block = stage.child(name, Layers.className(bottleneck ? "Bottleneck" : "BasicBlock"));
            int outputs = bottleneck ? 4 * width : width;
            long side = layers.side();
            if (bottleneck) {
                normalizedConvolution(block, "conv1", "bn1", channels, width, 1, 1);
                normalizedConvolution(block, "conv2", "bn2", width, width, 3, stride);
                normalizedConvolution(block, "conv3", "bn3", width, outputs, 1, 1);
            } else {
                normalizedConvolution(block, "conv1", "bn1", channels, width, 3, stride);
                normalizedConvolution(block, "conv2", "bn2", width, outputs, 3, 1);
            }
            boolean downsampled = stride != 1 || channels != outputs;
            if (downsampled) {
                ModulePart downsample = Layers.sequential(block, "downsample");
                layers.side(side);
                normalizedConvolution(downsample, "0", "1", channels, outputs, 1, stride);
                Layers.inSequence(downsample, 2);
            }
            block.define("def forward(self, x: Tensor) -> Tensor:\n"
                    + "    out = torch.relu_(self.bn1.forward(self.conv1.forward(x)))\n"
                    + "    out = self.bn2.forward(self.conv2.forward(out))\n"
                    + (bottleneck ? "    out = self.bn3.forward(self.conv3.forward(torch.relu_(out)))\n" : "")
                    + "    return torch.relu_(out.add_(" + (downsampled ? "self.downsample.forward(x)" : "x") + "))\n");
            channels = outputs;
        }

        /** A convolution that keeps the size but for its stride, and the batch normalisation behind it. */
        private void normalizedConvolution(ModulePart parent, String convolution, String normalization, int inputs,
                int outputs, int kernel, int stride) {
            convolutions.add(layers.convolution(parent, convolution, inputs, outputs, kernel, stride, kernel / 2));
            layers.batchNormalization(parent, normalization, outputs);
        }
    }
}
