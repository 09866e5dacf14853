package dev.wick.study.world;

import dev.wick.DType;
import dev.wick.MemoryFormat;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PixelImage;
import dev.wick.vision.text.ClipTokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import java.util.function.LongUnaryOperator;
import java.util.function.ToIntFunction;

/** How often the tiny models name drawn pictures rightly; one thread. */
final class WorldAccuracy {
    private static final int BATCH = 64;

    private WorldAccuracy() {
    }

    /** Pictures, drawn once for several measurements. */
    record Drawn(List<DrawnPicture> pictures, PixelImage[] pixels) {
        Drawn(List<DrawnPicture> pictures) {
            this(pictures, WorldBatches.drawn(pictures));
        }
    }

    /** The share of pictures whose best caption is their own. */
    static double zeroShot(TorchScriptModel clip, Drawn pictures, List<String> captions,
            ToIntFunction<DrawnPicture> truth) {
        return zeroShot(clip, pictures, captions, truth, best -> best);
    }

    private static double zeroShot(TorchScriptModel clip, Drawn pictures, List<String> captions,
            ToIntFunction<DrawnPicture> truth, LongUnaryOperator meaning) {
        ClipTokenizer tokenizer = WorldModels.tokenizer();
        try (TensorScope _ = TensorScope.open()) {
            int length = tokenizer.contextLength();
            int[] ids = new int[captions.size() * length];
            for (int i = 0; i < captions.size(); i++) {
                System.arraycopy(tokenizer.encode(captions.get(i)).ids(), 0, ids, i * length, length);
            }
            Tensor texts = normalized(clip.call("encode_text", Tensor.of(ids, captions.size(), length)).tensor());
            Tensor transposed = Operator.call("aten::t", texts).tensor().contiguous(MemoryFormat.CONTIGUOUS);
            return share(WorldModels.clipRecipe(), pictures, truth, meaning, images -> Operator.call("aten::mm",
                    normalized(clip.call("encode_image", images).tensor()), transposed).tensor());
        }
    }

    /** The share of pictures whose best one of the 64 pairs has their shape. */
    static double zeroShotByPairs(TorchScriptModel clip, Drawn pictures) {
        int shapes = Shape.values().length;
        return zeroShot(clip, pictures, pairs(), WorldAccuracy::shape, best -> best % shapes);
    }

    /** The share of pictures whose shape has the largest logit. */
    static double ofShapes(TorchScriptModel classifier, Drawn pictures) {
        return share(WorldModels.classifierRecipe(), pictures, WorldAccuracy::shape, best -> best,
                images -> classifier.forward(images));
    }

    /** {@code a photo of a red circle} for all 64 pairs, by colour and then shape. */
    static List<String> pairs() {
        List<String> captions = new ArrayList<>();
        for (Colour colour : Colour.values()) {
            for (Shape shape : Shape.values()) {
                captions.add("a photo of " + (colour == Colour.ORANGE ? "an " : "a ") + colour.word() + " "
                        + shape.word());
            }
        }
        return captions;
    }

    static int pair(DrawnPicture picture) {
        return picture.object().colour().ordinal() * Shape.values().length + picture.object().shape().ordinal();
    }

    /** A template with each of the eight shapes. */
    static List<String> shapes(String template) {
        return WorldModels.classes().stream().map(each -> String.format(template, each)).toList();
    }

    static int shape(DrawnPicture picture) {
        return picture.object().shape().ordinal();
    }

    private static Tensor normalized(Tensor features) {
        Tensor norm = Operator.call("aten::norm", features, 2, new long[] {1}, true).tensor();
        return Operator.call("aten::div", features, norm).tensor();
    }

    private static double share(ImagePreprocessor recipe, Drawn drawn, ToIntFunction<DrawnPicture> truth,
            LongUnaryOperator meaning, Function<Tensor, Tensor> scores) {
        int right = 0;
        int all = drawn.pictures.size();
        for (int from = 0; from < all; from += BATCH) {
            int count = Math.min(BATCH, all - from);
            try (TensorScope _ = TensorScope.open()) {
                Tensor images = Tensor.empty(DType.FLOAT32, count, Painter.CHANNELS, WorldModels.SIDE,
                        WorldModels.SIDE);
                for (int i = 0; i < count; i++) {
                    recipe.normalize(drawn.pixels[from + i], images.segment().asSlice(i * recipe.byteSize(),
                            recipe.byteSize()));
                }
                long[] best = Operator.call("aten::argmax", scores.apply(images), 1).tensor().toLongArray();
                for (int i = 0; i < count; i++) {
                    right += meaning.applyAsLong(best[i]) == truth.applyAsInt(drawn.pictures.get(from + i)) ? 1 : 0;
                }
            }
        }
        return (double) right / all;
    }
}
