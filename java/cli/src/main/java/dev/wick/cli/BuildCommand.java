package dev.wick.cli;

import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.study.report.Json;
import dev.wick.study.report.Sizes;
import dev.wick.vision.Architecture;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
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
                        + "The weights are random: those that the original's constructor gives after "
                        + "torch.manual_seed(N). torch.jit.load reads the archive; it begins in evaluation mode."})
final class BuildCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", converter = ArchitectureConverter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = "The model: ${COMPLETION-CANDIDATES}.")
    private Architecture architecture;

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

    /** The architecture of a name. */
    static final class ArchitectureConverter implements ITypeConverter<Architecture> {
        @Override
        public Architecture convert(String name) {
            return Architecture.named(name).orElseThrow(() -> new TypeConversionException("'" + name
                    + "' is no built-in model; there are " + String.join(", ", Architecture.names())));
        }
    }

    @Override
    public Integer call() throws IOException {
        if (seed < 0 || seed > Architecture.MAXIMUM_SEED) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--seed needs 0 to "
                    + Architecture.MAXIMUM_SEED + " (LibTorch's generator keeps 32 bits), got " + seed);
        }
        WritablePlace.require(out, "--out");
        try (TorchScriptModel model = architecture.build(seed); TensorScope _ = TensorScope.open()) {
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
                result.put("seed", seed);
                result.put("parameters", counted);
                result.put("file", out.toString());
                result.put("fileBytes", fileBytes);
                print.println(Json.text(result));
            } else {
                print.println(architecture.architectureName() + ", seed " + seed + ": " + Sizes.count(count)
                        + " parameters, " + Sizes.bytes(bytes));
                print.println("written to " + out + ", " + Sizes.bytes(fileBytes));
            }
        }
        return 0;
    }
}
