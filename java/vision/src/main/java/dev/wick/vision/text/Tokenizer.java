package dev.wick.vision.text;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** Turns texts into rows of token ids of one length, as text towers take them; may be called by any thread. */
public interface Tokenizer {
    /** The length of every row. */
    int contextLength();

    /** How many ids there are: they go from 0 to one less. */
    int vocabularySize();

    /**
     * The ids of one text, with its beginning and its end marked, padded to the context's length.
     *
     * @throws BadArgumentException when the text is too long for a tokenizer that does not truncate
     */
    Tokens encode(String text);

    /**
     * The text that ids stand for, as far as tokens keep it (not its case, not its spaces): from the beginning's mark,
     * if there is one, to the first end's mark.
     *
     * @throws BadArgumentException when an id is none of the vocabulary's
     */
    String decode(int... ids);

    /** The ids of texts as a tensor of int32, [texts, context length], which is the caller's. */
    default Tensor encode(List<String> texts) {
        return encode(texts, DType.INT32);
    }

    /**
     * The ids of texts as a tensor, [texts, context length], which is the caller's.
     *
     * @param dtype int32 or int64
     * @throws BadArgumentException for another dtype, or when a text is too long; it says which
     */
    default Tensor encode(List<String> texts, DType dtype) {
        if (dtype != DType.INT32 && dtype != DType.INT64) {
            throw new BadArgumentException("token ids are int32 or int64, not " + dtype.torchName());
        }
        int length = contextLength();
        int[] ids = new int[Math.multiplyExact(texts.size(), length)];
        for (int i = 0; i < texts.size(); i++) {
            try {
                System.arraycopy(encode(texts.get(i)).ids(), 0, ids, i * length, length);
            } catch (BadArgumentException e) {
                throw new BadArgumentException("text " + i + " of " + texts.size() + ": " + e.getMessage());
            }
        }
        long[] shape = {texts.size(), length};
        if (dtype == DType.INT32) {
            return Tensor.of(ids, shape);
        }
        long[] wide = new long[ids.length];
        for (int i = 0; i < ids.length; i++) {
            wide[i] = ids[i];
        }
        return Tensor.of(wide, shape);
    }

    /**
     * Writes the ids of one text as int32 where they are wanted: into a row of a tensor's memory, or of a page-locked
     * buffer.
     *
     * @param row as many bytes as four times the context's length
     */
    default void encodeInto(String text, MemorySegment row) {
        long bytes = (long) contextLength() * Integer.BYTES;
        if (row.byteSize() != bytes) {
            throw new BadArgumentException("a row of " + contextLength() + " ids is " + bytes + " bytes, got "
                    + row.byteSize());
        }
        MemorySegment.copy(encode(text).ids(), 0, row, ValueLayout.JAVA_INT_UNALIGNED, 0, contextLength());
    }
}
