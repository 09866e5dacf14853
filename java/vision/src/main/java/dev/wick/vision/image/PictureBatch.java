package dev.wick.vision.image;

import dev.wick.Tensor;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;

/**
 * Pictures that are ready for a model, in the order of their files; for the thread and the time of the call it is given
 * to.
 *
 * @param index  of the batch, from 0
 * @param files  of the pictures, those that could not be read left out; as many as the batch size, the last batch fewer
 * @param memory float32 of [files, 3, height, width], then whatever was there before
 * @param slot   of the {@link dev.wick.PinnedBuffer} that it is in; else 0
 * @param tensor of exactly those pictures over the same memory, which is closed after the call; null in page-locked
 *               memory or in the caller's
 */
public record PictureBatch(long index, List<Path> files, MemorySegment memory, int slot, Tensor tensor) {
    public PictureBatch {
        files = List.copyOf(files);
    }

    /** How many pictures there are. */
    public int size() {
        return files.size();
    }
}
