package dev.wick.vision;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import java.util.function.ToLongFunction;

/**
 * What an architecture is made of, and what one picture or one text costs it; immutable, for any thread.
 *
 * <p>It comes from the same walk that builds the model, without its tensors, so that names, shapes and counts are the
 * built model's however large it is. Costs are multiply-adds of convolutions, linear layers, projections and the two
 * products of attention, for a batch of one at the architecture's own resolution: everything else (normalisations,
 * activations, additions, pooling, table look-ups) counts as nothing. {@link #flops} counts a multiply-add as two, as
 * open_clip's table of models does; torchvision's table counts it as one. CLIP's attention pool is counted as it is
 * computed here, with one query; open_clip's figure is for one at each position, all but one of which it drops.
 *
 * @param name            as on the command line
 * @param imageResolution height and width of the picture that the costs are for
 * @param layers          in the order of the module
 * @param parameterShapes shapes of all parameters by qualified name, in the order of the built model
 * @param embeddingSizes  elements of what a tower's body gives: features before a classifier, or the shared embedding
 */
public record ArchitectureSummary(String name, int imageResolution, List<Layer> layers,
        Map<String, List<Long>> parameterShapes, Map<Tower, Long> embeddingSizes) {
    /** The stage that ends a tower: a classifier, an attention pool or a projection. */
    public static final String HEAD = "head";

    /** Copies what it is given. */
    public ArchitectureSummary {
        layers = List.copyOf(layers);
        parameterShapes = Collections.unmodifiableMap(new LinkedHashMap<>(parameterShapes));
        embeddingSizes = Map.copyOf(embeddingSizes);
    }

    /** The part of a model that a layer belongs to. */
    public enum Tower {
        /** What a picture runs through. */
        IMAGE,
        /** What a text runs through. */
        TEXT,
        /** What both meet in: the scale of CLIP's logits. */
        JOINT
    }

    /** What a layer computes. */
    public enum Kind {
        /** Shape [outputs, inputs / groups, kernel, kernel]. */
        CONVOLUTION,
        /** Shape [channels]. */
        BATCH_NORMALIZATION,
        /** Shape [width]. */
        LAYER_NORMALIZATION,
        /** Shape [outputs, inputs], with a bias. */
        LINEAR,
        /** Shape [inputs, outputs], without a bias. */
        PROJECTION,
        /** The two products of attention, which have no parameters; shape [heads, width of a head]. */
        ATTENTION,
        /** A table that tokens or positions are looked up in; shape [rows, width], or [width] for one row. */
        EMBEDDING,
        /** A number by itself; no shape. */
        SCALE
    }

    /**
     * A layer.
     *
     * @param tower        it belongs to
     * @param stage        of the tower: "stem", "layer1", ..., {@link #HEAD}
     * @param name         qualified, as in the state dict
     * @param kind         what it computes
     * @param shape        of its weight, as the kind says
     * @param output       sizes of what it gives for one picture or text: [channels, height, width] or [positions,
     *                     width]
     * @param parameters   elements of weight and bias
     * @param multiplyAdds of one picture or text
     */
    public record Layer(Tower tower, String stage, String name, Kind kind, List<Long> shape, List<Long> output,
            long parameters, long multiplyAdds) {
    }

    static ArchitectureSummary of(String name, int imageResolution, Layers layers, ModulePart root,
            Map<Tower, Long> embeddingSizes) {
        Map<String, List<Long>> shapes = new LinkedHashMap<>();
        root.parameters().forEach((parameter, shape) -> shapes.put(parameter,
                Arrays.stream(shape).boxed().toList()));
        return new ArchitectureSummary(name, imageResolution, layers.noted(), shapes, embeddingSizes);
    }

    /** Parameters of the whole model. */
    public long parameters() {
        return sum(_ -> true, Layer::parameters);
    }

    /** Parameters of a tower. */
    public long parameters(Tower tower) {
        return sum(layer -> layer.tower() == tower, Layer::parameters);
    }

    /** Parameters of a tower by stage, in order. */
    public Map<String, Long> parametersByStage(Tower tower) {
        return byStage(tower, Layer::parameters);
    }

    /** Multiply-adds of a tower for one picture or text. */
    public long multiplyAdds(Tower tower) {
        return sum(layer -> layer.tower() == tower, Layer::multiplyAdds);
    }

    /** Multiply-adds of a tower by stage, in order. */
    public Map<String, Long> multiplyAddsByStage(Tower tower) {
        return byStage(tower, Layer::multiplyAdds);
    }

    /** Floating-point operations of a tower for one picture or text: two for each multiply-add. */
    public long flops(Tower tower) {
        return 2 * multiplyAdds(tower);
    }

    /** The layers of a tower's head. */
    public List<Layer> head(Tower tower) {
        return layers.stream().filter(layer -> layer.tower() == tower && layer.stage().equals(HEAD)).toList();
    }

    private long sum(Predicate<Layer> which, ToLongFunction<Layer> what) {
        return layers.stream().filter(which).mapToLong(what).sum();
    }

    private Map<String, Long> byStage(Tower tower, ToLongFunction<Layer> what) {
        Map<String, Long> stages = new LinkedHashMap<>();
        for (Layer layer : layers) {
            if (layer.tower() == tower) {
                stages.merge(layer.stage(), what.applyAsLong(layer), Long::sum);
            }
        }
        return stages;
    }
}
