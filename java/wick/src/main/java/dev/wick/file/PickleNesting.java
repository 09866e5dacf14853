package dev.wick.file;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How deep the objects of a pickle are nested, found by running its opcodes over depths instead of objects. LibTorch
 * unpickles with a stack of its own, but what comes out is inspected and freed recursively.
 *
 * <p>Opcodes are those that PyTorch's pickler writes (torch/csrc/jit/serialization/pickler.h, Python's pickle protocol
 * 2). What is not among them, or a stack that runs empty, is left for LibTorch to refuse: its own checks throw there.
 */
final class PickleNesting {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int MARK = -1;

    private final MemorySegment pickle;
    private final int limit;
    private final List<Integer> stack = new ArrayList<>();
    private final Map<Integer, Integer> memo = new HashMap<>();
    private long at;
    private int deepest;

    private PickleNesting(MemorySegment pickle, int limit) {
        this.pickle = pickle;
        this.limit = limit;
    }

    /** The depth, or the first one beyond the limit. */
    static int of(MemorySegment pickle, int limit) {
        PickleNesting nesting = new PickleNesting(pickle, limit);
        try {
            nesting.run();
        } catch (IndexOutOfBoundsException | java.util.NoSuchElementException e) {
            // A malformed pickle: what was seen so far counts.
        }
        return nesting.deepest;
    }

    private void run() {
        long size = pickle.byteSize();
        while (at < size && deepest <= limit) {
            int opcode = pickle.get(ValueLayout.JAVA_BYTE, at++) & 0xff;
            switch (opcode) {
                case '.' -> {
                    return;
                }
                case 0x80 -> at += 1;
                case '(' -> stack.add(MARK);
                case ']', ')', '}' -> push(1);
                case 'N', 0x88, 0x89 -> push(0);
                case 'K' -> leaf(1);
                case 'M' -> leaf(2);
                case 'J' -> leaf(4);
                case 'G' -> leaf(8);
                case 0x8a -> leaf(1 + (pickle.get(ValueLayout.JAVA_BYTE, at) & 0xff));
                case 'X', 'T', 'B' -> leaf(4 + (pickle.get(INT, at) & 0xffff_ffffL));
                case 'U', 'C', 0x8c -> leaf(1 + (pickle.get(ValueLayout.JAVA_BYTE, at) & 0xff));
                case 'c' -> {
                    line();
                    line();
                    push(0);
                }
                case 'q' -> memo.put(pickle.get(ValueLayout.JAVA_BYTE, at++) & 0xff, stack.getLast());
                case 'r' -> {
                    memo.put(pickle.get(INT, at), stack.getLast());
                    at += 4;
                }
                case 'h' -> push(memo.getOrDefault(pickle.get(ValueLayout.JAVA_BYTE, at++) & 0xff, 0));
                case 'j' -> {
                    push(memo.getOrDefault(pickle.get(INT, at), 0));
                    at += 4;
                }
                case '0' -> stack.removeLast();
                case 'a' -> into(stack.removeLast());
                case 'e', 'u' -> into(popToMark());
                case 's' -> into(Math.max(stack.removeLast(), stack.removeLast()));
                case 't' -> push(1 + popToMark());
                case 'l', 'd' -> push(1 + popToMark());
                case 0x85 -> push(1 + stack.removeLast());
                case 0x86 -> push(1 + Math.max(stack.removeLast(), stack.removeLast()));
                case 0x87 -> push(1 + Math.max(stack.removeLast(), Math.max(stack.removeLast(), stack.removeLast())));
                case 'R', 0x81, 'b' -> into(stack.removeLast());
                case 'Q' -> push(1 + stack.removeLast());
                default -> {
                    return;
                }
            }
        }
    }

    private void push(int depth) {
        deepest = Math.max(deepest, depth);
        stack.add(depth);
    }

    private void leaf(long bytes) {
        at += bytes;
        push(0);
    }

    /** Puts something into the object on top of the stack. */
    private void into(int depth) {
        push(Math.max(stack.removeLast(), depth + 1));
    }

    private int popToMark() {
        int depth = 0;
        int top = stack.removeLast();
        while (top != MARK) {
            depth = Math.max(depth, top);
            top = stack.removeLast();
        }
        return depth;
    }

    private void line() {
        while (pickle.get(ValueLayout.JAVA_BYTE, at++) != '\n') {
            // Up to the end of the line.
        }
    }
}
