package dev.wick.study.architecture;

import dev.wick.study.report.Sizes;
import dev.wick.vision.ArchitectureSummary;
import dev.wick.vision.ArchitectureSummary.Kind;
import dev.wick.vision.ArchitectureSummary.Layer;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Says what ends a tower; any thread. */
final class HeadDescription {
    private static final String POOL_PROJECTION = "_proj";

    private HeadDescription() {
    }

    /** The head's layers in a line, its matrices as inputs x outputs. */
    static String of(ArchitectureSummary summary, Tower tower) {
        List<Layer> head = summary.head(tower);
        Optional<Layer> attention = head.stream().filter(layer -> layer.kind() == Kind.ATTENTION).findFirst();
        List<String> matrices = new ArrayList<>();
        for (Layer layer : head) {
            if (layer.kind() == Kind.LINEAR || layer.kind() == Kind.PROJECTION || layer.kind() == Kind.CONVOLUTION) {
                matrices.add((attention.isPresent() || head.size() > 1 ? shortName(layer) + " " : "") + matrix(layer));
            }
        }
        String parameters = ", " + Sizes.count(head.stream().mapToLong(Layer::parameters).sum()) + " parameters";
        if (attention.isPresent()) {
            long positions = head.stream().filter(layer -> layer.kind() == Kind.EMBEDDING).findFirst()
                    .map(layer -> layer.shape().getFirst()).orElse(0L);
            return "attention pool over " + positions + " positions, " + attention.get().shape().get(0) + " heads of "
                    + attention.get().shape().get(1) + ": " + String.join(", ", matrices) + parameters;
        }
        return (head.stream().anyMatch(layer -> layer.kind() == Kind.PROJECTION) ? "projection: " : "linear ")
                + String.join(", ", matrices) + parameters;
    }

    private static String shortName(Layer layer) {
        String last = layer.name().substring(layer.name().lastIndexOf('.') + 1);
        return last.endsWith(POOL_PROJECTION) ? last.substring(0, last.length() - POOL_PROJECTION.length()) : last;
    }

    /** Inputs x outputs, in whichever order the weight has them. */
    private static String matrix(Layer layer) {
        List<Long> shape = layer.shape();
        return layer.kind() == Kind.PROJECTION ? shape.get(0) + "x" + shape.get(1) : shape.get(1) + "x" + shape.get(0);
    }
}
