package dev.wick.vision.file;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.MemoryFormat;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.error.BadArgumentException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.file.WholeFile;
import java.io.IOException;
import java.io.StringWriter;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The {@code .safetensors} format: a JSON header of at most 100,000,000 bytes with the place of each tensor, then the
 * tensors' bytes, little-endian, in row-major order and without gaps; any thread.
 *
 * <p>{@link #header} reads only where the tensors are; {@link #write} writes whole files.
 */
public final class Safetensors {
    /** The format's own limit. */
    private static final long LONGEST_HEADER = 100_000_000;
    private static final int MAXIMUM_NESTING = 16;
    private static final int MAXIMUM_DIMENSIONS = 64;
    private static final int LENGTH_BYTES = Long.BYTES;
    private static final int ALIGNMENT = 8;
    private static final long CHUNK = 1 << 30;
    private static final String METADATA = "__metadata__";
    private static final ValueLayout.OfLong LENGTH =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final Map<DType, String> NAMES = new EnumMap<>(Map.ofEntries(Map.entry(DType.BOOL, "BOOL"),
            Map.entry(DType.UINT8, "U8"), Map.entry(DType.INT8, "I8"), Map.entry(DType.INT16, "I16"),
            Map.entry(DType.UINT16, "U16"), Map.entry(DType.INT32, "I32"), Map.entry(DType.UINT32, "U32"),
            Map.entry(DType.INT64, "I64"), Map.entry(DType.UINT64, "U64"), Map.entry(DType.FLOAT16, "F16"),
            Map.entry(DType.BFLOAT16, "BF16"), Map.entry(DType.FLOAT32, "F32"), Map.entry(DType.FLOAT64, "F64"),
            Map.entry(DType.FLOAT8_E4M3FN, "F8_E4M3"), Map.entry(DType.FLOAT8_E5M2, "F8_E5M2"),
            Map.entry(DType.FLOAT8_E8M0FNU, "F8_E8M0"), Map.entry(DType.COMPLEX64, "C64")));
    private static final Map<String, DType> DTYPES = new HashMap<>();

    static {
        NAMES.forEach((dtype, name) -> DTYPES.put(name, dtype));
    }

    private static final JsonFactory JSON = JsonFactory.builder()
            .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAXIMUM_NESTING)
                    .maxStringLength((int) LONGEST_HEADER).maxNameLength((int) LONGEST_HEADER).build())
            .build();

    private Safetensors() {
    }

    /**
     * Where a tensor is.
     *
     * @param dtype    of the elements
     * @param shape    elements along each dimension
     * @param offset   of its first byte in the file
     * @param byteSize of all elements
     */
    public record Entry(DType dtype, long[] shape, long offset, long byteSize) {
    }

    /**
     * What a file says of itself.
     *
     * @param tensors  by name, in the order of the header
     * @param metadata texts of the writer's
     */
    public record Header(Map<String, Entry> tensors, Map<String, String> metadata) {
        public Header {
            tensors = Collections.unmodifiableMap(tensors);
            metadata = Collections.unmodifiableMap(metadata);
        }
    }

    /**
     * Reads the header and checks it against the file's size: every tensor inside of the file, its bytes as many as its
     * shape and dtype need, each byte of the file one tensor's, no name twice. No tensor is read.
     *
     * @param file   the bytes of the file
     * @param source its name, for errors
     * @throws ModelUnreadableException if it is damaged, or something else
     */
    public static Header header(MemorySegment file, String source) {
        long size = file.byteSize();
        if (size < LENGTH_BYTES) {
            throw new ModelUnreadableException(source, size == 0 ? "the file is empty"
                    : "a safetensors file begins with 8 bytes for its header's length, and this one ends before");
        }
        long length = file.get(LENGTH, 0);
        if (length < 0 || length > LONGEST_HEADER) {
            throw new ModelUnreadableException(source, "its safetensors header claims " + Long.toUnsignedString(length)
                    + " bytes; the format allows " + LONGEST_HEADER);
        }
        if (length > size - LENGTH_BYTES) {
            throw new ModelUnreadableException(source, "its safetensors header of " + length
                    + " bytes reaches beyond the file's " + size + ": the file is cut off");
        }
        try {
            Header header = new Reading(source, LENGTH_BYTES + length, size)
                    .header(text(file.asSlice(LENGTH_BYTES, length)));
            checkCoverage(header, LENGTH_BYTES + length, size, source);
            return header;
        } catch (CharacterCodingException e) {
            throw new ModelUnreadableException(source, "its safetensors header is no UTF-8");
        } catch (JsonProcessingException e) {
            throw new ModelUnreadableException(source, "its safetensors header is no such JSON as the format has ("
                    + e.getOriginalMessage() + ")");
        } catch (IOException e) {
            throw new ModelUnreadableException(source, "its safetensors header cannot be read (" + e + ")");
        }
    }

    /** Strict, and before the parser sees it: that one would guess at UTF-16 and UTF-32. */
    private static String text(MemorySegment bytes) throws CharacterCodingException {
        return StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT).decode(bytes.asByteBuffer()).toString();
    }

    private static void checkCoverage(Header header, long start, long end, String source) {
        List<Map.Entry<String, Entry>> byPlace = new ArrayList<>(header.tensors.entrySet());
        byPlace.sort(Comparator.comparingLong((Map.Entry<String, Entry> each) -> each.getValue().offset)
                .thenComparingLong(each -> each.getValue().byteSize));
        long at = start;
        for (Map.Entry<String, Entry> each : byPlace) {
            Entry entry = each.getValue();
            if (entry.offset != at) {
                throw new ModelUnreadableException(source, quoted(each.getKey()) + (entry.offset < at
                        ? " overlaps the tensor before it" : " leaves a gap behind the tensor before it")
                        + " (data_offsets begin at " + (entry.offset - start) + ", expected " + (at - start) + ")");
            }
            at += entry.byteSize;
        }
        if (at != end) {
            throw new ModelUnreadableException(source, "its tensors end at byte " + at + ", and the file has " + end
                    + ": something stands behind them");
        }
    }

    private static String quoted(String name) {
        String printable = name.replaceAll("\\p{Cntrl}", "?");
        return "'" + (printable.length() <= 80 ? printable : printable.substring(0, 80) + "...") + "'";
    }

    /** One header while it is read; one thread. */
    private static final class Reading {
        private final String source;
        private final long start;
        private final long end;

        Reading(String source, long start, long end) {
            this.source = source;
            this.start = start;
            this.end = end;
        }

        Header header(String text) throws IOException {
            Map<String, Entry> tensors = new LinkedHashMap<>();
            Map<String, String> metadata = new LinkedHashMap<>();
            try (JsonParser json = JSON.createParser(text)) {
                require(json.nextToken() == JsonToken.START_OBJECT, "its safetensors header is no JSON object");
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    String name = json.currentName();
                    require(json.nextToken() == JsonToken.START_OBJECT, quoted(name) + " is no JSON object");
                    if (name.equals(METADATA)) {
                        while (json.nextToken() != JsonToken.END_OBJECT) {
                            String key = json.currentName();
                            require(json.nextToken() == JsonToken.VALUE_STRING, METADATA
                                    + " holds something other than "
                                    + "texts");
                            metadata.put(key, json.getText());
                        }
                    } else {
                        tensors.put(name, tensor(json, name));
                    }
                }
                require(json.nextToken() == null, "something stands behind the JSON object of its safetensors header");
            }
            return new Header(tensors, metadata);
        }

        private Entry tensor(JsonParser json, String name) throws IOException {
            String dtypeName = null;
            long[] shape = null;
            long[] offsets = null;
            while (json.nextToken() != JsonToken.END_OBJECT) {
                String key = json.currentName();
                JsonToken token = json.nextToken();
                switch (key) {
                    case "dtype" -> {
                        require(token == JsonToken.VALUE_STRING, "the dtype of " + quoted(name) + " is no text");
                        dtypeName = json.getText();
                    }
                    case "shape" -> shape = numbers(json, "the shape of " + quoted(name));
                    case "data_offsets" -> offsets = numbers(json, "data_offsets of " + quoted(name));
                    default -> throw wrong(quoted(name) + " has an unknown key " + quoted(key));
                }
            }
            require(dtypeName != null && shape != null && offsets != null, quoted(name)
                    + " lacks dtype, shape or data_offsets");
            DType dtype = DTYPES.get(dtypeName);
            require(dtype != null, quoted(name) + " is of dtype " + quoted(dtypeName)
                    + ", which LibTorch has no tensors of");
            require(offsets.length == 2 && offsets[0] <= offsets[1], "data_offsets of " + quoted(name)
                    + " are no beginning and end");
            require(offsets[1] <= end - start, quoted(name) + " ends at byte " + offsets[1]
                    + " of the data, and there are "
                    + (end - start) + ": the file is cut off");
            long needed = byteSize(name, dtype, shape);
            require(needed == offsets[1] - offsets[0], quoted(name) + " has " + (offsets[1] - offsets[0])
                    + " bytes, and its shape " + Arrays.toString(shape) + " of " + dtypeName + " needs " + needed);
            return new Entry(dtype, shape, start + offsets[0], needed);
        }

        private long byteSize(String name, DType dtype, long[] shape) {
            long bytes = dtype.byteSize();
            boolean empty = false;
            try {
                for (long size : shape) {
                    empty |= size == 0;
                    bytes = size == 0 ? bytes : Math.multiplyExact(bytes, size);
                }
            } catch (ArithmeticException e) {
                throw wrong("the shape of " + quoted(name) + " needs more bytes than a 64-bit number counts");
            }
            return empty ? 0 : bytes;
        }

        private long[] numbers(JsonParser json, String what) throws IOException {
            require(json.currentToken() == JsonToken.START_ARRAY, what + " is no list");
            long[] numbers = new long[4];
            int count = 0;
            while (json.nextToken() != JsonToken.END_ARRAY) {
                require(json.currentToken() == JsonToken.VALUE_NUMBER_INT
                        && json.getNumberType() != JsonParser.NumberType.BIG_INTEGER && json.getLongValue() >= 0,
                        what + " holds something other than 64-bit numbers from 0");
                require(count < MAXIMUM_DIMENSIONS, what + " has more than " + MAXIMUM_DIMENSIONS + " numbers");
                numbers = count == numbers.length ? Arrays.copyOf(numbers, 2 * count) : numbers;
                numbers[count++] = json.getLongValue();
            }
            return Arrays.copyOf(numbers, count);
        }

        private void require(boolean holds, String otherwise) {
            if (!holds) {
                throw wrong(otherwise);
            }
        }

        private ModelUnreadableException wrong(String reason) {
            return new ModelUnreadableException(source, reason);
        }
    }

    /**
     * Writes tensors from any device; the file is there whole or not at all. As the format's own writer does, wider
     * dtypes come first, so that every tensor is aligned; otherwise the map's order is kept.
     *
     * @param metadata texts to keep beside them; {@code format} is {@code pt} unless given
     * @throws BadArgumentException if the format has no such dtype
     * @throws IOException          if it cannot be written
     */
    public static void write(Path file, Map<String, Tensor> tensors, Map<String, String> metadata) throws IOException {
        List<Map.Entry<String, Tensor>> order = new ArrayList<>(tensors.entrySet());
        for (Map.Entry<String, Tensor> each : order) {
            if (!NAMES.containsKey(each.getValue().dtype())) {
                throw new BadArgumentException("safetensors has no " + each.getValue().dtype().torchName() + " ("
                        + quoted(each.getKey()) + ")");
            }
            if (each.getKey().equals(METADATA)) {
                throw new BadArgumentException("no tensor can be named " + METADATA);
            }
        }
        order.sort(Comparator.comparingInt(each -> -each.getValue().dtype().byteSize()));
        ByteBuffer header = ByteBuffer.wrap(headerText(order, metadata).getBytes(StandardCharsets.UTF_8));
        int length = Math.ceilDiv(header.remaining(), ALIGNMENT) * ALIGNMENT;
        ByteBuffer start = ByteBuffer.allocate(LENGTH_BYTES + length).order(ByteOrder.LITTLE_ENDIAN);
        start.putLong(length).put(header);
        while (start.hasRemaining()) {
            start.put((byte) ' ');
        }
        start.flip();
        WholeFile.writeChannel(file, channel -> {
            writeFully(channel, start);
            for (Map.Entry<String, Tensor> each : order) {
                try (TensorScope _ = TensorScope.open()) {
                    writeFully(channel, plain(each.getValue()).segment());
                }
            }
        });
    }

    private static Tensor plain(Tensor tensor) {
        Tensor plain = tensor.to(Device.CPU);
        if (plain.dtype().isComplex()) {
            // A conjugated view keeps its memory as it was, with a mark on it.
            plain = Operator.call("aten::resolve_conj", plain).tensor();
        }
        return Operator.call("aten::resolve_neg", plain).tensor().contiguous(MemoryFormat.CONTIGUOUS);
    }

    private static String headerText(List<Map.Entry<String, Tensor>> order, Map<String, String> metadata)
            throws IOException {
        StringWriter text = new StringWriter();
        try (JsonGenerator json = JSON.createGenerator(text)) {
            json.writeStartObject();
            json.writeObjectFieldStart(METADATA);
            if (!metadata.containsKey("format")) {
                json.writeStringField("format", "pt");
            }
            for (Map.Entry<String, String> each : metadata.entrySet()) {
                json.writeStringField(each.getKey(), each.getValue());
            }
            json.writeEndObject();
            long at = 0;
            for (Map.Entry<String, Tensor> each : order) {
                Tensor tensor = each.getValue();
                json.writeObjectFieldStart(each.getKey());
                json.writeStringField("dtype", NAMES.get(tensor.dtype()));
                long[] shape = tensor.shape();
                json.writeFieldName("shape");
                json.writeArray(shape, 0, shape.length);
                json.writeFieldName("data_offsets");
                json.writeArray(new long[] {at, at + tensor.byteSize()}, 0, 2);
                json.writeEndObject();
                at += tensor.byteSize();
            }
            json.writeEndObject();
        }
        return text.toString();
    }

    private static void writeFully(FileChannel channel, MemorySegment memory) throws IOException {
        for (long at = 0; at < memory.byteSize(); at += CHUNK) {
            writeFully(channel, memory.asSlice(at, Math.min(CHUNK, memory.byteSize() - at)).asByteBuffer());
        }
    }

    private static void writeFully(FileChannel channel, ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
