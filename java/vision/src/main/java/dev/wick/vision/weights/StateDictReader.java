package dev.wick.vision.weights;

import dev.wick.Device;
import dev.wick.Model;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.error.ModelUnreadableException;
import dev.wick.file.TorchArchive;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;

/** Tells the kinds of file apart and makes state dicts of them; any thread. */
final class StateDictReader {
    /** Keys of training checkpoints below which the weights are, in the order in which they are looked for. */
    private static final List<String> WRAPPERS = List.of("state_dict", "model_state_dict", "model");
    private static final int MOST_WRAPPERS = 4;
    /** What DistributedDataParallel puts before every name. */
    private static final String PARALLEL_PREFIX = "module.";
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int ZIP_SIGNATURE = 0x04034b50;
    private static final int PICKLE_PROTOCOL = 0x80;
    private static final BigInteger LEGACY_MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
    private static final long LEGACY_PROTOCOL = 1001;
    private static final int TAR_MAGIC_OFFSET = 257;

    private StateDictReader() {
    }

    static StateDict read(Path file, boolean mapped) {
        return withoutPrefix(read(file, mapped, true));
    }

    /** One of the files of an index: its names are the index's, and it is no index itself. */
    static StateDict readShard(Path file, boolean mapped) {
        return read(file, mapped, false);
    }

    private static StateDict read(Path file, boolean mapped, boolean indexAllowed) {
        FileMemory memory = FileMemory.open(file, mapped);
        try {
            return read(file, memory, mapped, indexAllowed);
        } catch (RuntimeException | Error e) {
            memory.close();
            throw e;
        }
    }

    private static StateDict read(Path file, FileMemory memory, boolean mapped, boolean indexAllowed) {
        MemorySegment bytes = memory.bytes();
        if (isSafetensors(bytes)) {
            return safetensors(memory);
        }
        int first = bytes.get(ValueLayout.JAVA_BYTE, 0) & 0xff;
        if (bytes.byteSize() >= Integer.BYTES && bytes.get(INT, 0) == ZIP_SIGNATURE) {
            TorchArchive archive = TorchArchive.open(bytes, memory.source());
            return archive.isProgram() ? torchScript(file, memory) : zip(archive, memory);
        }
        if (first == PICKLE_PROTOCOL) {
            return new LegacyReader(memory).read();
        }
        if (indexAllowed && first == '{') {
            return ShardedReader.read(file, memory, mapped);
        }
        if (isTar(bytes)) {
            throw new ModelUnreadableException(memory.source(),
                    "it is a tar file, as PyTorch wrote before 0.2: load it "
                    + "there and save it again");
        }
        if (bytes.byteSize() >= Long.BYTES && bytes.get(LONG, 0) >>> Integer.SIZE == 0) {
            // Most probably safetensors that were damaged: its reader says where.
            return safetensors(memory);
        }
        throw new ModelUnreadableException(memory.source(),
                "it is neither .safetensors (or an index of such files), nor "
                + "torch.save's .pth, nor a TorchScript archive");
    }

    static Optional<StateDict.Container> containerOf(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        byte[] start;
        try (InputStream in = Files.newInputStream(file)) {
            start = in.readNBytes(Long.BYTES + 1);
        } catch (IOException e) {
            return Optional.empty();
        }
        MemorySegment bytes = MemorySegment.ofArray(start);
        if (start.length == 0) {
            return Optional.empty();
        } else if (isSafetensors(bytes)) {
            return Optional.of(StateDict.Container.SAFETENSORS);
        } else if (start.length >= Integer.BYTES && bytes.get(INT, 0) == ZIP_SIGNATURE) {
            return zipContainerOf(file);
        } else if ((start[0] & 0xff) == PICKLE_PROTOCOL) {
            return Optional.of(StateDict.Container.LEGACY);
        }
        return start[0] == '{' ? Optional.of(StateDict.Container.SHARDED) : Optional.empty();
    }

    private static Optional<StateDict.Container> zipContainerOf(Path file) {
        try (ZipFile zip = new ZipFile(file.toFile())) {
            boolean program = false;
            boolean pickle = false;
            for (Enumeration<? extends ZipEntry> all = zip.entries(); all.hasMoreElements();) {
                String name = all.nextElement().getName();
                program |= name.contains("/code/") || name.endsWith("/constants.pkl");
                pickle |= name.endsWith("/data.pkl");
            }
            return program ? Optional.of(StateDict.Container.TORCHSCRIPT)
                    : pickle ? Optional.of(StateDict.Container.ZIP) : Optional.empty();
        } catch (IOException | IllegalArgumentException e) {
            return Optional.empty();
        }
    }

    private static boolean isSafetensors(MemorySegment bytes) {
        return bytes.byteSize() > Long.BYTES && bytes.get(LONG, 0) >>> Integer.SIZE == 0
                && bytes.get(ValueLayout.JAVA_BYTE, Long.BYTES) == '{';
    }

