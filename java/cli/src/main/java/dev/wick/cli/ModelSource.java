package dev.wick.cli;

import dev.wick.Device;
import dev.wick.Model;
import dev.wick.TorchScriptModel;
import dev.wick.study.zeroshot.TextFeatureCache;
import dev.wick.vision.Architecture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Optional;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** What is given as MODEL: a TorchScript archive, or where no file has that name, a built-in model; any thread. */
final class ModelSource {
    /** Of the parameter; its candidates are the built-in names. */
    static final String DESCRIPTION = "A TorchScript archive, as torch.jit.save writes it; or, where there is no "
            + "file of that name, a built-in model: ${COMPLETION-CANDIDATES}, with the random weights of seed 0.";

    static final long SEED = 0;

    private final String text;
    private final Path path;

    private ModelSource(String text, Path path) {
        this.text = text;
        this.path = path;
    }

    /** Makes one of an argument. */
    static final class Converter implements ITypeConverter<ModelSource> {
        @Override
        public ModelSource convert(String text) {
            try {
                return new ModelSource(text, Path.of(text));
            } catch (InvalidPathException e) {
                throw new TypeConversionException("'" + text + "' is no path (" + e.getReason() + ")");
            }
        }
    }

    /** The names of built-in models, for help. */
    static final class BuiltInNames extends ArrayList<String> {
        private static final long serialVersionUID = 1L;

        BuiltInNames() {
            super(Architecture.names());
        }
    }

    private Optional<Architecture> builtIn() {
        return builtIn(text);
    }

    /** The built-in model of a name, unless a file has that name. */
    static Optional<Architecture> builtIn(String model) {
        return Files.exists(Path.of(model)) ? Optional.empty() : Architecture.named(model);
    }

    /** A model for a person: whether its weights are random. */
    static String described(String model, long seed) {
        return model + (builtIn(model).isPresent() ? " (built in Java, random weights, seed " + seed + ")" : "");
    }

    /** Which model it is, wherever its file lies. */
    static String identity(String model, long seed) throws IOException {
        return builtIn(model).isPresent() ? model + " " + seed : TextFeatureCache.hash(Path.of(model));
    }

    boolean isBuiltIn() {
        return builtIn().isPresent();
    }

    /** The file; empty for a built-in model. */
    Optional<Path> file() {
        return isBuiltIn() ? Optional.empty() : Optional.of(path);
    }

    /** The last part of a path, or the built-in name. */
    String name() {
        return path.getFileName() == null ? text : path.getFileName().toString();
    }

    /** Bytes of the archive; -1 when there is none. */
    long archiveBytes() {
        try {
            return isBuiltIn() ? -1 : Files.size(path);
        } catch (IOException e) {
            return -1;
        }
    }

    /** A model of its own for each call, loaded or built; the caller closes it. */
    TorchScriptModel open(Device device) {
        Optional<Architecture> architecture = builtIn();
        if (architecture.isEmpty()) {
            return Model.load(path, device);
        }
        TorchScriptModel built = architecture.get().build(SEED);
        if (device.equals(Device.CPU)) {
            return built;
        }
        try (built) {
            return built.to(device).model();
        }
    }

    /** As it was given. */
    @Override
    public String toString() {
        return text;
    }
}
