package dev.wick.vision.weights;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.error.ModelUnreadableException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file's bytes, mapped or read, and tensors that look into them; any thread.
 *
 * <p>The memory is an automatic arena's: whatever tensor uses it keeps it, however early this is closed.
 */
final class FileMemory implements StateDict.Resource {
    private static final long CHUNK = 1 << 30;
    private static final int ALIGNMENT = 64;

    private final String source;
    private final FileChannel channel;
    private final MemorySegment bytes;

    private FileMemory(String source, FileChannel channel, MemorySegment bytes) {
        this.source = source;
        this.channel = channel;
        this.bytes = bytes;
    }

    static FileMemory open(Path file, boolean mapped) {
        String source = file.toString();
        if (!Files.exists(file)) {
            throw new ModelUnreadableException(source, "there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new ModelUnreadableException(source, Files.isDirectory(file)
                    ? "it is a directory; name the file in it" : "it is no regular file");
        }
        FileChannel channel = null;
        try {
            // Java maps privately (for LibTorch to write to, while the file stays as it is) only what is open for
            // writing.
            boolean mappable = mapped && Files.isWritable(file);
            channel = mappable ? FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)
                    : FileChannel.open(file, StandardOpenOption.READ);
            long size = channel.size();
            if (size == 0) {
                throw new ModelUnreadableException(source, "the file is empty");
            }
            if (mappable) {
                FileMemory memory = new FileMemory(source, channel, channel.map(FileChannel.MapMode.PRIVATE, 0, size,
                        Arena.ofAuto()));
                channel = null;
                return memory;
            }
            return new FileMemory(source, null, read(channel, size, source));
        } catch (IOException | UnsupportedOperationException e) {
            throw new ModelUnreadableException(source, "it cannot be read ("
                    + (e.getMessage() == null ? e.toString() : e.getMessage()) + ")");
        } finally {
            closeQuietly(channel);
        }
    }

    private static MemorySegment read(FileChannel channel, long size, String source) throws IOException {
        MemorySegment memory = Arena.ofAuto().allocate(size, ALIGNMENT);
        for (long at = 0; at < size;) {
            int count = channel.read(memory.asSlice(at, Math.min(CHUNK, size - at)).asByteBuffer(), at);
            if (count < 0) {
                throw new ModelUnreadableException(source, "the file became shorter while it was read");
            }
            at += count;
        }
        return memory;
    }

    private static void closeQuietly(FileChannel channel) {
        if (channel != null) {
            try {
                channel.close();
            } catch (IOException e) {
                // It was only read from.
            }
        }
    }

    MemorySegment bytes() {
        return bytes;
    }

    /** Whether the bytes are the file's own pages. */
    @Override
    public boolean isMapped() {
        return channel != null;
    }

    String source() {
        return source;
    }

    /** Throws when the mapped file was cut short: reading behind its end would end the process. */
    void requireWhole() {
        if (channel == null) {
            return;
        }
        try {
            if (channel.isOpen() && channel.size() < bytes.byteSize()) {
                throw new ModelUnreadableException(source, "the file became shorter after it was opened: "
                        + channel.size() + " bytes of " + bytes.byteSize());
            }
        } catch (IOException e) {
            throw new ModelUnreadableException(source, "it cannot be read any more (" + e + ")");
        }
    }

    /**
     * A tensor over a part of this memory: the memory itself where it is aligned and in this machine's order, a copy
     * otherwise.
     *
     * @param span    from the first element to the end of the last
     * @param strides in elements; null for a contiguous tensor
     */
    Tensor tensor(MemorySegment span, DType dtype, long[] shape, long[] strides, ByteOrder order) {
        requireWhole();
        int width = dtype.isComplex() ? dtype.byteSize() / 2 : dtype.byteSize();
        MemorySegment memory = span;
        boolean swapped = order != ByteOrder.nativeOrder() && width > 1;
        if (swapped || span.address() % dtype.byteSize() != 0 || dtype == DType.BOOL && !isBoolean(span)) {
            memory = Arena.ofAuto().allocate(Math.max(1, span.byteSize()), ALIGNMENT).asSlice(0, span.byteSize());
            memory.copyFrom(span);
            if (swapped) {
                swap(memory, width);
            }
            if (dtype == DType.BOOL) {
                toBoolean(memory);
            }
        }
        return strides == null ? Tensor.wrap(memory, dtype, shape) : Tensor.wrapStrided(memory, dtype, shape, strides);
    }

    /** LibTorch takes the bytes as they are, and any other than 0 and 1 makes its results arbitrary. */
    private static boolean isBoolean(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize(); i++) {
            if ((memory.get(ValueLayout.JAVA_BYTE, i) & ~1) != 0) {
                return false;
            }
        }
        return true;
    }

    private static void toBoolean(MemorySegment memory) {
        for (long i = 0; i < memory.byteSize(); i++) {
            memory.set(ValueLayout.JAVA_BYTE, i, (byte) (memory.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1));
        }
    }

    private static void swap(MemorySegment memory, int width) {
        for (long at = 0; at < memory.byteSize(); at += width) {
            switch (width) {
                case 2 -> memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at,
                        Short.reverseBytes(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at)));
                case 4 -> memory.set(ValueLayout.JAVA_INT_UNALIGNED, at,
                        Integer.reverseBytes(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at)));
                default -> memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at,
                        Long.reverseBytes(memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at)));
            }
        }
    }

    @Override
    public void close() {
        closeQuietly(channel);
    }
}