    private static boolean isTar(MemorySegment bytes) {
        byte[] ustar = "ustar".getBytes(StandardCharsets.US_ASCII);
        return bytes.byteSize() >= TAR_MAGIC_OFFSET + ustar.length && Arrays.equals(ustar,
                bytes.asSlice(TAR_MAGIC_OFFSET, ustar.length).toArray(ValueLayout.JAVA_BYTE));
    }

    private static StateDict withoutPrefix(StateDict read) {
        List<String> names = read.names();
        return !names.isEmpty() && names.stream().allMatch(name -> name.startsWith(PARALLEL_PREFIX))
                ? read.renamed(name -> name.substring(PARALLEL_PREFIX.length()), List.of(PARALLEL_PREFIX)) : read;
    }

    private static StateDict safetensors(FileMemory memory) {
        SequencedMap<String, StateDict.Entry> entries = new LinkedHashMap<>();
        Safetensors.header(memory.bytes(), memory.source()).tensors().forEach((name, place) -> {
            MemorySegment span = memory.bytes().asSlice(place.offset(), place.byteSize());
            entries.put(name, new StateDict.Entry(place.dtype(), place.shape(),
                    () -> memory.tensor(span, place.dtype(), place.shape(), null, ByteOrder.LITTLE_ENDIAN)));
        });
        return new StateDict(memory.source(), StateDict.Container.SAFETENSORS, List.of(), List.of(), entries, memory);
    }

    private static StateDict torchScript(Path file, FileMemory memory) {
        memory.close();
        SequencedMap<String, StateDict.Entry> entries = new LinkedHashMap<>();
        // LibTorch copies the archive into tensors of its own, which the model keeps.
        TorchScriptModel model = Model.load(file, Device.CPU);
        try (TensorScope _ = TensorScope.open()) {
            List.of(model.parameters(), model.buffers()).forEach(tensors -> tensors.forEach((name, tensor) ->
                    entries.put(name, new StateDict.Entry(tensor.dtype(), tensor.shape(),
                            () -> model.get(name).tensor()))));
        } catch (RuntimeException e) {
            model.close();
            throw e;
        }
        return new StateDict(memory.source(), StateDict.Container.TORCHSCRIPT, List.of(), List.of(), entries,
                model::close);
    }

    private static StateDict zip(TorchArchive archive, FileMemory memory) {
        MemorySegment pickle = archive.record("data.pkl").orElseThrow(() ->
                new ModelUnreadableException(memory.source(), "it has no data.pkl"));
        TorchUnpickler unpickler = new TorchUnpickler(pickle, memory.source());
        Object root = unpickler.read();
        if (unpickler.position() != pickle.byteSize()) {
            throw new ModelUnreadableException(memory.source(), "something stands behind the end of its pickle");
        }
        ByteOrder order = byteOrder(archive, memory.source());
        Map<String, MemorySegment> contents = new HashMap<>();
        unpickler.storages().forEach((key, storage) -> {
            MemorySegment content = archive.record("data/" + key).orElseThrow(() -> new ModelUnreadableException(
                    memory.source(), "it has no record data/" + TorchUnpickler.printable(key)));
            if (storage.elements() > content.byteSize() / storage.dtype().byteSize()) {
                throw new ModelUnreadableException(memory.source(), "storage " + TorchUnpickler.printable(key)
                        + " claims "
                        + storage.elements() + " elements of " + storage.dtype().torchName() + ", and its record has "
                        + content.byteSize() + " bytes");
            }
            contents.put(key, content);
        });
        return pickled(root, contents, order, StateDict.Container.ZIP, memory);
    }

    private static ByteOrder byteOrder(TorchArchive archive, String source) {
        String order = archive.record("byteorder").map(record -> new String(record.asSlice(0,
                Math.min(16, record.byteSize())).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII))
                .orElse("little");
        return switch (order) {
            case "little" -> ByteOrder.LITTLE_ENDIAN;
            case "big" -> ByteOrder.BIG_ENDIAN;
            default -> throw new ModelUnreadableException(source, "its byte order is '"
                    + TorchUnpickler.printable(order)
                    + "', neither little nor big");
        };
    }

    /** The state dict in what was unpickled. */
    static StateDict pickled(Object root, Map<String, MemorySegment> storages, ByteOrder order,
            StateDict.Container container, FileMemory memory) {
        List<String> unwrapped = new ArrayList<>();
        List<String> ignored = new ArrayList<>();
        Map<?, ?> dictionary = dictionary(root, memory.source());
        for (int i = 0; i < MOST_WRAPPERS; i++) {
            Map<?, ?> outer = dictionary;
            String wrapper = WRAPPERS.stream().filter(key -> outer.get(key) instanceof Map).findFirst().orElse(null);
            if (wrapper == null) {
                break;
            }
            outer.keySet().stream().filter(key -> !key.equals(wrapper)).map(key -> path(unwrapped, key))
                    .forEach(ignored::add);
            dictionary = (Map<?, ?>) outer.get(wrapper);
            unwrapped.add(wrapper);
        }
        SequencedMap<String, StateDict.Entry> entries = new LinkedHashMap<>();
        dictionary.forEach((key, value) -> {
            if (key instanceof String name && value instanceof TorchUnpickler.Strided tensor) {
                entries.put(name, entry(tensor, storages, order, memory));
            } else {
                ignored.add(path(unwrapped, key));
            }
        });
        if (entries.isEmpty()) {
            throw new ModelUnreadableException(memory.source(), "it holds no tensor by name"
                    + (ignored.isEmpty() ? "" : "; it has " + TorchUnpickler.printable(String.join(", ", ignored))));
        }
        return new StateDict(memory.source(), container, unwrapped, ignored, entries, memory);
    }

