package dev.wick.file;

import dev.wick.error.ModelUnreadableException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;

/**
 * The zip container of TorchScript archives and of state dicts, checked whole before anything reads it: LibTorch reads
 * no checksum, so that flipped weights would load silently, and it recurses over what is nested. Any thread reads
 * one that was opened; it is good for as long as the memory below it.
 *
 * <p>An archive is a zip file as PyTorch writes it (caffe2/serialize/inline_container.h; the format is PKWARE's
 * APPNOTE). Every byte of it is accounted for: each record's CRC-32, each field that stands twice (local header and
 * central directory), the padding between them. What is left is an archive that somebody wrote so on purpose, and that
 * is a program: only its nesting is limited.
 */
public final class TorchArchive {
    /**
     * Nesting beyond this is refused: LibTorch's parsers and destructors recurse over it. Real models stay below 100.
     */
    public static final int MAXIMUM_NESTING = 1000;

    private static final int LOCAL_SIGNATURE = 0x04034b50;
    private static final int CENTRAL_SIGNATURE = 0x02014b50;
    private static final int END_SIGNATURE = 0x06054b50;
    private static final int ZIP64_LOCATOR_SIGNATURE = 0x07064b50;
    private static final int ZIP64_END_SIGNATURE = 0x06064b50;
    private static final int DESCRIPTOR_SIGNATURE = 0x08074b50;
    private static final int LOCAL_BYTES = 30;
    private static final int CENTRAL_BYTES = 46;
    private static final int END_BYTES = 22;
    private static final int ZIP64_LOCATOR_BYTES = 20;
    private static final int ZIP64_END_BYTES = 56;
    private static final int ZIP64_VERSION = 45;
    /** What miniz, which PyTorch writes with, and zip tools put there: version 3.0 or 4.5, with or without "Unix". */
    private static final Set<Integer> ZIP64_MADE_BY = Set.of(0x031e, 0x032d, 0x001e, 0x002d);
    private static final int STORED = 0;
    private static final int DEFLATED = 8;
    private static final int FLAG_ENCRYPTED = 1;
    private static final int FLAG_DESCRIPTOR = 8;
    private static final int EXTRA_ZIP64 = 1;
    /** PyTorch aligns records with an extra field named "FB", filled with 'Z'. */
    private static final int EXTRA_PADDING = 'F' | 'B' << 8;
    private static final long MASK_32 = 0xffff_ffffL;
    private static final int CHUNK = 1 << 20;
    /** Where PyTorch lets records begin. */
    private static final int RECORD_ALIGNMENT = 64;

    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /** One record, as the central directory has it. */
    private record Entry(String name, int madeBy, int versionNeeded, int flags, int method, int time, int date,
            long crc, long packed, long size, int internalAttributes, long externalAttributes, long local) {
    }

    private final MemorySegment bytes;
    private final String source;
    private final List<Entry> entries = new ArrayList<>();

    private TorchArchive(MemorySegment bytes, String source) {
        this.bytes = bytes;
        this.source = source;
    }

    /**
     * Checks a TorchScript archive whole.
     *
     * @throws ModelUnreadableException if it is damaged, is something else, or is nested beyond
     *                                  {@link #MAXIMUM_NESTING}
     */
    public static void verify(MemorySegment bytes, String source) {
        if (!open(bytes, source).isProgram()) {
            throw new ModelUnreadableException(source, "it is a state dict (torch.save), not a TorchScript archive: it "
                    + "holds weights without a program; save the model with torch.jit.save");
        }
    }

    /**
     * Checks an archive whole, whether it holds a program or a state dict, and keeps its directory.
     *
     * @param bytes  the file; it must stay as it is while the archive is used
     * @param source its name, for errors
     * @throws ModelUnreadableException if it is damaged, is something else, or is nested beyond
     *                                  {@link #MAXIMUM_NESTING}
     */
    public static TorchArchive open(MemorySegment bytes, String source) {
        TorchArchive archive = new TorchArchive(bytes, source);
        try {
            archive.check();
        } catch (IndexOutOfBoundsException e) {
            throw archive.unreadable("the archive is damaged: a record points outside of it");
        }
        return archive;
    }

