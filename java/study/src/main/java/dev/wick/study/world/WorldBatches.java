package dev.wick.study.world;

import dev.wick.DType;
import dev.wick.study.training.BatchSource;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PixelImage;
import dev.wick.vision.text.ClipTokenizer;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.stream.IntStream;

/** Drawn pictures in a new order for each epoch, with a caption or a label each; one thread. */
final class WorldBatches implements BatchSource {
    private static final int CAPTIONS_OF_EACH = 8;
    private static final long ORDER = 3;
    private static final long CHOICE = 4;

    private final List<DrawnPicture> pictures;
    private final PixelImage[] pixels;
    private final ImagePreprocessor recipe;
    private final int batch;
    private final long seed;
    /** The token ids of each picture's captions; null for labels. */
    private final int[][][] captions;
    private final int textLength;
    private final int[] order;
    private long orderedEpoch = -1;

    /** @param tokenizer null for batches of pictures and the numbers of their shapes */
    WorldBatches(List<DrawnPicture> pictures, PixelImage[] pixels, ImagePreprocessor recipe, ClipTokenizer tokenizer,
            int batch, long seed) {
        this.pictures = pictures;
        this.pixels = pixels;
        this.recipe = recipe;
        this.batch = batch;
        this.seed = seed;
        textLength = tokenizer == null ? 0 : tokenizer.contextLength();
        captions = tokenizer == null ? null : pictures.stream()
                .map(picture -> picture.captions(CAPTIONS_OF_EACH).stream()
                .map(caption -> tokenizer.encode(caption).ids()).toArray(int[][]::new)).toArray(int[][][]::new);
        order = new int[pictures.size()];
    }

    /** Draws pictures on all cores. */
    static PixelImage[] drawn(List<DrawnPicture> pictures) {
        return IntStream.range(0, pictures.size()).parallel().mapToObj(i -> new PixelImage(WorldModels.SIDE,
                WorldModels.SIDE, pictures.get(i).draw(WorldModels.SIDE))).toArray(PixelImage[]::new);
    }

    @Override
    public List<Part> parts() {
        return List.of(new Part(DType.FLOAT32, batch, Painter.CHANNELS, WorldModels.SIDE, WorldModels.SIDE),
                captions == null ? new Part(DType.INT64, batch) : new Part(DType.INT32, batch, textLength));
    }

    @Override
    public void fill(long step, List<MemorySegment> memory) {
        long perEpoch = order.length / batch;
        long epoch = step / perEpoch;
        if (epoch != orderedEpoch) {
            shuffle(epoch);
        }
        for (int i = 0; i < batch; i++) {
            int index = order[(int) (step % perEpoch) * batch + i];
            recipe.normalize(pixels[index], memory.get(0).asSlice(i * recipe.byteSize(), recipe.byteSize()));
            if (captions == null) {
                memory.get(1).setAtIndex(ValueLayout.JAVA_LONG, i, pictures.get(index).object().shape().ordinal());
            } else {
                int chosen = (int) Long.remainderUnsigned(Draws.mixed(seed, CHOICE, epoch, index), CAPTIONS_OF_EACH);
                MemorySegment.copy(captions[index][chosen], 0, memory.get(1), ValueLayout.JAVA_INT,
                        (long) i * textLength * Integer.BYTES, textLength);
            }
        }
    }

    private void shuffle(long epoch) {
        Draws draws = new Draws(Draws.mixed(seed, ORDER, epoch));
        for (int i = 0; i < order.length; i++) {
            order[i] = i;
        }
        for (int i = order.length - 1; i > 0; i--) {
            int other = draws.below(i + 1);
            int kept = order[i];
            order[i] = order[other];
            order[other] = kept;
        }
        orderedEpoch = epoch;
    }
}
