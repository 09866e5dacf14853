package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.file.TorchArchive;
import dev.wick.jfr.MethodCallEvent;
import dev.wick.jfr.ModelLoadEvent;
import java.lang.ref.Reference;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A TorchScript module; any thread may call and read it, and nobody may change it ({@link #train}, {@link #set}) while
 * it runs.
 *
 * <p>An archive is a program: damaged ones are refused (every checksum is verified), but load only those you trust.
 */
public final class TorchScriptModel extends NativeResource implements Model {
    private static final boolean NAMES_ARE_UTF_8 = "UTF-8".equalsIgnoreCase(System.getProperty("sun.jnu.encoding"));

    private final Map<String, Handle> methodHandles = new ConcurrentHashMap<>();
    private final Device device;
    private final List<Constant> archiveConstants;

    private TorchScriptModel(Handle handle, Device device, List<Constant> archiveConstants) {
        super(handle);
        this.device = device;
        // A method keeps the native module alive, so a forgotten model must give its methods back too.
        Map<String, Handle> handles = methodHandles;
        ownership().also(() -> closeAll(handles));
        this.archiveConstants = archiveConstants;
    }

    /** What a builder made. */
    static TorchScriptModel ofBuilt(Handle handle) {
        return new TorchScriptModel(handle, Device.CPU, List.of());
    }

    // Loading

    static TorchScriptModel load(Path path, Device device) {
        ModelLoadEvent event = ModelLoadEvent.begun();
        String source = path.toString();
        if (!Files.exists(path)) {
            throw new ModelUnreadableException(source, "there is no such file");
        }
        if (Files.isDirectory(path)) {
            throw new ModelUnreadableException(source, "it is a directory; name the archive in it");
        }
        Engine.get().require(device);
        try {
            if (!isKnownToLibTorch(path)) {
                try (Arena arena = Arena.ofShared()) {
                    return load(read(path, source, arena), source, device, event);
                }
            }
            return loadByName(path, source, device, event);
        } catch (IOException e) {
            throw new ModelUnreadableException(source, "it cannot be read (" + e + ")");
        }
    }

    /** Whether the path's text, in UTF-8, is what the operating system calls the file. */
    private static boolean isKnownToLibTorch(Path path) {
        return path.getFileSystem() == FileSystems.getDefault()
                && (NAMES_ARE_UTF_8 || path.toAbsolutePath().toString().chars().allMatch(c -> c < 128));
    }

    /** Verifies a copy and lets LibTorch read the file: the copy would lie in memory beside the tensors it becomes. */
    private static TorchScriptModel loadByName(Path path, String source, Device device, ModelLoadEvent event)
            throws IOException {
        Path absolute = path.toAbsolutePath();
        // Before the file is opened: another one put in its place from here on is noticed.
        Stamp before = Stamp.of(path);
        try (Arena arena = Arena.ofShared()) {
            TorchArchive.verify(read(path, source, arena), source);
        }
        try {
            TorchScriptModel model = load((binding, index) -> binding.loadModule(absolute, device.type().code(), index,
                    false), before.bytes(), source, device, event);
            if (Stamp.of(path).equals(before)) {
                return model;
            }
            model.close();
        } catch (ModelUnreadableException e) {
            if (Stamp.of(path).equals(before)) {
                throw e;
            }
        }
        throw new ModelUnreadableException(source, "the file changed while it was read");
    }

    /** What tells whether a file was written to, or another put in its place. */
    private record Stamp(long bytes, FileTime modified, Object key) {
        static Stamp of(Path path) throws IOException {
            BasicFileAttributes attributes = Files.readAttributes(path, BasicFileAttributes.class);
            return new Stamp(attributes.size(), attributes.lastModifiedTime(), attributes.fileKey());
        }
    }

    private static MemorySegment read(Path path, String source, Arena arena) throws IOException {
        // Read, not mapped: a file that shrinks under a mapping ends the process with SIGBUS.
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            MemorySegment archive = arena.allocate(Math.max(1, channel.size()), 64).asSlice(0, channel.size());
            long at = 0;
            while (at < archive.byteSize()) {
                long length = Math.min(1 << 30, archive.byteSize() - at);
                int read = channel.read(archive.asSlice(at, length).asByteBuffer(), at);
                if (read < 0) {
                    throw new ModelUnreadableException(source, "the file became shorter while it was read");
                }
                at += read;
            }
            return archive;
        }
    }

    static TorchScriptModel load(MemorySegment archive, Device device) {
        return load(archive, "in memory", device, ModelLoadEvent.begun());
    }

    static TorchScriptModel load(InputStream archive, Device device) {
        Objects.requireNonNull(archive, "archive");
        ModelLoadEvent event = ModelLoadEvent.begun();
        try (GrowingMemory memory = new GrowingMemory()) {
            byte[] chunk = new byte[1 << 16];
            for (int count = archive.read(chunk); count >= 0; count = archive.read(chunk)) {
                memory.append(chunk, count);
            }
            return load(memory.segment(), "from a stream", device, event);
        } catch (IOException e) {
            throw new ModelUnreadableException("from a stream", "the stream failed (" + e + ")");
        }
    }

    /** @param event null while nobody records it */
    private static TorchScriptModel load(MemorySegment archive, String source, Device device, ModelLoadEvent event) {
        Engine.get().require(device);
        TorchArchive.verify(archive, source);
        return load((binding, index) -> binding.loadModule(archive, device.type().code(), index, false),
                archive.byteSize(), source, device, event);
    }

    /** Loads what was verified; takes the index of a CUDA device, or -1. */
    private interface Loading {
        Handle from(TorchBinding binding, int deviceIndex);
    }

    private static TorchScriptModel load(Loading loading, long bytes, String source, Device device,
            ModelLoadEvent event) {
        TorchBinding binding = Engine.binding();
        try {
            TorchScriptModel model = DeepStack.call(() -> {
                int index = device.type() == Device.Type.CUDA ? device.index() : -1;
                Handle handle = loading.from(binding, index);
                try {
                    List<Constant> asSaved = constants(handle);
                    binding.convert(handle, -1, device.type().code(), index, true);
                    return new TorchScriptModel(ready(handle, device), device, asSaved);
                } catch (RuntimeException e) {
                    handle.close();
                    throw e;
                }
            });
            if (event != null) {
                event.with(source, device.toString(), bytes).commit();
            }
            return model;
        } catch (ModelUnreadableException e) {
            throw new ModelUnreadableException(source, e.reason(), e.nativeBacktrace().orElse(null));
        }
    }

    /** Waits for what was enqueued on a CUDA device's default stream to make a module: other streams do not. */
    private static Handle ready(Handle handle, Device device) {
        if (device.type() == Device.Type.CUDA) {
            try {
                Cuda.binding().synchronize(device.index());
            } catch (RuntimeException e) {
                handle.close();
                throw e;
            }
        }
        return handle;
    }

    // What is in it

    @Override
    public List<Method> methods() {
        List<Method> methods = new ArrayList<>();
        for (BoxedValue row : rows(using(handle -> Engine.binding().methods(handle)))) {
            List<BoxedValue> cells = cells(row);
            methods.add(new Method(text(cells.get(0)), text(cells.get(1)), (int) number(cells.get(2))));
        }
        return List.copyOf(methods);
    }

    @Override
    public Map<String, Tensor> parameters() {
        return named(using(handle -> Engine.binding().parameters(handle)));
    }

    @Override
    public Map<String, Tensor> buffers() {
        return named(using(handle -> Engine.binding().buffers(handle)));
    }

    private static Map<String, Tensor> named(BoxedValue rows) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (BoxedValue row : rows(rows)) {
            List<BoxedValue> cells = cells(row);
            tensors.put(text(cells.get(0)), Value.of(cells.get(1)).tensor());
        }
        return tensors;
    }

    /**
     * An attribute of the module that is neither parameter, buffer nor submodule.
     *
     * @param name  as {@link #get} takes it
     * @param type  as TorchScript writes it
     * @param value its value now; tensors in it are the caller's to close
     */
    public record Attribute(String name, String type, Value value) {
    }

    /** The module's own attributes and constants. */
    public List<Attribute> attributes() {
        List<Attribute> attributes = new ArrayList<>();
        for (BoxedValue row : rows(using(handle -> Engine.binding().attributes(handle)))) {
            List<BoxedValue> cells = cells(row);
            attributes.add(new Attribute(text(cells.get(0)), text(cells.get(1)), Value.of(cells.get(2))));
        }
        return attributes;
    }

    /** The submodules' TorchScript types by qualified name, all levels. */
    public Map<String, String> submodules() {
        Map<String, String> types = new LinkedHashMap<>();
        for (BoxedValue row : rows(using(handle -> Engine.binding().submodules(handle)))) {
            List<BoxedValue> cells = cells(row);
            types.put(text(cells.get(0)), text(cells.get(1)));
        }
        return types;
    }

    /** An attribute, parameter or buffer by qualified name; a tensor in it shares the model's memory. */
    public Value get(String name) {
        return Value.of(using(handle -> Engine.binding().attribute(handle, name)));
    }

    /** Writes an attribute by qualified name; the value must have its type. */
    public void set(String name, Object value) {
        use(handle -> Engine.binding().setAttribute(handle, name, Arguments.box(value)));
        Reference.reachabilityFence(value);
    }

    /** A submodule that shares this one's parameters; close it by itself. */
    public TorchScriptModel submodule(String name) {
        return new TorchScriptModel(using(handle -> Engine.binding().submodule(handle, name)), device,
                archiveConstants);
    }

    /** A constant baked into a graph, with where it stands. */
    public record Constant(String method, String kind, String value, String operator, String argument, long uses) {
    }

    /** Device and dtype constants in the graphs of all methods of all submodules, as they are now. */
    public List<Constant> constants() {
        return using(TorchScriptModel::constants);
    }

    /**
     * The same as the archive has them: before device constants became the device that it was loaded onto, and before
     * any conversion that gave this copy.
     */
    public List<Constant> archiveConstants() {
        checkOpen();
        return archiveConstants;
    }

    private static List<Constant> constants(Handle handle) {
        List<Constant> constants = new ArrayList<>();
        for (BoxedValue row : rows(Engine.binding().constants(handle))) {
            List<BoxedValue> cells = cells(row);
            constants.add(new Constant(text(cells.get(0)), text(cells.get(1)), text(cells.get(2)), text(cells.get(3)),
                    text(cells.get(4)), number(cells.get(5))));
        }
        return List.copyOf(constants);
    }

    /**
     * A constant of the archive that was rewritten in the graphs of this model.
     *
     * @param from what the archive has: {@code cuda:0}, {@code float16}
     * @param to   what stands there now
     * @param uses how often, at this argument of this operator in this method
     */
    public record PatchedConstant(String method, String kind, String from, String to, String operator, String argument,
            long uses) {
    }

    /** The constants of the archive that became others, when it was loaded onto its device and by conversions since. */
    public List<PatchedConstant> patchedConstants() {
        Map<List<String>, Map<String, Long>> differences = new LinkedHashMap<>();
        archiveConstants.forEach(each -> differences.computeIfAbsent(place(each), _ -> new LinkedHashMap<>())
                .merge(each.value(), each.uses(), Long::sum));
        constants().forEach(each -> differences.computeIfAbsent(place(each), _ -> new LinkedHashMap<>())
                .merge(each.value(), -each.uses(), Long::sum));
        List<PatchedConstant> patched = new ArrayList<>();
        differences.forEach((place, uses) -> {
            // A conversion has one target: what there is more of than before is what all the others became.
            String to = uses.entrySet().stream().filter(each -> each.getValue() < 0).map(Map.Entry::getKey).findFirst()
                    .orElse(null);
            uses.forEach((from, count) -> {
                if (count > 0 && to != null) {
                    patched.add(new PatchedConstant(place.get(0), place.get(1), from, to, place.get(2), place.get(3),
                            count));
                }
            });
        });
        return List.copyOf(patched);
    }

    private static List<String> place(Constant constant) {
        return List.of(constant.method(), constant.kind(), constant.operator(), constant.argument());
    }

    /** The intermediate representation, or the source, of a method. */
    public String graph(String method, TorchBinding.GraphKind kind) {
        return using(handle -> Engine.binding().graph(handle, method, kind));
    }

    /** Where its tensors were put when it was loaded or converted. */
    public Device device() {
        return device;
    }

    // Calling

    @Override
    public Value call(CallSettings settings, String method, Object... arguments) {
        MethodCallEvent event = MethodCallEvent.begun();
        try {
            Value result = Value.of(Engine.binding().callMethod(methodHandle(method), settings,
                    Arguments.boxAll(arguments)));
            if (event != null) {
                event.with(method, device.toString(), arguments.length).commit();
            }
            return result;
        } finally {
            Reference.reachabilityFence(this);
            Arguments.changed(arguments);
        }
    }

    Handle methodHandle(String name) {
        checkOpen();
        Handle known = methodHandles.get(name);
        if (known != null) {
            return known;
        }
        Handle found = using(handle -> Engine.binding().method(handle, name));
        Handle first = methodHandles.putIfAbsent(name, found);
        if (first != null) {
            found.close();
            return first;
        }
        if (isClosed()) {
            // close() may have gone over the map before this one was in it.
            closeMethods();
            checkOpen();
        }
        return found;
    }

    // Changing

    /** Puts it into training or evaluation mode. Not while it runs. */
    public void train(boolean training) {
        use(handle -> Engine.binding().train(handle, training));
    }

    /**
     * A copy with floating parameters, buffers and dtype constants in its graphs converted.
     *
     * @param dtype a floating dtype
     */
    public Conversion to(DType dtype) {
        if (!dtype.isFloating()) {
            throw new BadArgumentException("expected a floating dtype to convert a model to, got " + dtype.torchName());
        }
        return convert(dtype.code(), device);
    }

    /** A copy with all tensors and device constants moved to a device. */
    public Conversion to(Device target) {
        Engine.get().require(target);
        return convert(-1, target);
    }

    /**
     * A converted copy.
     *
     * @param model            the copy; the original is as it was
     * @param convertedBytes   bytes of the tensors that were converted, in their new form
     * @param patchedConstants constants in graphs that were rewritten
     */
    public record Conversion(TorchScriptModel model, long convertedBytes, long patchedConstants) {
    }

    private Conversion convert(int dtype, Device target) {
        return DeepStack.call(() -> {
            Handle copy = using(handle -> Engine.binding().cloneModule(handle));
            try {
                int index = target.type() == Device.Type.CUDA ? target.index() : -1;
                List<BoxedValue> counts = cells(Engine.binding()
                        .convert(copy, dtype, target.type().code(), index, true));
                return new Conversion(new TorchScriptModel(ready(copy, target), target, archiveConstants),
                        number(counts.get(0)), number(counts.get(1)));
            } catch (RuntimeException e) {
                copy.close();
                throw e;
            }
        });
    }

    /** A copy with types, graphs and tensors of its own. */
    public TorchScriptModel copy() {
        return new TorchScriptModel(ready(DeepStack.call(() -> using(handle -> Engine.binding().cloneModule(handle))),
                device), device, archiveConstants);
    }

    /**
     * A frozen copy: parameters become constants and each method's graph is optimised. Every method is kept.
     *
     * @param preservedAttributes attributes that stay readable
     */
    public TorchScriptModel freeze(String... preservedAttributes) {
        return new TorchScriptModel(ready(DeepStack.call(() -> using(handle -> Engine.binding().freeze(handle,
                List.of(preservedAttributes), true))), device), device, archiveConstants);
    }

    /**
     * A frozen copy with operators rewritten for inference (torch.jit.optimize_for_inference); it cannot be saved.
     *
     * @param preservedAttributes attributes that stay readable
     */
    public TorchScriptModel optimizeForInference(String... preservedAttributes) {
        return new TorchScriptModel(ready(DeepStack.call(() -> using(handle -> Engine.binding()
                .optimizeForInference(handle, List.of(preservedAttributes)))), device), device, archiveConstants);
    }

    /**
     * Writes a TorchScript archive, by way of a temporary file beside it, so that a failure leaves no half archive.
     *
     * @throws dev.wick.error.WickException if it cannot be written, or was optimised for inference
     */
    public void save(Path path) {
        DeepStack.run(() -> use(handle -> Engine.binding().saveModule(handle, path.toAbsolutePath())));
    }

    /** Frees the model when the last thread that calls it has left; closing again does nothing. */
    @Override
    public void close() {
        super.close();
        closeMethods();
    }

    private void closeMethods() {
        closeAll(methodHandles);
    }

    private static void closeAll(Map<String, Handle> handles) {
        handles.values().forEach(Handle::close);
    }

    @Override
    public String toString() {
        return isClosed() ? "TorchScriptModel[closed]"
                : "TorchScriptModel" + methods().stream().map(Method::name).toList() + " on " + device;
    }

    private static List<BoxedValue> rows(BoxedValue table) {
        return ((BoxedValue.ListValue) table).elements();
    }

    private static List<BoxedValue> cells(BoxedValue row) {
        return ((BoxedValue.TupleValue) row).elements();
    }

    private static String text(BoxedValue cell) {
        return ((BoxedValue.StringValue) cell).value();
    }

    private static long number(BoxedValue cell) {
        return ((BoxedValue.IntValue) cell).value();
    }

    /** Native memory that grows as a stream of unknown length is read, beyond 2 GiB too. */
    private static final class GrowingMemory implements AutoCloseable {
        private Arena arena = Arena.ofShared();
        private MemorySegment memory = arena.allocate(1 << 20, 64);
        private long length;

        void append(byte[] bytes, int count) {
            if (length + count > memory.byteSize()) {
                Arena larger = Arena.ofShared();
                MemorySegment grown = larger.allocate(memory.byteSize() * 2, 64);
                MemorySegment.copy(memory, 0, grown, 0, length);
                arena.close();
                arena = larger;
                memory = grown;
            }
            MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, length, count);
            length += count;
        }

        MemorySegment segment() {
            return memory.asSlice(0, length);
        }

        @Override
        public void close() {
            arena.close();
        }
    }
}
