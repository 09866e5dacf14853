package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.DTypeNames;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.TextFeatureCache;
import dev.wick.vision.ClipModel;
import dev.wick.vision.text.ClipTokenizer;
import dev.wick.vision.text.Overflow;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Option;

/** Which CLIP a study takes, with which vocabulary, and how it is run. */
final class ClipOptions {
    private static final String NO_CACHE = "none";
    private static final List<String> VOCABULARIES = List.of("bpe_simple_vocab_16e6.txt.gz", "bpe_simple_vocab_16e6.txt",
            "tokenizer.json", "vocabulary.txt.gz");

    @Option(names = {"--model", "--clip"}, paramLabel = "MODEL", required = true,
            description = "A CLIP: OpenAI's TorchScript archive, weights (.safetensors, .pth, .bin; OpenAI's, "
                    + "OpenCLIP's or Hugging Face's names), or a built-in name with random weights.")
    private String model;

    @Option(names = "--vocab", paramLabel = "FILE", description = "Its vocabulary: bpe_simple_vocab_16e6.txt.gz or "
            + "tokenizer.json (default: the one beside the model).")
    private Path vocabulary;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", converter = DTypeOption.class, defaultValue = "fp32",
            description = "Compute in this dtype (default: ${DEFAULT-VALUE}).")
    private DType dtype;

    @Option(names = "--batch", paramLabel = "N", defaultValue = "32",
            description = "Pictures that are encoded at once (default: ${DEFAULT-VALUE}).")
    private int batch;

    @Option(names = "--optimize", paramLabel = "auto|none|freeze|ofi|onednn", defaultValue = "none",
            description = "What is done to the image tower for speed; auto tries, which pays for many pictures "
                    + "(default: ${DEFAULT-VALUE}).")
    private Optimization optimization;

    @Option(names = "--seed", paramLabel = "N", defaultValue = "0",
            description = "Of a built-in model's random weights, and of what a study draws (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(names = "--text-cache", paramLabel = "DIR|none",
            description = "Where features of labels are kept (default: "
            + "text-features in WICK_CACHE).")
    private String cache;

    private String modelIdentity;

    int batch() {
        return batch;
    }

    Optimization optimization() {
        return optimization;
    }

    Device device() {
        return device;
    }

    DType dtype() {
        return dtype;
    }

    long seed() {
        return seed;
    }

    /** The model, the caller's to close. */
    ClipModel open() {
        return ModelSource.builtIn(model).map(architecture -> ClipModel.build(architecture, seed, device, dtype))
                .orElseGet(() -> ClipModel.load(Path.of(model), device, dtype));
    }

    /** The tokenizer that fits a model; texts that are too long are cut. */
    ClipTokenizer tokenizer(ClipModel clip) throws IOException {
        return tokenizer(clip, vocabularyFile());
    }

    /** The tokenizer of a vocabulary that fits a model; texts that are too long are cut. */
    static ClipTokenizer tokenizer(ClipModel clip, Path vocabulary) throws IOException {
        return ClipTokenizer.of(vocabulary).withVocabulary(clip.configuration().vocabularySize())
                .withContextLength(clip.configuration().contextLength()).withOverflow(Overflow.TRUNCATE);
    }

    private Path vocabularyFile() {
        return vocabulary != null ? vocabulary : vocabularyBeside(model);
    }

    /** The vocabulary in the folder that a model is in, or, for a built-in one, in the working directory. */
    static Path vocabularyBeside(String model) {
        Path parent = Path.of(model).toAbsolutePath().getParent();
        return VOCABULARIES.stream().map(parent::resolve).filter(Files::isRegularFile).findFirst()
                .orElseThrow(() -> new CliException("no vocabulary: none was named, and beside the model is none",
                        "--vocab FILE takes OpenAI's bpe_simple_vocab_16e6.txt.gz, or the model's tokenizer.json"));
    }

    /** {@link #identity} where text features are kept; nothing is hashed for a cache that keeps none. */
    String cacheIdentity() throws IOException {
        return NO_CACHE.equals(cache) ? "" : identity();
    }

    /** All that a text's features depend on. */
    String identity() throws IOException {
        return modelIdentity() + " " + TextFeatureCache.hash(vocabularyFile());
    }

    /** Which model it is, wherever its file lies. */
    String modelIdentity() throws IOException {
        if (modelIdentity == null) {
            modelIdentity = ModelSource.identity(model, seed);
        }
        return modelIdentity;
    }

    /** All that a picture's features depend on beside the picture; nothing is hashed where nothing is kept. */
    String pictureIdentity(UnfinishedRuns runs) throws IOException {
        return runs.areKept() ? modelIdentity() + computed() : "";
    }

    /** How, and by what: another release or LibTorch may give other numbers, which must not be mixed with these. */
    String computed() {
        return ", " + DTypeNames.of(dtype) + " on " + device + ", " + optimization.text() + ", Wick " + WickCommand.version()
                + ", LibTorch " + Engine.get().natives().torchVersion();
    }

    TextFeatureCache cache() {
        return cache == null ? TextFeatureCache.inWicksCache() : cache.equals(NO_CACHE) ? TextFeatureCache.none()
                : TextFeatureCache.in(Path.of(cache));
    }

    /** Says how the result was made. */
    StudyReport describe(StudyReport report, ClipModel clip) {
        report.data("model", model).data("dtype", DTypeNames.of(dtype)).data("device", device.toString());
        return report.fact("Model", ModelSource.described(model, seed)
                + "\n" + clip.configuration()).fact("Computed", DTypeNames.of(dtype) + " on " + device + ", batches of "
                        + batch + ", " + optimization.text());
    }
}
