package dev.wick.vision.file;

import dev.wick.DType;
import dev.wick.MemoryFormat;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.error.BadArgumentException;
import dev.wick.error.TorchException;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;

/**
 * Reads and writes numpy's {@code .npy} files, straight between file and tensor memory; any thread.
 *
 * <p>Versions 1.0 to 3.0, either byte order, C and Fortran order, the numeric dtypes that LibTorch has. The file's size
 * is checked against its shape before anything is allocated, so that a header cannot ask for more memory than the file
 * has bytes. Pickles are never read.
 */
public final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    /** A real header is about a hundred bytes; numpy itself refuses those beyond 10,000 unless told otherwise. */
    private static final int LONGEST_HEADER = 1 << 20;
    private static final int ALIGNMENT = 64;
    private static final long CHUNK = 1 << 30;

    private Npy() {
    }

    /**
     * Reads a file into a CPU tensor of its dtype and shape, contiguous in C order.
     *
     * @return the tensor, the caller's to close
     * @throws NpyException if it is no readable {@code .npy}; the message names it and says why
     */
    public static Tensor read(Path file) {
        String source = file.toString();
        if (!Files.exists(file)) {
            throw new NpyException(source, "there is no such file");
        }
        if (!Files.isRegularFile(file)) {
            throw new NpyException(source, "it is no regular file");
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return read(channel, source);
        } catch (IOException e) {
            throw new NpyException(source, e.getMessage() == null ? e.toString() : e.getMessage(), e);
        }
    }

    private static Tensor read(FileChannel channel, String source) throws IOException {
        long fileSize = channel.size();
        ByteBuffer start = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, start.limit((int) Math.min(12, fileSize)), 0, source);
        start.flip();
        byte[] magic = new byte[Math.min(MAGIC.length, start.remaining())];
        start.get(magic);
        if (!Arrays.equals(magic, MAGIC)) {
            throw new NpyException(source, fileSize == 0 ? "the file is empty"
                    : "it is no .npy file (it does not begin with \\x93NUMPY)" + otherFormat(magic));
        }
        if (start.remaining() < 4) {
            throw new NpyException(source, "the file ends inside its header");
        }
        int major = start.get() & 0xff;
        int minor = start.get() & 0xff;
        if (major < 1 || major > 3 || minor != 0) {
            throw new NpyException(source, "it is of format " + major + "." + minor + "; there are 1.0, 2.0 and 3.0");
        }
        if (major > 1 && start.remaining() < 4) {
            throw new NpyException(source, "the file ends inside its header");
        }
        long headerLength = major == 1 ? start.getShort() & 0xffff : start.getInt() & 0xffff_ffffL;
        long headerStart = start.position();
        if (headerLength > fileSize - headerStart) {
            throw new NpyException(source, "its header of " + headerLength + " bytes reaches beyond the file's "
                    + fileSize);
        }
        if (headerLength > LONGEST_HEADER) {
            throw new NpyException(source, "its header has " + headerLength + " bytes; at most " + LONGEST_HEADER
                    + " are read");
        }
        ByteBuffer text = ByteBuffer.allocate((int) headerLength);
        readFully(channel, text, headerStart, source);
        NpyHeader header;
        long elements;
        try {
            header = NpyHeader.parse(new String(text.array(),
                    major == 3 ? StandardCharsets.UTF_8 : StandardCharsets.ISO_8859_1));
            elements = header.elementCount();
        } catch (IllegalArgumentException e) {
            throw new NpyException(source, e.getMessage(), e);
        }
        long dataStart = headerStart + headerLength;
        long expected = elements * header.dtype().byteSize();
        long found = fileSize - dataStart;
        if (found != expected) {
            throw new NpyException(source, "its shape " + Arrays.toString(header.shape()) + " of "
                    + header.dtype().torchName() + " needs " + expected + " bytes, and " + found + " are there"
                    + (found < expected ? ": the file is cut off" : ": something stands behind the array"));
        }
        return readData(channel, dataStart, header, source);
    }

    private static String otherFormat(byte[] start) {
        if (start.length >= 2 && start[0] == 'P' && start[1] == 'K') {
            return "; it is a zip file, as .npz and model archives are: save one array with numpy.save";
        }
        return start.length >= 1 && start[0] == (byte) 0x80 ? "; it is a pickle" : "";
    }

    private static Tensor readData(FileChannel channel, long start, NpyHeader header, String source)
            throws IOException {
        long[] shape = header.shape();
        boolean reversed = header.fortranOrder() && shape.length > 1;
        Tensor tensor;
        try {
            tensor = Tensor.empty(header.dtype(), reversed ? reversed(shape) : shape);
        } catch (BadArgumentException | TorchException e) {
            throw new NpyException(source, "LibTorch has no tensor of shape " + Arrays.toString(shape) + " ("
                    + e.getMessage() + ")", e);
        }
        try {
            MemorySegment memory = tensor.segment();
            for (long at = 0; at < memory.byteSize();) {
                ByteBuffer chunk = memory.asSlice(at, Math.min(CHUNK, memory.byteSize() - at)).asByteBuffer();
                at += readFully(channel, chunk, start + at, source);
            }
            if (header.order() == ByteOrder.BIG_ENDIAN) {
                swap(memory, header.dtype());
            }
            if (header.dtype() == DType.BOOL) {
                // LibTorch takes the bytes as they are, and any other than 0 and 1 makes its results arbitrary.
                for (long i = 0; i < memory.byteSize(); i++) {
                    memory.set(ValueLayout.JAVA_BYTE, i, (byte) (memory.get(ValueLayout.JAVA_BYTE, i) == 0 ? 0 : 1));
                }
            }
        } catch (IOException | RuntimeException e) {
            tensor.close();
            throw e;
        }
        if (!reversed) {
            return tensor;
        }
        long[] order = new long[shape.length];
        Arrays.setAll(order, i -> shape.length - 1 - i);
        try (tensor; Tensor permuted = tensor.permute(order)) {
            return permuted.isContiguous() ? permuted.copy() : permuted.contiguous(MemoryFormat.CONTIGUOUS);
        }
    }

    private static long[] reversed(long[] shape) {
        long[] reversed = new long[shape.length];
        Arrays.setAll(reversed, i -> shape[shape.length - 1 - i]);
        return reversed;
    }

    /** Turns the bytes of each element round; of a complex number, of each half. */
    private static void swap(MemorySegment memory, DType dtype) {
        int width = dtype.isComplex() ? dtype.byteSize() / 2 : dtype.byteSize();
        switch (width) {
            case 2 -> {
                for (long at = 0; at < memory.byteSize(); at += 2) {
                    memory.set(ValueLayout.JAVA_SHORT_UNALIGNED, at,
                            Short.reverseBytes(memory.get(ValueLayout.JAVA_SHORT_UNALIGNED, at)));
                }
            }
            case 4 -> {
                for (long at = 0; at < memory.byteSize(); at += 4) {
                    memory.set(ValueLayout.JAVA_INT_UNALIGNED, at,
                            Integer.reverseBytes(memory.get(ValueLayout.JAVA_INT_UNALIGNED, at)));
                }
            }
            case 8 -> {
                for (long at = 0; at < memory.byteSize(); at += 8) {
                    memory.set(ValueLayout.JAVA_LONG_UNALIGNED, at,
                            Long.reverseBytes(memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at)));
                }
            }
            default -> {
                // One byte has no order.
            }
        }
    }

    private static long readFully(FileChannel channel, ByteBuffer buffer, long from, String source) throws IOException {
        long at = from;
        while (buffer.hasRemaining()) {
            int count = channel.read(buffer, at);
            if (count < 0) {
                throw new NpyException(source, "the file became shorter while it was read");
            }
            at += count;
        }
        return at - from;
    }

    /** The dtype in which a tensor is written: its own, or the next wider one that numpy has. */
    public static DType writtenAs(DType dtype) {
        return switch (dtype) {
            case BFLOAT16, FLOAT8_E5M2, FLOAT8_E4M3FN, FLOAT8_E5M2FNUZ, FLOAT8_E4M3FNUZ, FLOAT8_E8M0FNU, QINT8, QUINT8,
                    QINT32 -> DType.FLOAT32;
            case COMPLEX32 -> DType.COMPLEX64;
            default -> dtype;
        };
    }

    /**
     * Writes a tensor from any device, in the dtype of {@link #writtenAs}; the file is there whole or not at all.
     *
     * @throws IOException if it cannot be written
     */
    public static void write(Path file, Tensor tensor) throws IOException {
        try (TensorScope _ = TensorScope.open()) {
            Tensor plain = tensor.dtype().isQuantized() ? one("aten::dequantize", tensor) : tensor;
            plain = plain.to(dev.wick.Device.CPU).to(writtenAs(plain.dtype()));
            if (plain.dtype().isComplex()) {
                // A conjugated view keeps its memory as it was, with a mark on it.
                plain = one("aten::resolve_conj", plain);
            }
            plain = one("aten::resolve_neg", plain).contiguous(MemoryFormat.CONTIGUOUS);
            ByteBuffer header = header(plain.dtype(), plain.shape());
            MemorySegment memory = plain.segment();
            WholeFile.writeChannel(file, channel -> {
                writeFully(channel, header);
                for (long at = 0; at < memory.byteSize(); at += CHUNK) {
                    writeFully(channel, memory.asSlice(at, Math.min(CHUNK, memory.byteSize() - at)).asByteBuffer());
                }
            });
        }
    }

    private static Tensor one(String operator, Tensor tensor) {
        return Operator.call(operator, tensor).tensor();
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    private static ByteBuffer header(DType dtype, long[] shape) {
        String code = switch (dtype) {
            case BOOL -> "|b1";
            case INT8 -> "|i1";
            case UINT8 -> "|u1";
            case INT16 -> "<i2";
            case INT32 -> "<i4";
            case INT64 -> "<i8";
            case UINT16 -> "<u2";
            case UINT32 -> "<u4";
            case UINT64 -> "<u8";
            case FLOAT16 -> "<f2";
            case FLOAT32 -> "<f4";
            case FLOAT64 -> "<f8";
            case COMPLEX64 -> "<c8";
            case COMPLEX128 -> "<c16";
            default -> throw new IllegalArgumentException("numpy has no " + dtype.torchName());
        };
        StringBuilder sizes = new StringBuilder();
        for (int i = 0; i < shape.length; i++) {
            sizes.append(i == 0 ? "" : " ").append(shape[i]).append(i == 0 || i < shape.length - 1 ? "," : "");
        }
        String text = "{'descr': '" + code + "', 'fortran_order': False, 'shape': (" + sizes + "), }";
        int before = MAGIC.length + 4;
        int length = Math.ceilDiv(before + text.length() + 1, ALIGNMENT) * ALIGNMENT - before;
        ByteBuffer header = ByteBuffer.allocate(before + length).order(ByteOrder.LITTLE_ENDIAN);
        header.put(MAGIC).put((byte) 1).put((byte) 0).putShort((short) length);
        header.put(text.getBytes(StandardCharsets.ISO_8859_1));
        while (header.remaining() > 1) {
            header.put((byte) ' ');
        }
        return header.put((byte) '\n').flip();
    }
}