    /** Whether it is TorchScript: a program with its weights, and no mere state dict. */
    public boolean isProgram() {
        return entries.stream().anyMatch(entry -> entry.name.contains("/code/")
                || entry.name.endsWith("/constants.pkl"));
    }

    /**
     * The content of the record with a name below the archive's own directory ({@code data.pkl}, {@code data/0}): a
     * part of the file's memory, or new memory where the record is packed; empty when there is none.
     *
     * @throws ModelUnreadableException if there are several
     */
    public Optional<MemorySegment> record(String name) {
        List<Entry> found = entries.stream().filter(entry -> below(entry.name).equals(name)).toList();
        if (found.size() > 1) {
            throw damaged("it has " + found.size() + " records " + name);
        }
        return found.stream().findFirst().map(this::content);
    }

    private static String below(String name) {
        return name.substring(name.indexOf('/') + 1);
    }

    private MemorySegment content(Entry entry) {
        MemorySegment packed = packed(entry);
        if (entry.method == STORED) {
            return packed;
        }
        // Checking the archive has unpacked the record once: its size is true.
        MemorySegment unpacked = Arena.ofAuto().allocate(Math.max(1, entry.size), RECORD_ALIGNMENT)
                .asSlice(0, entry.size);
        inflate(entry, packed, unpacked);
        return unpacked;
    }

    private void check() {
        refuseOtherFormats();
        long end = findEnd();
        readDirectory(end);
        boolean byTorch = entries.stream().anyMatch(entry -> paddingOf(entry) >= 0);
        checkCoverage(byTorch);
        for (Entry entry : entries) {
            checkRecord(entry);
        }
        if (!isProgram() && entries.stream().noneMatch(entry -> entry.name.endsWith("/data.pkl"))) {
            throw unreadable("it is a zip file, but not a TorchScript archive: it has neither code nor data.pkl");
        }
    }

    private ModelUnreadableException unreadable(String reason) {
        return new ModelUnreadableException(source, reason);
    }

    private void refuseOtherFormats() {
        if (bytes.byteSize() == 0) {
            throw unreadable("the file is empty");
        }
        if (bytes.byteSize() >= 4 && bytes.get(INT, 0) == LOCAL_SIGNATURE) {
            return;
        }
        int first = bytes.get(ValueLayout.JAVA_BYTE, 0) & 0xff;
        if (first == 0x80) {
            throw unreadable("it is a pickle (torch.save's old format), not a TorchScript archive; "
                    + "a state dict holds weights without a program: save the model with torch.jit.save");
        }
        if (bytes.byteSize() > Long.BYTES && bytes.get(LONG, 0) >>> Integer.SIZE == 0
                && bytes.get(ValueLayout.JAVA_BYTE, Long.BYTES) == '{') {
            throw unreadable("it is a state dict (safetensors), not a TorchScript archive: it holds weights without a "
                    + "program; save the model with torch.jit.save");
        }
        throw unreadable("it is not a TorchScript archive (no zip header at its start); "
                + "save the model with torch.jit.save(torch.jit.trace(...)) or torch.jit.script");
    }

    /** Finds the end record. PyTorch writes no comment behind it, so it stands at the very end. */
    private long findEnd() {
        long end = bytes.byteSize() - END_BYTES;
        if (end < 0 || bytes.get(INT, end) != END_SIGNATURE || u16(end + 20) != 0) {
            throw unreadable("the archive is cut off: it has no directory at its end");
        }
        return end;
    }

