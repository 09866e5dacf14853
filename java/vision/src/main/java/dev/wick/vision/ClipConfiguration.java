package dev.wick.vision;

import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The sizes that make one CLIP; immutable, for any thread.
 *
 * @param embeddingSize   elements of an embedding, which images and texts share
 * @param imageResolution height and width of a picture, in pixels
 * @param vision          the image tower
 * @param contextLength   tokens of a text, padding included
 * @param vocabularySize  tokens that there are
 * @param textWidth       elements of a token's row in the text tower; its feed-forward layers are four times as wide
 * @param textHeads       attention heads of the text tower, which share its width
 * @param textLayers      blocks of the text tower
 * @param activation      of both towers' feed-forward layers
 */
public record ClipConfiguration(int embeddingSize, int imageResolution, VisionTower vision, int contextLength,
        int vocabularySize, int textWidth, int textHeads, int textLayers, Activation activation) {
    /** Width of an attention head, unless a configuration says otherwise. */
    static final int HEAD_WIDTH = 64;
    private static final int STAGES = 4;
    /** Heads of the image towers whose heads are not 64 wide, by width: OpenCLIP's ViT-H, ViT-g and ViT-bigG. */
    private static final Map<Integer, Integer> HEADS_BY_WIDTH = Map.of(1280, 16, 1408, 16, 1664, 16);
    private static final int NAMES_SHOWN = 3;

    /** Checks that the sizes go together. */
    public ClipConfiguration {
        positive("embedding size", embeddingSize);
        positive("image resolution", imageResolution);
        positive("context length", contextLength);
        positive("vocabulary size", vocabularySize);
        positive("text width", textWidth);
        positive("number of text layers", textLayers);
        requireHeads("text", textWidth, textHeads);
        if (imageResolution % vision.reduction() != 0) {
            throw new BadArgumentException("expected an image resolution in multiples of " + vision.reduction()
                    + ", got "
                    + imageResolution);
        }
        if (activation == null) {
            throw new BadArgumentException("a configuration needs an activation");
        }
    }

    private static void positive(String what, int value) {
        if (value < 1) {
            throw new BadArgumentException("expected a " + what + " of 1 or more, got " + value);
        }
    }

    private static void requireHeads(String tower, int width, int heads) {
        if (heads < 1 || width % heads != 0) {
            throw new BadArgumentException("expected a number of " + tower + " heads that divides the width of " + width
                    + ", got " + heads);
        }
    }

    /** What stands between the two layers of a feed-forward part. A state dict does not tell which. */
    public enum Activation {
        /** {@code x * sigmoid(1.702 * x)}: OpenAI's models, and OpenCLIP's whose names end in "quickgelu". */
        QUICK_GELU("x * torch.sigmoid(x * 1.702)"),
        /** {@code torch.nn.GELU}: OpenCLIP's other models. */
        GELU("torch.gelu(x)");

        private final String expression;

        Activation(String expression) {
            this.expression = expression;
        }

        String expression() {
            return expression;
        }
    }

    /** An image tower. */
    public sealed interface VisionTower {
        /** Pixels, in height and width, that become one position of the tower's last stage. */
        int reduction();
    }

    /**
     * A residual network with three convolutions as its stem, strides by average pooling, and an attention pool.
     *
     * @param layers blocks of each of the four stages
     * @param width  channels of the stem; the attention pool's are 32 times as many
     */
    public record ResNetTower(List<Integer> layers, int width) implements VisionTower {
        private static final int REDUCTION = 32;

        /** Checks the sizes. */
        public ResNetTower {
            layers = List.copyOf(layers);
            if (layers.size() != STAGES || layers.stream().anyMatch(blocks -> blocks < 1)) {
                throw new BadArgumentException("expected the blocks of four stages, each 1 or more, got " + layers);
            }
            if (width < 2 || width % 2 != 0) {
                throw new BadArgumentException("expected an even width of the residual network, got " + width);
            }
        }

        /** Channels of the last stage, which the attention pool has too. */
        public int features() {
            return width * REDUCTION;
        }

        /** Attention heads of the pool. */
        public int heads() {
            return features() / HEAD_WIDTH;
        }

        @Override
        public int reduction() {
            return REDUCTION;
        }
    }

    /**
     * A vision transformer with a class embedding.
     *
     * @param layers           blocks
     * @param width            elements of a patch's row
     * @param heads            of the attention
     * @param patch            height and width of a patch, in pixels
     * @param feedForwardWidth of the blocks, four times the width in most models
     */
    public record TransformerTower(int layers, int width, int heads, int patch, int feedForwardWidth)
            implements VisionTower {
        /** Checks the sizes. */
        public TransformerTower {
            positive("number of vision layers", layers);
            positive("vision width", width);
            positive("patch", patch);
            positive("feed-forward width", feedForwardWidth);
            requireHeads("vision", width, heads);
        }

        /** With heads of 64 elements and feed-forward layers of four times the width. */
        public TransformerTower(int layers, int width, int patch) {
            this(layers, width, width / HEAD_WIDTH, patch, Transformer.FEED_FORWARD * width);
        }

        @Override
        public int reduction() {
            return patch;
        }
    }

    /** The same with another activation. */
    public ClipConfiguration withActivation(Activation other) {
        return new ClipConfiguration(embeddingSize, imageResolution, vision, contextLength, vocabularySize, textWidth,
                textHeads, textLayers, other);
    }

    /** Shapes of all parameters by their published names, in the order of the state dict. */
    public Map<String, List<Long>> parameterShapes() {
        return new ClipArchitecture("clip", this).summary().parameterShapes();
    }

    /** Parameters of the whole model, its logit scale included. */
    public long parameterCount() {
        return new ClipArchitecture("clip", this).summary().parameters();
    }

    // Inference

    /**
     * The configuration of a state dict, from names and shapes alone, as OpenAI's {@code build_model} finds it.
     *
     * <p>Heads are 64 wide, except in image towers of the widths 1280, 1408 and 1664, which have 16 (OpenCLIP's ViT-H,
     * ViT-g and ViT-bigG). The activation cannot be told: it is {@link Activation#QUICK_GELU}. Entries that are no
     * parameters of a CLIP are not looked at.
     *
     * @param shapes by OpenAI's names, as {@code visual.conv1.weight}
     * @throws BadArgumentException if it is no CLIP, lacks parameters, or shapes contradict each other; the message
     *         says which
     */
    public static ClipConfiguration infer(Map<String, long[]> shapes) {
        ClipConfiguration configuration = new Inference(shapes).configuration();
        requireShapes(configuration.parameterShapes(), shapes);
        return configuration;
    }

    private static void requireShapes(Map<String, List<Long>> expected, Map<String, long[]> shapes) {
        List<String> missing = new ArrayList<>();
        List<String> different = new ArrayList<>();
        expected.forEach((name, shape) -> {
            long[] given = shapes.get(name);
            if (given == null) {
                missing.add(name);
            } else if (!Arrays.stream(given).boxed().toList().equals(shape)) {
                different.add(name + " is " + Arrays.toString(given) + ", not " + shape);
            }
        });
        if (!different.isEmpty()) {
            throw new BadArgumentException("the shapes of the state dict contradict each other: "
                    + some(different, ", where the others make it so"));
        }
        if (!missing.isEmpty()) {
            throw new BadArgumentException("the state dict lacks parameters of its own model: " + some(missing, ""));
        }
    }

    private static String some(List<String> all, String after) {
        String shown = String.join("; ", all.subList(0, Math.min(NAMES_SHOWN, all.size()))) + after;
        return all.size() > NAMES_SHOWN ? shown + " (and " + (all.size() - NAMES_SHOWN) + " more)" : shown;
    }

    /** One inference; one thread. */
    private record Inference(Map<String, long[]> shapes) {

        ClipConfiguration configuration() {
            boolean transformer = shapes.containsKey("visual.proj");
            if (!transformer && !shapes.containsKey("visual.attnpool.positional_embedding")) {
                throw new BadArgumentException("this is no CLIP: it has neither 'visual.proj' (a vision transformer) "
                        + "nor 'visual.attnpool.positional_embedding' (a residual network); its entries are "
                        + (shapes.isEmpty() ? "none" : some(List.copyOf(new TreeSet<>(shapes.keySet())), "")));
            }
            VisionTower vision = transformer ? transformerTower() : resNetTower();
            long positions = sizes(transformer ? "visual.positional_embedding" : "visual.attnpool.positional_embedding",
                    2)[0] - 1;
            long side = Math.round(Math.sqrt(positions));
            if (side < 1 || side * side != positions) {
                throw new BadArgumentException("the image tower's positional embedding has " + (positions + 1)
                        + " rows, which is not one more than a square");
            }
            long[] projection = sizes("text_projection", 2);
            int width = size(sizes("ln_final.weight", 1)[0], "ln_final.weight");
            return new ClipConfiguration(size(projection[1], "text_projection"),
                    size(side * vision.reduction(), "the picture"), vision, size(sizes("positional_embedding", 2)[0],
                    "positional_embedding"), size(sizes("token_embedding.weight", 2)[0], "token_embedding.weight"),
                    width, heads(width, "text"), blocks("transformer.resblocks."), Activation.QUICK_GELU);
        }

        private ResNetTower resNetTower() {
            List<Integer> layers = new ArrayList<>();
            for (int i = 1; i <= STAGES; i++) {
                layers.add(blocks("visual.layer" + i + "."));
            }
            int width = size(sizes("visual.layer1.0.conv1.weight", 4)[0], "visual.layer1.0.conv1.weight");
            return new ResNetTower(layers, width);
        }

        private TransformerTower transformerTower() {
            long[] patches = sizes("visual.conv1.weight", 4);
            int width = size(patches[0], "visual.conv1.weight");
            int layers = blocks("visual.transformer.resblocks.");
            long feedForward = sizes("visual.transformer.resblocks.0.mlp.c_fc.weight", 2)[0];
            return new TransformerTower(layers, width, HEADS_BY_WIDTH.getOrDefault(width, heads(width, "vision")),
                    size(patches[3], "visual.conv1.weight"), size(feedForward, "c_fc"));
        }

        private static int heads(int width, String tower) {
            if (width % HEAD_WIDTH != 0) {
                throw new BadArgumentException("the " + tower + " tower's width of " + width + " is no multiple of "
                        + HEAD_WIDTH + ", the width of a head");
            }
            return width / HEAD_WIDTH;
        }

        /** Numbers that follow a prefix: 0, 1, ... without a gap. */
        private int blocks(String prefix) {
            Set<String> numbers = new HashSet<>();
            for (String name : shapes.keySet()) {
                if (name.startsWith(prefix)) {
                    int dot = name.indexOf('.', prefix.length());
                    numbers.add(dot < 0 ? name.substring(prefix.length()) : name.substring(prefix.length(), dot));
                }
            }
            for (int i = 0; i < numbers.size(); i++) {
                if (!numbers.contains(Integer.toString(i))) {
                    throw new BadArgumentException("the blocks '" + prefix
                            + "N' are not numbered from 0 without a gap: "
                            + new TreeSet<>(numbers));
                }
            }
            if (numbers.isEmpty()) {
                throw new BadArgumentException("this is no CLIP: it has no '" + prefix + "0'");
            }
            return numbers.size();
        }

        private long[] sizes(String name, int dimensions) {
            long[] shape = shapes.get(name);
            if (shape == null) {
                throw new BadArgumentException("this is no CLIP: it has no '" + name + "'");
            }
            if (shape.length != dimensions) {
                throw new BadArgumentException("expected " + dimensions + " dimensions of '" + name
                        + "', got the shape "
                        + Arrays.toString(shape));
            }
            return shape;
        }

        private static int size(long size, String what) {
            if (size < 1 || size > Integer.MAX_VALUE) {
                throw new BadArgumentException("expected a size from 1 to " + Integer.MAX_VALUE + " in " + what
                        + ", got "
                        + size);
            }
            return (int) size;
        }
    }
}
