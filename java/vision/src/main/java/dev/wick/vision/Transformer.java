package dev.wick.vision;

import dev.wick.vision.ArchitectureSummary.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Adds transformers in CLIP's names to a module, and attention as they compute it; one thread. */
final class Transformer {
    /** Widths of a block that its feed-forward part usually has. */
    static final int FEED_FORWARD = 4;

    private final Layers layers;
    private final Initialization initialization;

    /**
     * Weights of a block that are drawn again.
     *
     * @param input    queries, keys and values in one
     * @param output   of the attention
     * @param widening of the feed-forward part
     * @param narrowing of the feed-forward part
     */
    record Block(Weight input, Weight output, Weight widening, Weight narrowing) {
    }

    Transformer(Layers layers, Initialization initialization) {
        this.layers = layers;
        this.initialization = initialization;
    }

    /**
     * Adds {@code transformer}: from [batch, positions, width] to the same.
     *
     * @param positions rows of an input
     * @param causal    whether a position sees only those before it
     */
    List<Block> add(ModulePart parent, int width, int depth, int heads, int feedForward, long positions, boolean causal,
            ClipConfiguration.Activation activation) {
        ModulePart transformer = parent.child("transformer", Layers.className("Transformer"));
        ModulePart sequence = Layers.sequential(transformer, "resblocks");
        List<Block> blocks = new ArrayList<>();
        for (int i = 0; i < depth; i++) {
            blocks.add(block(sequence, Integer.toString(i), width, heads, feedForward, positions, causal, activation));
        }
        Layers.inSequence(sequence, depth);
        Layers.inSequence(transformer, "resblocks");
        return blocks;
    }

    private Block block(ModulePart sequence, String name, int width, int heads, int feedForward, long positions,
            boolean causal, ClipConfiguration.Activation activation) {
        ModulePart block = sequence.child(name, Layers.className("ResidualAttentionBlock"));
        List<Weight> attention = attention(block, width, heads, positions, causal);
        layers.layerNormalization(block, "ln_1", width, positions);
        ModulePart mlp = Layers.sequential(block, "mlp");
        Weight widening = layers.linear(mlp, "c_fc", width, feedForward, positions).getFirst();
        Layers.function(mlp, "gelu", activation == ClipConfiguration.Activation.GELU ? "GELU" : "QuickGELU",
                activation.expression());
        Weight narrowing = layers.linear(mlp, "c_proj", feedForward, width, positions).getFirst();
        Layers.inSequence(mlp, "c_fc", "gelu", "c_proj");
        layers.layerNormalization(block, "ln_2", width, positions);
        block.define("""
                def forward(self, x: Tensor) -> Tensor:
                    x = x + self.attn.forward(self.ln_1.forward(x))
                    return x + self.mlp.forward(self.ln_2.forward(x))
                """);
        return new Block(attention.getFirst(), attention.getLast(), widening, narrowing);
    }

    /** Adds {@code attn}, of queries, keys and values from one input. */
    private List<Weight> attention(ModulePart block, int width, int heads, long positions, boolean causal) {
        ModulePart attention = block.child("attn", Layers.className("MultiheadAttention"));
        Weight input = attention.parameter("in_proj_weight", 3L * width, width);
        Weight bias = attention.parameter("in_proj_bias", 3L * width);
        layers.note(attention, "in_proj", Kind.LINEAR, input.shape(), input.elementCount() + bias.elementCount(),
                positions * input.elementCount(), positions, 3L * width);
        noteProducts(layers, attention, heads, width, positions, positions);
        // The output's layer initialises itself first, as in PyTorch's constructor.
        List<Weight> output = layers.linear(attention, "out_proj", width, width, positions);
        initialization.xavierUniform(input);
        bias.fill(0);
        initialization.zeroAtLast(output.getLast());
        attention.define(String.format(Locale.ROOT, """
                def forward(self, x: Tensor) -> Tensor:
                    heads = torch.linear(x, self.in_proj_weight, self.in_proj_bias)
                    heads = heads.reshape([x.size(0), x.size(1), 3, %1$d, %2$d]).permute([2, 0, 3, 1, 4])
                    x = torch.scaled_dot_product_attention(heads[0], heads[1], heads[2], None, 0.0, %3$s)
                    return self.out_proj.forward(torch.flatten(x.transpose(1, 2), 2))
                """, heads, width / heads, causal ? "True" : "False"));
        return List.of(input, output.getFirst());
    }

    /** Notes queries times keys and weights times values. */
    static void noteProducts(Layers layers, ModulePart parent, int heads, long width, long queries, long keys) {
        layers.note(parent, "attention", Kind.ATTENTION, new long[] {heads, width / heads}, 0,
                2 * queries * keys * width, queries, width);
    }
}