    private void readDirectory(long end) {
        long count = u16(end + 10);
        long size = u32(end + 12);
        long start = u32(end + 16);
        if (u16(end + 4) != 0 || u16(end + 6) != 0 || u16(end + 8) != count) {
            throw damaged("the end record contradicts itself");
        }
        long limit = end;
        long locator = end - ZIP64_LOCATOR_BYTES;
        if (locator >= 0 && bytes.get(INT, locator) == ZIP64_LOCATOR_SIGNATURE) {
            long zip64 = bytes.get(LONG, locator + 8);
            if (u32(locator + 4) != 0 || u32(locator + 16) != 1 || zip64 != locator - ZIP64_END_BYTES
                    || bytes.get(INT, zip64) != ZIP64_END_SIGNATURE
                    || bytes.get(LONG, zip64 + 4) != ZIP64_END_BYTES - 12
                    || !ZIP64_MADE_BY.contains(u16(zip64 + 12)) || u16(zip64 + 14) != ZIP64_VERSION
                    || u32(zip64 + 16) != 0 || u32(zip64 + 20) != 0
                    || bytes.get(LONG, zip64 + 24) != bytes.get(LONG, zip64 + 32)) {
                throw damaged("the 64-bit end record contradicts itself");
            }
            long fullCount = bytes.get(LONG, zip64 + 32);
            long fullSize = bytes.get(LONG, zip64 + 40);
            long fullStart = bytes.get(LONG, zip64 + 48);
            if (count != 0xffff && count != fullCount || size != MASK_32 && size != fullSize
                    || start != MASK_32 && start != fullStart) {
                throw damaged("the end records contradict each other");
            }
            count = fullCount;
            size = fullSize;
            start = fullStart;
            limit = zip64;
        }
        if (start < 0 || size < 0 || start > limit || size != limit - start) {
            throw damaged("the directory does not end where the end record says");
        }
        long at = start;
        for (long i = 0; i < count; i++) {
            if (at > limit - CENTRAL_BYTES || bytes.get(INT, at) != CENTRAL_SIGNATURE) {
                throw damaged("the directory does not hold the " + count + " records it promises");
            }
            at = readEntry(at, limit);
        }
        if (at != limit) {
            throw damaged("the directory holds more than the " + count + " records it promises");
        }
    }

    private long readEntry(long at, long limit) {
        int nameLength = u16(at + 28);
        int extraLength = u16(at + 30);
        int commentLength = u16(at + 32);
        long next = at + CENTRAL_BYTES + nameLength + extraLength + commentLength;
        if (next > limit || commentLength != 0 || u16(at + 34) != 0) {
            throw damaged("a directory entry is malformed");
        }
        String name = text(at + CENTRAL_BYTES, nameLength);
        long packed = u32(at + 20);
        long size = u32(at + 24);
        long local = u32(at + 42);
        long extra = at + CENTRAL_BYTES + nameLength;
        for (long field = extra; field < extra + extraLength;) {
            int id = u16(field);
            int length = u16(field + 2);
            if (field + 4 + length > extra + extraLength) {
                throw damaged("an extra field of " + name + " is malformed");
            }
            if (id == EXTRA_ZIP64) {
                long value = field + 4;
                if (size == MASK_32) {
                    size = bytes.get(LONG, value);
                    value += 8;
                }
                if (packed == MASK_32) {
                    packed = bytes.get(LONG, value);
                    value += 8;
                }
                if (local == MASK_32) {
                    local = bytes.get(LONG, value);
                    value += 8;
                }
                if (value != field + 4 + length) {
                    throw damaged("the 64-bit sizes of " + name + " are malformed");
                }
            }
            if (id == EXTRA_PADDING) {
                checkPadding(name, field + 4, length);
            }
            field += 4 + length;
        }
        entries.add(new Entry(name, u16(at + 4), u16(at + 6), u16(at + 8), u16(at + 10), u16(at + 12), u16(at + 14),
                u32(at + 16), packed, size, u16(at + 36), u32(at + 38), local));
        return next;
    }

    /** The length of PyTorch's alignment field in a local header; -1 when there is none. */
    private long paddingOf(Entry entry) {
        long extra = entry.local + LOCAL_BYTES + u16(entry.local + 26);
        long end = extra + u16(entry.local + 28);
        for (long field = extra; field + 4 <= end; field += 4 + u16(field + 2)) {
            if (u16(field) == EXTRA_PADDING) {
                return u16(field + 2);
            }
        }
        return -1;
    }

