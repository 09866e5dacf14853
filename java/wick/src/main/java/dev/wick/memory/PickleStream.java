package dev.wick.memory;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * Writes Python's pickle protocol 2 as it goes along; one thread.
 *
 * <p>The libraries for it, such as Pyrolite's pickle, take the whole object graph: a dictionary for each of ten million
 * events would be gigabytes of heap. Here an element is written when it is known. Each text is written once, and later
 * referred to. Opcodes are those that PyTorch's viewer reads.
 */
final class PickleStream {
    /** The viewer passes a batch's elements as one call's arguments. */
    private static final int BATCH = 1000;

    private static final int PROTOCOL = 0x80;
    private static final int NEW_TRUE = 0x88;
    private static final int NEW_FALSE = 0x89;
    private static final int TUPLE_2 = 0x86;
    private static final int LONG_1 = 0x8a;

    private final OutputStream out;
    private final Map<String, Integer> texts = new HashMap<>();
    private int remembered;

    PickleStream(OutputStream out) throws IOException {
        this.out = out;
        out.write(PROTOCOL);
        out.write(2);
    }

    void end() throws IOException {
        out.write('.');
    }

    void beginDictionary() throws IOException {
        out.write('}');
        out.write('(');
    }

    /** After it comes the value. */
    PickleStream key(String name) throws IOException {
        text(name);
        return this;
    }

    void endDictionary() throws IOException {
        out.write('u');
    }

    /** A list that is written element by element. */
    Elements beginList() throws IOException {
        out.write(']');
        return new Elements();
    }

    /** Counts a list's elements. */
    final class Elements {
        private int inBatch;

        /** Comes before each element. */
        void next() throws IOException {
            if (inBatch == BATCH) {
                out.write('e');
                inBatch = 0;
            }
            if (inBatch == 0) {
                out.write('(');
            }
            inBatch++;
        }

        void end() throws IOException {
            if (inBatch > 0) {
                out.write('e');
            }
        }
    }

    void text(String text) throws IOException {
        Integer known = texts.get(text);
        if (known != null) {
            recall(known);
            return;
        }
        // Half of a surrogate pair is no UTF-8: Java replaces it.
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        out.write('X');
        fourBytes(bytes.length);
        out.write(bytes);
        texts.put(text, remember());
    }

    void number(long value) throws IOException {
        if (value >= 0 && value < 1 << 8) {
            out.write('K');
            out.write((int) value);
        } else if (value >= 0 && value < 1 << 16) {
            out.write('M');
            out.write((int) value);
            out.write((int) (value >> 8));
        } else if (value == (int) value) {
            out.write('J');
            fourBytes((int) value);
        } else {
            out.write(LONG_1);
            out.write(Long.BYTES);
            fourBytes((int) value);
            fourBytes((int) (value >> 32));
        }
    }

    void bool(boolean value) throws IOException {
        out.write(value ? NEW_TRUE : NEW_FALSE);
    }

    void pair(long first, long second) throws IOException {
        number(first);
        number(second);
        out.write(TUPLE_2);
    }

    /** Keeps the value written last; {@link #recall} refers to it by what is returned. */
    int remember() throws IOException {
        out.write('r');
        fourBytes(remembered);
        return remembered++;
    }

    void recall(int index) throws IOException {
        if (index < 1 << 8) {
            out.write('h');
            out.write(index);
        } else {
            out.write('j');
            fourBytes(index);
        }
    }

    private void fourBytes(int value) throws IOException {
        out.write(value);
        out.write(value >> 8);
        out.write(value >> 16);
        out.write(value >> 24);
    }
}
