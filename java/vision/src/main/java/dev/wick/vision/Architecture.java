package dev.wick.vision;

import dev.wick.TorchScriptModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A model that Wick builds itself, as a TorchScript module with the parameter names of its origin, so that published
 * weights fit; any thread, and each build stays on the thread that asked for it.
 *
 * <pre>{@code
 * try (TorchScriptModel model = ResNet.RESNET50.build(0)) {
 *     model.save(Path.of("resnet50.pt"));
 * }
 * }</pre>
 */
public interface Architecture {
    /** The largest seed: LibTorch's CPU generator keeps 32 bits. */
    long MAXIMUM_SEED = 0xFFFF_FFFFL;

    /** Its name on the command line: {@code resnet50}. */
    String architectureName();

    /**
     * Builds the model on the CPU, in evaluation mode, with random weights; its parameters require gradients.
     *
     * @param seed from 0 to {@link #MAXIMUM_SEED}; one seed gives the same weights whatever the number of threads
     * @return the model, the caller's to close
     * @throws dev.wick.error.BadArgumentException if there is no such seed
     */
    TorchScriptModel build(long seed);

    /** What it is made of and what it costs, without building it. */
    ArchitectureSummary summary();

    /** All that have a name on the command line. */
    static List<Architecture> all() {
        List<Architecture> all = new ArrayList<>(List.of(ResNet.values()));
        all.add(EfficientNet.EFFICIENTNET_B0);
        all.addAll(List.of(Clip.values()));
        return List.copyOf(all);
    }

    /** The names of all that there are, in the same order. */
    static List<String> names() {
        return all().stream().map(Architecture::architectureName).toList();
    }

    /** The one with a name; empty when there is none. */
    static Optional<Architecture> named(String name) {
        return all().stream().filter(each -> each.architectureName().equals(name)).findFirst();
    }
}
