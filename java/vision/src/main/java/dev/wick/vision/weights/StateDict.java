package dev.wick.vision.weights;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.error.NotFoundException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * The tensors of a file by name; any thread may read it.
 *
 * <pre>{@code
 * try (StateDict weights = StateDict.read(Path.of("open_clip_model.safetensors"))) {
 *     Weights.load(model, weights);
 * }
 * }</pre>
 *
 * <p>Reading names, dtypes and shapes reads no tensor and calls nothing native, TorchScript archives aside. A tensor is
 * made when it is asked for and belongs to the state dict, which closes it. Tensors of {@code .safetensors} and {@code
 * .pth} files look into the mapped file where its bytes can be used as they are; the mapping is private: writing to
 * such a tensor changes no file. Java maps privately only what this user may write to: other files are read into
 * memory, as {@link #isMapped} says.
 *
 * <p>A mapped file must not be cut short while its tensors are used: the operating system ends a process (SIGBUS) that
 * reads behind a file's new end, and no Java exception can stand in for that. Asking for a tensor checks that the file
 * is as long as it was. Whoever cannot rule it out takes {@link #readIntoMemory}. Replacing a file by another of its
 * name, as Wick and well-behaved downloaders do, harms nothing.
 */
public final class StateDict implements AutoCloseable {
    /** The kinds of file. */
    public enum Container {
        /** {@code .safetensors}, one file. */
        SAFETENSORS("safetensors"),
        /** {@code model.safetensors.index.json} with the files it names. */
        SHARDED("index of shards"),
        /** {@code torch.save} since PyTorch 1.6. */
        ZIP("torch.save, zip"),
        /** {@code torch.save} before. */
        LEGACY("torch.save, legacy"),
        /** {@code torch.jit.save}: parameters and buffers of the module. */
        TORCHSCRIPT("TorchScript archive");

        private final String description;

        Container(String description) {
            this.description = description;
        }

        /** In words. */
        @Override
        public String toString() {
            return description;
        }
    }

    /**
     * A tensor that was not made yet.
     *
     * @param maker makes it; it is in the innermost open {@link TensorScope}
     */
    record Entry(DType dtype, long[] shape, Supplier<Tensor> maker) {
    }

    /** What keeps the tensors' memory. */
    interface Resource {
        void close();

        default boolean isMapped() {
            return false;
        }
    }

    private final String source;
    private final Container container;
    private final List<String> unwrapped;
    private final List<String> ignored;
    private final Map<String, Entry> entries;
    private final Resource resource;
    private final Map<String, Tensor> made = new HashMap<>();
    private boolean closed;

    /**
     * @param unwrapped what stood around the tensors, outermost first
     * @param ignored   what stands beside them and is no tensor
     */
    StateDict(String source, Container container, List<String> unwrapped, List<String> ignored,
            SequencedMap<String, Entry> entries, Resource resource) {
        this.source = source;
        this.container = container;
        this.unwrapped = List.copyOf(unwrapped);
        this.ignored = List.copyOf(ignored);
        this.entries = Collections.unmodifiableMap(entries);
        this.resource = resource;
    }

    /**
     * Reads a file of weights; what kind it is, is seen by its content.
     *
     * <p>Nothing in a {@code .pth} file is executed: it may hold tensors, parameters, dictionaries, lists, tuples,
     * texts and numbers, and whatever else it asks for is refused by name. A dictionary {@code state_dict}, {@code
     * model_state_dict} or {@code model} in it is taken out of the training checkpoint around it, and the prefix {@code
     * module.} is taken off when every name has it. Loading a TorchScript archive does run LibTorch's reader.
     *
     * @param file {@code .safetensors}, an index of such files beside it, {@code .pth} of either format, or a
     *     TorchScript archive
     * @throws dev.wick.error.ModelUnreadableException if it cannot be read; the message says which file and why
     */
    public static StateDict read(Path file) {
        return StateDictReader.read(file, true);
    }

    /** Like {@link #read}, but the whole file is read into memory, and may change or vanish afterwards. */
    public static StateDict readIntoMemory(Path file) {
        return StateDictReader.read(file, false);
    }

    /**
     * The kind of a file by what it begins with, without reading it; empty when it is none of them, or cannot be read.
     * Reading it may still find it damaged.
     */
    public static Optional<Container> containerOf(Path file) {
        return StateDictReader.containerOf(file);
    }

    /** The file, as errors name it. */
    public String source() {
        return source;
    }

    /** The kind of file. */
    public Container container() {
        return container;
    }

    /** Whether tensors look into the mapped file; otherwise its bytes were read into memory. */
    public boolean isMapped() {
        return resource.isMapped();
    }

    /** What stood around the tensors, outermost first: keys of a training checkpoint, and a prefix of all names. */
    public List<String> unwrapped() {
        return unwrapped;
    }

    /** Keys beside the tensors that are none: {@code epoch}, {@code optimizer}. */
    public List<String> ignored() {
        return ignored;
    }

    /** All names, in the file's order. */
    public List<String> names() {
        return List.copyOf(entries.keySet());
    }

    /** Whether there is a tensor of that name. */
    public boolean contains(String name) {
        return entries.containsKey(name);
    }

    /**
     * The dtype that a tensor has in the file.
     *
     * @throws NotFoundException if there is none of that name
     */
    public DType dtype(String name) {
        return entry(name).dtype;
    }

    /**
     * Elements along each dimension of a tensor; a copy.
     *
     * @throws NotFoundException if there is none of that name
     */
    public long[] shape(String name) {
        return entry(name).shape.clone();
    }

    /** The shapes of all tensors by name, in the file's order; copies. */
    public Map<String, long[]> shapes() {
        Map<String, long[]> shapes = new LinkedHashMap<>();
        entries.forEach((name, entry) -> shapes.put(name, entry.shape.clone()));
        return Collections.unmodifiableMap(shapes);
    }

    /**
     * A tensor on the CPU, in the file's dtype; the same object each time. It belongs to the state dict: do not close
     * it, and use a copy beyond {@link #close}.
     *
     * @throws NotFoundException                       if there is none of that name
     * @throws dev.wick.error.ModelUnreadableException if the file was cut short meanwhile
     * @throws IllegalStateException                   if the state dict is closed
     */
    public synchronized Tensor tensor(String name) {
        if (closed) {
            throw new IllegalStateException("the state dict of " + source + " is closed");
        }
        Entry entry = entry(name);
        return made.computeIfAbsent(name, _ -> {
            try (TensorScope scope = TensorScope.open()) {
                return scope.detach(entry.maker.get());
            }
        });
    }

    private Entry entry(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new NotFoundException(source + " has no tensor '" + name + "'; it has " + entries.size()
                    + (entries.isEmpty() ? "" : ", '" + entries.keySet().iterator().next() + "' first"));
        }
        return entry;
    }

    /** The same file under other names, made of this one, which stays the caller's to close and must stay open. */
    StateDict with(SequencedMap<String, Entry> others, List<String> alsoUnwrapped) {
        List<String> all = new ArrayList<>(unwrapped);
        all.addAll(alsoUnwrapped);
        return new StateDict(source, container, all, ignored, others, new Resource() {
            @Override
            public void close() {
                // The one that it is made of is closed by its owner.
            }

            @Override
            public boolean isMapped() {
                return resource.isMapped();
            }
        });
    }

    /** A tensor of this one under whatever name. */
    Entry again(String name) {
        Entry entry = entry(name);
        return new Entry(entry.dtype, entry.shape, () -> dev.wick.Operator.call("aten::alias", tensor(name)).tensor());
    }

    /** Another name for each tensor, by the old one. */
    StateDict renamed(Function<String, String> name, List<String> alsoUnwrapped) {
        SequencedMap<String, Entry> others = new LinkedHashMap<>();
        entries.forEach((old, entry) -> others.put(name.apply(old), entry));
        List<String> all = new ArrayList<>(unwrapped);
        all.addAll(alsoUnwrapped);
        return new StateDict(source, container, all, ignored, others, resource);
    }

    /** Closes its tensors; idempotent. A mapped file is given back when nothing uses its memory any more. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        made.values().forEach(Tensor::close);
        made.clear();
        resource.close();
    }

    @Override
    public String toString() {
        return "StateDict[" + source + ", " + container + ", " + entries.size() + " tensors]";
    }
}