    /** Records follow each other without a gap, in the directory's order: no byte of the file goes unchecked. */
    private void checkCoverage(boolean byTorch) {
        long at = 0;
        for (Entry entry : entries) {
            if (entry.local != at) {
                throw damaged("record " + entry.name + " is not where the directory says");
            }
            if (bytes.get(INT, at) != LOCAL_SIGNATURE) {
                throw damaged("record " + entry.name + " has no header");
            }
            at = checkHeader(entry, byTorch);
            if (entry.packed < 0 || entry.packed > bytes.byteSize() - at) {
                throw damaged("record " + entry.name + " is longer than the archive");
            }
            at += entry.packed;
            if ((entry.flags & FLAG_DESCRIPTOR) != 0) {
                at = checkDescriptor(entry, at);
            }
        }
        long directory = directoryStart();
        if (at != directory) {
            throw damaged("there is something between the last record and the directory");
        }
    }

    private long directoryStart() {
        long end = bytes.byteSize() - END_BYTES;
        long start = u32(end + 16);
        long locator = end - ZIP64_LOCATOR_BYTES;
        if (locator >= 0 && bytes.get(INT, locator) == ZIP64_LOCATOR_SIGNATURE) {
            return bytes.get(LONG, bytes.get(LONG, locator + 8) + 48);
        }
        return start;
    }

    /** Compares a local header with the directory and returns where the record's bytes begin. */
    private long checkHeader(Entry entry, boolean byTorch) {
        long at = entry.local;
        int nameLength = u16(at + 26);
        int extraLength = u16(at + 28);
        long extra = at + LOCAL_BYTES + nameLength;
        boolean described = (entry.flags & FLAG_DESCRIPTOR) != 0;
        if (u16(at + 4) != entry.versionNeeded || u16(at + 6) != entry.flags || u16(at + 8) != entry.method
                || u16(at + 10) != entry.time
                || u16(at + 12) != entry.date || !text(at + LOCAL_BYTES, nameLength).equals(entry.name)) {
            throw damaged("the two headers of record " + entry.name + " contradict each other");
        }
        if ((entry.flags & FLAG_ENCRYPTED) != 0 || entry.method != STORED && entry.method != DEFLATED) {
            throw damaged("record " + entry.name + " is encrypted or packed in a way that zip does not know here");
        }
        long crc = u32(at + 14);
        long packed = u32(at + 18);
        long size = u32(at + 22);
        for (long field = extra; field < extra + extraLength;) {
            int id = u16(field);
            int length = u16(field + 2);
            if (field + 4 + length > extra + extraLength) {
                throw damaged("an extra field of " + entry.name + " is malformed");
            }
            if (id == EXTRA_ZIP64 && length == 16) {
                size = size == MASK_32 ? bytes.get(LONG, field + 4) : size;
                packed = packed == MASK_32 ? bytes.get(LONG, field + 12) : packed;
            } else if (id == EXTRA_PADDING) {
                checkPadding(entry.name, field + 4, length);
            } else if (byTorch) {
                throw damaged("record " + entry.name + " has an extra field that PyTorch does not write");
            }
            field += 4 + length;
        }
        boolean zeroed = described && crc == 0 && packed == 0 && size == 0;
        if (!zeroed && (crc != entry.crc || packed != entry.packed || size != entry.size)) {
            throw damaged("the two headers of record " + entry.name + " contradict each other");
        }
        if (byTorch) {
            Entry first = entries.getFirst();
            if (entry.madeBy != first.madeBy || entry.internalAttributes != first.internalAttributes
                    || entry.externalAttributes != first.externalAttributes) {
                throw damaged("the header of record " + entry.name + " differs from the others");
            }
        }
        return extra + extraLength;
    }

    /** PyTorch fills with 'Z', tools that repack with zeros; nothing else is written there. */
    private void checkPadding(String name, long at, int length) {
        for (long i = 0; i < length; i++) {
            byte fill = bytes.get(ValueLayout.JAVA_BYTE, at + i);
            if (fill != 'Z' && fill != 0 || fill != bytes.get(ValueLayout.JAVA_BYTE, at)) {
                throw damaged("the padding of record " + name + " is altered");
            }
        }
    }

