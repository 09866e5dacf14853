package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.vision.file.Npy;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PixelImage;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;
import picocli.CommandLine.TypeConversionException;

/** {@code wick preprocess}. */
@Command(name = "preprocess", description = "Prepares a picture for a model, as Pillow and torchvision do, and writes "
        + "it as an .npy file.",
        footer = {"",
                "clip: the shorter side to --size, bicubic, in the picture's own mode; a square from the centre; to "
                        + "RGB; by CLIP's mean and deviation. imagenet: to RGB; the shorter side to 256/224 of --size, "
                        + "bilinear; a square from the centre; by ImageNet's. EXIF orientation and colour profiles are "
                        + "not applied. The 8-bit pixels are Pillow's; those of lossy WebP alone are decoded "
                        + "otherwise."})
final class PreprocessCommand implements Callable<Integer> {
    private static final int LARGEST = 8192;

    @Parameters(paramLabel = "IMAGE", description = "A JPEG, PNG, GIF, BMP, TIFF or WebP file.")
    private Path image;

    @Option(names = "--recipe", paramLabel = "clip|imagenet", required = true, converter = RecipeConverter.class,
            description = "Of which models: clip or imagenet.")
    private Recipe recipe;

    @Option(names = "--size", paramLabel = "N", defaultValue = "224",
            description = "Side of the square that the model takes (default: ${DEFAULT-VALUE}).")
    private int size;

    @Option(names = "--uint8", description = "Write the 8-bit pixels before normalisation, [height, width, 3], and not "
            + "float32 [3, height, width].")
    private boolean uint8;

    @Option(names = "--out", paramLabel = "FILE.npy", required = true, description = "Where the array is written.")
    private Path out;

    @Spec
    private CommandSpec spec;

    /** The recipes that have names. */
    enum Recipe {
        CLIP, IMAGENET;

        ImagePreprocessor of(int size) {
            return this == CLIP ? ImagePreprocessor.clip(size) : ImagePreprocessor.imagenet(size);
        }
    }

    /** The recipe of a name. */
    static final class RecipeConverter implements ITypeConverter<Recipe> {
        @Override
        public Recipe convert(String text) {
            return switch (text) {
                case "clip" -> Recipe.CLIP;
                case "imagenet" -> Recipe.IMAGENET;
                default -> throw new TypeConversionException("expected clip or imagenet, got " + text);
            };
        }
    }

    @Override
    public Integer call() throws IOException {
        if (size < 1 || size > LARGEST) {
            throw new ParameterException(spec.commandLine(), "--size needs 1 to " + LARGEST + ", got " + size);
        }
        WritablePlace.require(out, "--out");
        ImagePreprocessor preprocessor = recipe.of(size);
        PixelImage pixels = preprocessor.pixels(image);
        try (Tensor tensor = uint8 ? bytes(pixels) : floats(preprocessor, pixels)) {
            Npy.write(out, tensor);
            spec.commandLine().getOut().println(out + ": " + tensor.dtype().torchName() + " "
                    + java.util.Arrays.toString(tensor.shape()));
        }
        return 0;
    }

    private static Tensor bytes(PixelImage pixels) {
        Tensor tensor = Tensor.empty(DType.UINT8, pixels.height(), pixels.width(), 3);
        MemorySegment.copy(pixels.pixels(), 0, tensor.segment(), ValueLayout.JAVA_BYTE, 0, pixels.pixels().length);
        return tensor;
    }

    private static Tensor floats(ImagePreprocessor preprocessor, PixelImage pixels) {
        Tensor tensor = Tensor.empty(DType.FLOAT32, 3, pixels.height(), pixels.width());
        preprocessor.normalize(pixels, tensor.segment());
        return tensor;
    }
}
