package dev.wick.cli;

import dev.wick.study.architecture.ArchitectureStudy;
import dev.wick.study.architecture.ArchitectureStudy.Compared;
import dev.wick.vision.Architecture;
import dev.wick.vision.Pretrained;
import dev.wick.vision.weights.StateDict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick compare-architectures}. */
@Command(name = "compare-architectures",
        description = "Puts architectures side by side: layers, parameters, heads, embeddings, FLOPs.",
        footer = {"", "Nothing is built or run: names, shapes and counts come of the walk that builds a model. Of weights the "
                + "architecture is told by names and shapes.",
                "", "Multiply-adds are those of convolutions, linear layers, projections and attention's two products, for one "
                + "picture or text; FLOPs are twice as many."})
final class CompareArchitecturesCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", arity = "0..*", completionCandidates = ModelSource.BuiltInNames.class,
            description = "Two or more: weights or archives (.safetensors, .pth, .bin, .pt), or built-in names: "
                    + "${COMPLETION-CANDIDATES} (default: resnet50 clip-rn50).")
    private List<Path> models = new ArrayList<>();

    @Option(names = "--layers", description = "List all layers, with shapes, parameters and multiply-adds.")
    private boolean layers;

    @Mixin
    private ReportFiles files;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (models.isEmpty()) {
            models = List.of(Path.of("resnet50"), Path.of("clip-rn50"));
        }
        if (models.size() == 1) {
            throw new ParameterException(spec.commandLine(), "two models or more are needed to compare, got one: "
                    + models.getFirst());
        }
        if (models.stream().distinct().count() < models.size()) {
            throw new ParameterException(spec.commandLine(), "a model is given twice");
        }
        files.requireWritable();
        files.write(new ArchitectureStudy(models.stream().map(this::compared).toList()).report(layers), spec);
        return 0;
    }

    private Compared compared(Path model) {
        Optional<Architecture> builtIn = ModelSource.builtIn(model.toString());
        if (builtIn.isPresent()) {
            return new Compared(model.toString(), "built in", builtIn.get().summary());
        }
        if (!Files.exists(model)) {
            throw new CliException("there is no file " + model + ", and no built-in model of that name",
                    "there are " + String.join(", ", Architecture.names()));
        }
        try (StateDict weights = StateDict.read(model)) {
            Architecture architecture = Pretrained.architecture(weights);
            boolean named = models.stream().filter(each -> name(each).equals(name(model))).count() == 1;
            return new Compared(named ? name(model) : model.toString(), weights.source() + ": the shapes of "
                    + architecture.architectureName(), architecture.summary());
        }
    }

    private static String name(Path model) {
        return model.getFileName() == null ? model.toString() : model.getFileName().toString();
    }
}
