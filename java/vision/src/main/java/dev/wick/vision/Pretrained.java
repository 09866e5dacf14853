package dev.wick.vision;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Model;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.BadArgumentException;
import dev.wick.vision.weights.ClipNames;
import dev.wick.vision.weights.StateDict;
import dev.wick.vision.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Models from files of weights: the architecture is told by the names and shapes in them; any thread.
 *
 * <p>CLIPs of any size are recognised under OpenAI's, OpenCLIP's and Hugging Face's names, residual networks of any size under
 * torchvision's, other models by having exactly the parameters of a built-in one.
 */
public final class Pretrained {
    private static final int NAMES_SHOWN = 5;
    /** That costs of residual networks are counted for, whose weights do not tell it. */
    private static final int RESOLUTION = 224;

    private Pretrained() {
    }

    /**
     * A model that was built for its weights.
     *
     * @param architecture it was recognised as
     * @param family       whose names the weights had; empty for models that are no CLIP
     * @param model        on the CPU, the caller's to close
     */
    public record Built(Architecture architecture, Optional<ClipNames.Family> family, TorchScriptModel model) {
    }

    /**
     * Builds the model that a state dict is of and copies the weights into it.
     *
     * @param activation of a CLIP's feed-forward layers, which no weights tell
     * @throws BadArgumentException if it is of no architecture that is known, or its shapes contradict each other
     * @throws dev.wick.vision.weights.WeightsMismatchException if names are missing or unexpected
     */
    public static Built build(StateDict weights, ClipConfiguration.Activation activation) {
        Optional<ClipNames.Canonical> clip = ClipNames.canonical(weights);
        if (clip.isEmpty()) {
            Architecture architecture = builtIn(weights);
            return new Built(architecture, Optional.empty(), filled(architecture, weights));
        }
        try (StateDict canonical = clip.get().weights()) {
            Architecture architecture = clip(canonical, activation);
            return new Built(architecture, Optional.of(clip.get().family()), filled(architecture, canonical));
        }
    }

    /**
     * Builds an architecture that is known and copies weights into it.
     *
     * @throws dev.wick.vision.weights.WeightsMismatchException if they are another's: it lists every name that does not fit
     */
    public static Built build(Architecture architecture, StateDict weights) {
        Optional<ClipNames.Canonical> clip = ClipNames.canonical(weights);
        if (clip.isEmpty()) {
            return new Built(architecture, Optional.empty(), filled(architecture, weights));
        }
        try (StateDict canonical = clip.get().weights()) {
            return new Built(architecture, Optional.of(clip.get().family()), filled(architecture, canonical));
        }
    }

    /**
     * The architecture that a state dict is of, without building it; of a CLIP with {@link
     * ClipConfiguration.Activation#QUICK_GELU}.
     *
     * @throws BadArgumentException if it is of no architecture that is known, or its shapes contradict each other
     */
    public static Architecture architecture(StateDict weights) {
        Optional<ClipNames.Canonical> clip = ClipNames.canonical(weights);
        if (clip.isEmpty()) {
            return builtIn(weights);
        }
        try (StateDict canonical = clip.get().weights()) {
            return clip(canonical, ClipConfiguration.Activation.QUICK_GELU);
        }
    }

    /** The published CLIP with the sizes of canonical weights, or one of those sizes. */
    private static Architecture clip(StateDict canonical, ClipConfiguration.Activation activation) {
        ClipConfiguration configuration = ClipConfiguration.infer(canonical.shapes()).withActivation(activation);
        for (Clip published : Clip.values()) {
            if (published.configuration().equals(configuration)) {
                return published;
            }
        }
        return new ClipArchitecture("clip", configuration);
    }

    private static TorchScriptModel filled(Architecture architecture, StateDict weights) {
        TorchScriptModel model = architecture.build(0);
        try {
            Weights.load(model, weights);
            return model;
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
    }

    /** The built-in architecture with exactly these parameters. */
    private static Architecture builtIn(StateDict weights) {
        Map<String, long[]> shapes = weights.shapes();
        record Candidate(Architecture architecture, List<String> differences) {
        }
        List<Candidate> candidates = new ArrayList<>();
        for (Architecture architecture : Architecture.all()) {
            List<String> differences = new ArrayList<>();
            architecture.summary().parameterShapes().forEach((name, shape) -> {
                long[] found = shapes.get(name);
                if (found == null) {
                    differences.add(name + " is missing");
                } else if (!Arrays.stream(found).boxed().toList().equals(shape)) {
                    differences.add(name + " is " + Arrays.toString(found) + ", not " + shape);
                }
            });
            if (differences.isEmpty()) {
                return architecture;
            }
            candidates.add(new Candidate(architecture, differences));
        }
        Optional<ResNetArchitecture> residual = ResNetArchitecture.infer(shapes, RESOLUTION);
        if (residual.isPresent()) {
            return residual.get();
        }
        Candidate nearest = candidates.stream().min(Comparator.comparingInt(each -> each.differences().size())).orElseThrow();
        List<String> differences = nearest.differences();
        throw new BadArgumentException(weights.source()
                + " holds the weights of no model that is known here; nearest is "
                + nearest.architecture().architectureName() + ", but " + String.join("; ",
                        differences.subList(0, Math.min(NAMES_SHOWN, differences.size())))
                + (differences.size() > NAMES_SHOWN ? " (and " + (differences.size() - NAMES_SHOWN) + " more)" : ""));
    }

    /**
     * Loads a TorchScript archive, or builds the model of a state dict; a CLIP with {@link
     * ClipConfiguration.Activation#QUICK_GELU}.
     *
     * @param file   archive, {@code .safetensors}, {@code .pth} or {@code .bin}
     * @param device that the model is to be on
     * @param dtype  floating dtype to compute in; half and device constants in an archive's graphs are patched
     * @return the caller's to close
     * @throws dev.wick.error.ModelUnreadableException if the file cannot be read
     */
    public static TorchScriptModel load(Path file, Device device, DType dtype) {
        // Told from the file's beginning: an archive is read and verified by the engine, once.
        if (StateDict.containerOf(file).filter(StateDict.Container.TORCHSCRIPT::equals).isPresent()) {
            return converted(Model.load(file, device), device, dtype);
        }
        TorchScriptModel built;
        try (StateDict weights = StateDict.read(file)) {
            built = build(weights, ClipConfiguration.Activation.QUICK_GELU).model();
        }
        return converted(built, device, dtype);
    }

    /** The model on a device in a dtype: itself where it is so already, else a copy, and the model is closed. */
    static TorchScriptModel converted(TorchScriptModel model, Device device, DType dtype) {
        TorchScriptModel result = model;
        try {
            if (!result.device().equals(device)) {
                result = replaced(result, result.to(device).model());
            }
            if (!computesIn(result, dtype)) {
                result = replaced(result, result.to(dtype).model());
            }
            return result;
        } catch (RuntimeException e) {
            result.close();
            throw e;
        }
    }

    private static TorchScriptModel replaced(TorchScriptModel old, TorchScriptModel made) {
        old.close();
        return made;
    }

    private static boolean computesIn(TorchScriptModel model, DType dtype) {
        try (TensorScope _ = TensorScope.open()) {
            for (Tensor parameter : model.parameters().values()) {
                if (parameter.dtype().isFloating() && parameter.dtype() != dtype) {
                    return false;
                }
            }
        }
        return model.constants().stream().noneMatch(constant -> constant.kind().equals("dtype")
                && Arrays.stream(DType.values()).anyMatch(each -> each.isFloating() && each != dtype
                        && each.torchName().equals(constant.value()) && each != DType.FLOAT32));
    }
}
