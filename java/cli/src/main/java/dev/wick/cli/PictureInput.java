package dev.wick.cli;

import dev.wick.Tensor;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PixelImage;
import java.nio.file.Path;

/** A picture that is a model's input; any thread. */
record PictureInput(ImagePreprocessor recipe, PixelImage pixels) {
    /** Prepares a file as the model expects it: built-in names that begin with {@code clip-} are CLIP's. */
    static PictureInput of(Path file, String model, int width, int height) {
        ImagePreprocessor recipe = model.startsWith("clip-")
                ? ImagePreprocessor.clip(Math.max(width, height)).withCrop(width, height)
                : ImagePreprocessor.imagenet(Math.max(width, height)).withCrop(width, height);
        return new PictureInput(recipe, recipe.pixels(file));
    }

    /** A float32 tensor of {@code batch x 3 x height x width} that holds the picture {@code batch} times. */
    Tensor tensor(long batch) {
        return recipe.tensor(pixels, batch);
    }
}