    private long checkDescriptor(Entry entry, long at) {
        long from = at;
        if (bytes.get(INT, from) == DESCRIPTOR_SIGNATURE) {
            from += 4;
        }
        if (u32(from) != entry.crc) {
            throw damaged("the checksums of record " + entry.name + " contradict each other");
        }
        if (u32(from + 4) == (entry.packed & MASK_32) && u32(from + 8) == entry.size) {
            return from + 12;
        }
        if (bytes.get(LONG, from + 4) == entry.packed && bytes.get(LONG, from + 12) == entry.size) {
            return from + 20;
        }
        throw damaged("the sizes of record " + entry.name + " contradict each other");
    }

    private void checkRecord(Entry entry) {
        MemorySegment packed = packed(entry);
        boolean source = entry.name.endsWith(".py");
        boolean pickle = entry.name.endsWith(".pkl");
        if (entry.method == STORED) {
            if (entry.packed != entry.size || crc(packed) != entry.crc) {
                throw damaged("record " + entry.name + " does not match its checksum");
            }
            if (source || pickle) {
                checkNesting(entry, packed, source);
            }
        } else {
            // A size that is claimed asks for no memory before it is seen to be true.
            inflate(entry, packed, null);
            if (source || pickle) {
                checkNesting(entry, content(entry), source);
            }
        }
    }

    private static long crc(MemorySegment content) {
        CRC32 crc = new CRC32();
        for (long at = 0; at < content.byteSize(); at += CHUNK) {
            crc.update(content.asSlice(at, Math.min(CHUNK, content.byteSize() - at)).asByteBuffer());
        }
        return crc.getValue();
    }

    private MemorySegment packed(Entry entry) {
        long start = entry.local + LOCAL_BYTES + u16(entry.local + 26) + u16(entry.local + 28);
        return bytes.asSlice(start, entry.packed);
    }

    /** Unpacks a record and checks it; into memory of its size, or with null nowhere. */
    private void inflate(Entry entry, MemorySegment packed, MemorySegment into) {
        CRC32 crc = new CRC32();
        byte[] chunk = new byte[1 << 16];
        long total = 0;
        Inflater inflater = new Inflater(true);
        try {
            long at = 0;
            while (!inflater.finished()) {
                if (inflater.needsInput()) {
                    if (at >= packed.byteSize()) {
                        throw damaged("record " + entry.name + " cannot be unpacked");
                    }
                    long length = Math.min(CHUNK, packed.byteSize() - at);
                    ByteBuffer input = packed.asSlice(at, length).asByteBuffer();
                    inflater.setInput(input);
                    at += length;
                }
                int count = inflater.inflate(chunk);
                if (count > entry.size - total || inflater.needsDictionary()) {
                    throw damaged("record " + entry.name + " cannot be unpacked");
                }
                crc.update(chunk, 0, count);
                if (into != null) {
                    MemorySegment.copy(chunk, 0, into, ValueLayout.JAVA_BYTE, total, count);
                }
                total += count;
            }
            if (inflater.getBytesRead() != packed.byteSize()) {
                throw damaged("record " + entry.name + " has something behind its end");
            }
        } catch (DataFormatException e) {
            throw damaged("record " + entry.name + " cannot be unpacked");
        } finally {
            inflater.end();
        }
        if (total != entry.size || crc.getValue() != entry.crc) {
            throw damaged("record " + entry.name + " does not match its checksum");
        }
    }

    private void checkNesting(Entry entry, MemorySegment content, boolean isSource) {
        int nesting = isSource ? SourceNesting.of(content) : PickleNesting.of(content, MAXIMUM_NESTING);
        if (nesting > MAXIMUM_NESTING) {
            throw unreadable("record " + entry.name + " is nested " + (isSource ? nesting + " deep" : "too deep")
                    + "; at most " + MAXIMUM_NESTING + " is read");
        }
    }

    private ModelUnreadableException damaged(String what) {
        return unreadable("the archive is damaged: " + what);
    }

    private int u16(long at) {
        return bytes.get(SHORT, at) & 0xffff;
    }

    private long u32(long at) {
        return bytes.get(INT, at) & MASK_32;
    }

    private String text(long at, int length) {
        return new String(bytes.asSlice(at, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
}
