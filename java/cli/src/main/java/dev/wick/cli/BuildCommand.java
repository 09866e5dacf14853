package dev.wick.cli;

import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.study.report.Json;
import dev.wick.study.report.Sizes;
import dev.wick.vision.Architecture;
import dev.wick.vision.ClipConfiguration;
import dev.wick.vision.Pretrained;
import dev.wick.vision.weights.StateDict;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code wick build}. */
@Command(name = "build", description = "Builds a model, with no Python, and writes it as a TorchScript archive.",
        footer = {"",
                "Parameters and buffers have the names and shapes of torchvision's state dict, or of OpenAI's for "
                        + "CLIP, whose methods are forward(image, text), encode_image(image) and encode_text(text). "
                        + "Without --weights they are random: those that the original's constructor gives after "
                        + "torch.manual_seed(N). torch.jit.load reads the archive; it begins in evaluation mode.",
                "",
                "auto tells the model by the names and shapes of its weights: CLIPs of any size, under OpenAI's, OpenCLIP's or "
                        + "Hugging Face's names, and the built-in models."})
final class BuildCommand implements Callable<Integer> {
    private static final String AUTO = "auto";

    @Parameters(paramLabel = "NAME", completionCandidates = ModelSource.BuiltInNames.class,
            description = "The model: ${COMPLETION-CANDIDATES}; or auto, with --weights.")
    private String name;

    @Option(names = "--weights", paramLabel = "FILE", description = "Its weights: .safetensors (or an index of several), "
            + ".pth, .bin, or a TorchScript archive that they are taken from.")
    private Path weights;

    @Option(names = "--activation", paramLabel = "quick_gelu|gelu", defaultValue = "quick_gelu",
            converter = ActivationConverter.class, description = "Of a CLIP that auto is to tell, since weights do not say: "
                    + "quick_gelu in OpenAI's models, gelu in most of OpenCLIP's (default: ${DEFAULT-VALUE}).")
    private ClipConfiguration.Activation activation;

    @Option(names = "--out", paramLabel = "FILE", required = true,
            description = "Where the archive is written; a file that is there is replaced once the new one is whole.")
    private Path out;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Of the random weights (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private CommandSpec spec;

    /** An activation. */
    static final class ActivationConverter implements ITypeConverter<ClipConfiguration.Activation> {
        @Override
        public ClipConfiguration.Activation convert(String text) {
            return switch (text) {
                case "quick_gelu" -> ClipConfiguration.Activation.QUICK_GELU;
                case "gelu" -> ClipConfiguration.Activation.GELU;
                default -> throw new TypeConversionException("expected quick_gelu or gelu, got " + text);
            };
        }
    }

    @Override
    public Integer call() throws IOException {
        if (seed < 0 || seed > Architecture.MAXIMUM_SEED) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--seed needs 0 to "
                    + Architecture.MAXIMUM_SEED + " (LibTorch's generator keeps 32 bits), got " + seed);
        }
        WritablePlace.require(out, "--out");
        Optional<Architecture> named = name.equals(AUTO) ? Optional.empty() : Optional.of(Architecture.named(name)
                .orElseThrow(() -> new CommandLine.ParameterException(spec.commandLine(), "'" + name
                        + "' is no built-in model; there are auto, " + String.join(", ", Architecture.names()))));
        if (named.isEmpty() && weights == null) {
            throw new CommandLine.ParameterException(spec.commandLine(), "auto needs --weights");
        }
        Pretrained.Built built = built(named);
        Architecture architecture = built.architecture();
        try (TorchScriptModel model = built.model(); TensorScope _ = TensorScope.open()) {
            Map<String, Tensor> parameters = model.parameters();
            long count = parameters.values().stream().mapToLong(Tensor::elementCount).sum();
            long bytes = parameters.values().stream().mapToLong(Tensor::byteSize).sum();
            model.save(out);
            long fileBytes = Files.size(out);
            PrintWriter print = spec.commandLine().getOut();
            if (json) {
                Map<String, Object> counted = new LinkedHashMap<>();
                counted.put("count", count);
                counted.put("bytes", bytes);
                counted.put("tensors", parameters.size());
                Map<String, Object> result = new LinkedHashMap<>();
                result.put("model", architecture.architectureName());
                if (weights == null) {
                    result.put("seed", seed);
                } else {
                    result.put("weights", weights.toString());
                    built.family().ifPresent(family -> result.put("names", family.toString()));
                }
                result.put("parameters", counted);
                result.put("file", out.toString());
                result.put("fileBytes", fileBytes);
                print.println(Json.text(result));
            } else {
                print.println(architecture.architectureName() + (weights == null ? ", seed " + seed
                        : ", weights of " + weights + built.family().map(family -> " (names of " + family + ")").orElse(""))
                        + ": " + Sizes.count(count)
                        + " parameters, " + Sizes.bytes(bytes));
                print.println("written to " + out + ", " + Sizes.bytes(fileBytes));
            }
        }
        return 0;
    }

    private Pretrained.Built built(Optional<Architecture> named) {
        if (weights == null) {
            return new Pretrained.Built(named.orElseThrow(), Optional.empty(), named.orElseThrow().build(seed));
        }
        try (StateDict dict = StateDict.read(weights)) {
            return named.map(architecture -> Pretrained.build(architecture, dict))
                    .orElseGet(() -> Pretrained.build(dict, activation));
        }
    }
}