    private static String path(List<String> unwrapped, Object key) {
        return unwrapped.isEmpty() ? key.toString() : String.join(".", unwrapped) + "." + key;
    }

    private static Map<?, ?> dictionary(Object root, String source) {
        if (root instanceof Map<?, ?> map) {
            return map;
        }
        throw new ModelUnreadableException(source, "it holds no dictionary of tensors: "
                + "save torch.save(model.state_dict(), file)");
    }

    private static StateDict.Entry entry(TorchUnpickler.Strided tensor, Map<String, MemorySegment> storages,
            ByteOrder order, FileMemory memory) {
        int width = tensor.storage().dtype().byteSize();
        MemorySegment span = storages.get(tensor.storage().key()).asSlice(tensor.offset() * width,
                elements(tensor) * width);
        return new StateDict.Entry(tensor.storage().dtype(), tensor.shape(), () -> memory.tensor(span,
                tensor.storage().dtype(), tensor.shape(), tensor.strides(), order));
    }

    /** From the first element to the last, what lies between them included. */
    private static long elements(TorchUnpickler.Strided tensor) {
        long last = 0;
        for (int i = 0; i < tensor.shape().length; i++) {
            if (tensor.shape()[i] == 0) {
                return 0;
            }
            last += (tensor.shape()[i] - 1) * tensor.strides()[i];
        }
        return last + 1;
    }

    /** The format of {@code torch.save} before PyTorch 1.6: four pickles, then the storages one after another. */
    private static final class LegacyReader {
        private final FileMemory memory;
        private final MemorySegment bytes;
        private final TorchUnpickler unpickler;

        LegacyReader(FileMemory memory) {
            this.memory = memory;
            this.bytes = memory.bytes();
            this.unpickler = new TorchUnpickler(bytes, memory.source());
        }

        StateDict read() {
            if (!LEGACY_MAGIC.equals(unpickler.read())) {
                throw wrong("it is a pickle, but not torch.save's: save torch.save(model.state_dict(), file)");
            }
            Object protocol = unpickler.read();
            if (!Long.valueOf(LEGACY_PROTOCOL).equals(protocol)) {
                throw wrong("it is of torch.save's protocol " + TorchUnpickler.printable(protocol.toString())
                        + "; there is "
                        + LEGACY_PROTOCOL);
            }
            if (!(unpickler.read() instanceof Map<?, ?> machine)
                    || !(machine.get("little_endian") instanceof Boolean little)) {
                throw wrong("it does not say which byte order it was written in");
            }
            ByteOrder order = little ? ByteOrder.LITTLE_ENDIAN : ByteOrder.BIG_ENDIAN;
            Object root = unpickler.read();
            if (!(unpickler.read() instanceof List<?> keys)) {
                throw wrong("it has no list of storages");
            }
            return pickled(root, storages(keys, order), order, StateDict.Container.LEGACY, memory);
        }

        private Map<String, MemorySegment> storages(List<?> keys, ByteOrder order) {
            Map<String, MemorySegment> contents = new HashMap<>();
            long at = unpickler.position();
            for (Object key : keys) {
                TorchUnpickler.Storage storage = key instanceof String text ? unpickler.storages().get(text) : null;
                if (storage == null) {
                    throw wrong("it holds a storage that no tensor uses");
                }
                if (Long.BYTES > bytes.byteSize() - at) {
                    throw wrong("the file is cut off before storage " + TorchUnpickler.printable(storage.key()));
                }
                long elements = bytes.get(LONG.withOrder(order), at);
                at += Long.BYTES;
                if (elements != storage.elements()) {
                    throw wrong("storage " + TorchUnpickler.printable(storage.key()) + " has " + elements
                            + " elements, and the pickle claims " + storage.elements());
                }
                if (elements > (bytes.byteSize() - at) / storage.dtype().byteSize()) {
                    throw wrong("storage " + TorchUnpickler.printable(storage.key()) + " of " + elements
                            + " elements reaches beyond the file: it is cut off");
                }
                long length = elements * storage.dtype().byteSize();
                if (contents.put(storage.key(), bytes.asSlice(at, length)) != null) {
                    throw wrong("storage " + TorchUnpickler.printable(storage.key()) + " is listed twice");
                }
                at += length;
            }
            if (contents.size() != unpickler.storages().size()) {
                throw wrong("it lists " + contents.size() + " storages, and its tensors use "
                        + unpickler.storages().size());
            }
            if (at != bytes.byteSize()) {
                throw wrong("something stands behind its last storage");
            }
            return contents;
        }

        private ModelUnreadableException wrong(String reason) {
            return new ModelUnreadableException(memory.source(), reason);
        }
    }
}
