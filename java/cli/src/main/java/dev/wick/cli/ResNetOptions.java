package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.Labels;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.image.ImagePreprocessor;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import picocli.CommandLine.Option;

/** Which classifier stands beside CLIP, and what its outputs are. */
final class ResNetOptions {
    @Option(names = "--resnet", paramLabel = "MODEL", required = true,
            description = "A classifier with one score for each class: a TorchScript archive, weights (.safetensors, .pth, "
                    + ".bin), or a built-in name with random weights.")
    private String model;

    @Option(names = "--resnet-size", paramLabel = "PIXELS", defaultValue = "224",
            description = "Height and width of its pictures, prepared by ImageNet's recipe (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(names = "--resnet-resize", paramLabel = "PIXELS",
            description = "Length of the shorter side before the crop (default: 256/224 of --resnet-size, as for ImageNet).")
    private Integer resized;

    @Option(names = "--resnet-labels", paramLabel = "FILE", description = "The classes of its outputs, one label a line or "
            + "{0: 'tench, Tinca tinca', ...} (default: ImageNet's for 1000 outputs, else the class folders by name).")
    private Path labels;

    Optional<Labels> labels() {
        return Optional.ofNullable(labels).map(Labels::read);
    }

    /** The classifier, the caller's to close. */
    ImageClassifier open(long seed, Device device, DType dtype) {
        ImagePreprocessor recipe = resized == null ? ImagePreprocessor.imagenet(size) : ImagePreprocessor.imagenet(resized, size);
        ImageClassifier classifier = ModelSource.builtIn(model)
                .map(architecture -> ImageClassifier.build(architecture, seed, recipe, device, dtype))
                .orElseGet(() -> ImageClassifier.load(Path.of(model), recipe, device, dtype));
        if (classifier.model().methods().stream().anyMatch(method -> method.name().equals("encode_image"))) {
            classifier.close();
            throw new CliException("--resnet " + model + " is a CLIP, which has no outputs of classes",
                    "--resnet takes a classifier, --clip a CLIP");
        }
        return classifier;
    }

    /** All that its outputs depend on beside the picture; nothing is hashed where nothing is kept. */
    String pictureIdentity(UnfinishedRuns runs, ClipOptions computed) throws IOException {
        return runs.areKept() ? ModelSource.identity(model, computed.seed()) + computed.computed() : "";
    }

    /** Says what it was. */
    StudyReport describe(StudyReport report, long seed) {
        report.data("resnet", model);
        return report.fact("ResNet", ModelSource.described(model, seed));
    }
}
