package dev.wick;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.jfr.CopyEvent;
import dev.wick.jfr.PinnedAllocationEvent;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.ref.Reference;
import java.util.Arrays;
import java.util.Objects;

/**
 * A LibTorch tensor; any thread may use it, and whoever writes its elements keeps other threads away meanwhile.
 *
 * <p>It is the caller's to close, unless a {@link TensorScope} is open on the thread that made it. Shapes and strides
 * are in elements, {@code byteSize} and segments in bytes. What is not here is an {@link Operator} by name.
 */
public final class Tensor extends NativeResource {
    private static final TensorDescription UNKNOWN = null;
    /** All addresses. Only for reads and writes between acquire and release of the handle. */
    private static final MemorySegment ALL = MemorySegment.NULL.reinterpret(Long.MAX_VALUE);

    /** Memory of Java's that the tensor looks into; null for LibTorch's own. */
    private final MemorySegment wrapped;
    private volatile TensorDescription description;
    /**
     * The zero-copy view, made at the first call of segment(); written under this, read without to see that none is.
     */
    private volatile Arena viewArena;
    private MemorySegment view;
    /** The scope that frees the tensor and the place in it; guarded by the scope. */
    private TensorScope scope;
    private int place = -1;

    Tensor(Handle handle) {
        this(handle, null);
    }

    private Tensor(Handle handle, MemorySegment wrapped) {
        this(handle, wrapped, true);
    }

    private Tensor(Handle handle, MemorySegment wrapped, boolean scoped) {
        super(handle);
        this.wrapped = wrapped;
        if (scoped) {
            TensorScope.adopt(this);
        }
    }

    /** A tensor that belongs to another object of this package, whatever scope is open. */
    static Tensor unscoped(Handle handle) {
        return new Tensor(handle, null, false);
    }

    /** An uninitialised CPU tensor that belongs to another object of this package. */
    static Tensor unscoped(DType dtype, long[] shape) {
        return unscoped(Device.CPU, dtype, shape);
    }

    /** An uninitialised tensor that belongs to another object of this package. */
    static Tensor unscoped(Device device, DType dtype, long[] shape) {
        return unscoped(Engine.binding().emptyTensor(shape, dtype.code(), device.type().code(), device.index(),
                GradMode.NO_GRAD));
    }

    /** An uninitialised tensor in page-locked host memory that belongs to another object of this package. */
    static Tensor unscopedPinned(DType dtype, long[] shape) {
        PinnedAllocationEvent event = PinnedAllocationEvent.begun();
        BoxedValue made = Engine.binding().callOperator("aten::empty", CallSettings.NO_GRAD, Arguments.boxAll(shape,
                Arguments.keyword("dtype", dtype), Arguments.keyword("device", Device.CPU),
                Arguments.keyword("pin_memory", true)));
        Tensor tensor = unscoped(((BoxedValue.TensorValue) made).tensor());
        if (event != null) {
            event.with(tensor.byteSize()).commit();
        }
        return tensor;
    }

    // Making

    /** Makes a tensor whose elements are whatever the memory held. */
    public static Tensor empty(DType dtype, long... shape) {
        return empty(Device.CPU, dtype, shape);
    }

    /** Makes a tensor whose elements are whatever the memory held. */
    public static Tensor empty(Device device, DType dtype, long... shape) {
        checkShape(shape);
        Engine.get().require(device);
        return new Tensor(Engine.binding().emptyTensor(shape, dtype.code(), device.type().code(),
                Math.max(device.index(), device.type() == Device.Type.CUDA ? 0 : -1), GradMode.NO_GRAD));
    }

    /**
     * Makes a tensor in page-locked host memory, whose elements are whatever the memory held: copies between it and a
     * CUDA device need not wait. LibTorch rounds its size up to a power of two.
     *
     * @throws UnsupportedFeatureException where there is no CUDA
     */
    public static Tensor pinned(DType dtype, long... shape) {
        checkShape(shape);
        Engine.get().cuda();
        Tensor tensor = unscopedPinned(dtype, shape);
        TensorScope.adopt(tensor);
        return tensor;
    }

    /** Makes a tensor of zeros. */
    public static Tensor zeros(DType dtype, long... shape) {
        Tensor tensor = empty(dtype, shape);
        Handle handle = tensor.handle();
        handle.acquire();
        try {
            tensor.memory().fill((byte) 0);
        } finally {
            handle.release();
        }
        return tensor;
    }

    /** Makes a tensor of float32 from the elements of an array, in row-major order. */
    public static Tensor of(float[] elements, long... shape) {
        return filled(DType.FLOAT32, elements.length, MemorySegment.ofArray(elements), shape);
    }

    /** Makes a tensor of float64 from the elements of an array, in row-major order. */
    public static Tensor of(double[] elements, long... shape) {
        return filled(DType.FLOAT64, elements.length, MemorySegment.ofArray(elements), shape);
    }

    /** Makes a tensor of int64 from the elements of an array, in row-major order. */
    public static Tensor of(long[] elements, long... shape) {
        return filled(DType.INT64, elements.length, MemorySegment.ofArray(elements), shape);
    }

    /** Makes a tensor of int32 from the elements of an array, in row-major order. */
    public static Tensor of(int[] elements, long... shape) {
        return filled(DType.INT32, elements.length, MemorySegment.ofArray(elements), shape);
    }

    /** Makes a tensor of int8 from the elements of an array, in row-major order. */
    public static Tensor of(byte[] elements, long... shape) {
        return filled(DType.INT8, elements.length, MemorySegment.ofArray(elements), shape);
    }

    /** Makes a tensor of bool from the elements of an array, in row-major order. */
    public static Tensor of(boolean[] elements, long... shape) {
        byte[] bytes = new byte[elements.length];
        for (int i = 0; i < elements.length; i++) {
            bytes[i] = (byte) (elements[i] ? 1 : 0);
        }
        return filled(DType.BOOL, elements.length, MemorySegment.ofArray(bytes), shape);
    }

    private static Tensor filled(DType dtype, long given, MemorySegment elements, long[] shape) {
        long expected = elementCount(shape);
        if (expected != given) {
            throw new BadArgumentException("expected " + expected + " elements for shape " + Arrays.toString(shape)
                    + ", got " + given);
        }
        Tensor tensor = empty(dtype, shape);
        Handle handle = tensor.handle();
        handle.acquire();
        try {
            tensor.memory().copyFrom(elements);
        } finally {
            handle.release();
        }
        return tensor;
    }

    /**
     * Makes a contiguous tensor over native memory, without a copy: writes on either side are seen on the other.
     *
     * <p>The segment stays reachable as long as any tensor uses the memory, so that memory of an automatic arena is
     * never taken away. An arena that is closed by hand must outlive the tensor and every view of it: this tensor
     * notices at its next use (an {@link IllegalStateException}), tensors derived from it cannot.
     *
     * @throws BadArgumentException if the segment is on the heap, read-only or too small
     */
    public static Tensor wrap(MemorySegment memory, DType dtype, long... shape) {
        checkShape(shape);
        return new Tensor(Engine.binding().wrap(memory, shape, null, dtype.code()), memory);
    }

    /** Like {@link #wrap(MemorySegment, DType, long...)}, with strides in elements. */
    public static Tensor wrapStrided(MemorySegment memory, DType dtype, long[] shape, long[] strides) {
        checkShape(shape);
        return new Tensor(Engine.binding().wrap(memory, shape, strides.clone(), dtype.code()), memory);
    }

    // What it is

    /** What it is; the same object until something may have changed the tensor in place. */
    TensorDescription description() {
        TensorDescription known = description;
        if (known == UNKNOWN) {
            try {
                known = Engine.binding().describe(usableHandle());
            } finally {
                Reference.reachabilityFence(this);
            }
            description = known;
        } else {
            checkOpen();
        }
        return known;
    }

    /** The handle, after a check that wrapped memory is still there. */
    Handle usableHandle() {
        if (wrapped != null && !wrapped.scope().isAlive()) {
            throw new IllegalStateException("the memory that the tensor looks into is gone: its arena was closed");
        }
        checkOpen();
        return handle();
    }

    public DType dtype() {
        return DType.ofCode(description().dtype());
    }

    public Device device() {
        TensorDescription known = description();
        return Device.of(known.deviceType(), known.deviceIndex());
    }

    /** Elements along each dimension; a copy. */
    public long[] shape() {
        return description().sizes().clone();
    }

    /** Elements along one dimension; a negative one counts from the last. */
    public long size(int dimension) {
        long[] sizes = description().sizes();
        int from = dimension < 0 ? dimension + sizes.length : dimension;
        if (from < 0 || from >= sizes.length) {
            throw new BadArgumentException("expected a dimension below " + sizes.length + ", got " + dimension);
        }
        return sizes[from];
    }

    /** Number of dimensions; 0 for a scalar. */
    public int dimensions() {
        return description().sizes().length;
    }

    /** Elements from one to the next along each dimension; a copy. */
    public long[] strides() {
        requireStrided();
        return description().strides().clone();
    }

    public long elementCount() {
        return description().elementCount();
    }

    /** Bytes of the elements, without what lies between them. */
    public long byteSize() {
        return description().elementCount() * description().elementSize();
    }

    /** Whether the elements follow each other in row-major order. */
    public boolean isContiguous() {
        return description().has(TensorDescription.CONTIGUOUS);
    }

    /** Whether the elements lie in the given order. */
    public boolean isContiguous(MemoryFormat format) {
        return description().has(switch (format) {
            case CONTIGUOUS -> TensorDescription.CONTIGUOUS;
            case CHANNELS_LAST -> TensorDescription.CHANNELS_LAST;
            case CHANNELS_LAST_3D -> TensorDescription.CHANNELS_LAST_3D;
            case PRESERVE -> throw new BadArgumentException("preserve is no layout that a tensor can have");
        });
    }

    /** Whether it lies in page-locked host memory. */
    public boolean isPinned() {
        return description().has(TensorDescription.PINNED);
    }

    public boolean requiresGrad() {
        return description().has(TensorDescription.REQUIRES_GRAD);
    }

    /** Whether it was made in inference mode, and so can never enter autograd. */
    public boolean isInference() {
        return description().has(TensorDescription.INFERENCE);
    }

    /** Whether two tensors look into the same storage. */
    public boolean sharesStorageWith(Tensor other) {
        return description().has(TensorDescription.STRIDED) && other.description().has(TensorDescription.STRIDED)
                && description().storageAddress() == other.description().storageAddress()
                && description().storageAddress() != 0;
    }

    // Its memory

    /**
     * The tensor's memory, without a copy: from its first element to its last, in bytes. A CPU tensor only.
     *
     * <p>Closing the tensor takes the view away: access is then an {@link IllegalStateException}. A view that is still
     * held keeps a forgotten tensor alive. Any thread may access it. Making it costs a shared arena, whose close takes
     * 8 to 20 microseconds; {@link #segment(Arena)} lets the caller choose another. The elements of a tensor that is
     * not contiguous lie at their {@link #strides()}.
     */
    public MemorySegment segment() {
        Handle usable = usableHandle();
        synchronized (this) {
            if (viewArena == null) {
                TensorDescription known = requireHost();
                if (wrapped != null) {
                    // LibTorch gives a tensor without elements no address.
                    return known.elementCount() == 0 ? wrapped.asSlice(0, 0)
                            : wrapped.asSlice(known.data() - wrapped.address(), span(known));
                }
                usable.acquire();
                try {
                    Arena arena = Arena.ofShared();
                    view = MemorySegment.ofAddress(known.data()).reinterpret(span(known), arena, null);
                    viewArena = arena;
                    if (isClosed()) {
                        viewArena = null;
                        arena.close();
                        checkOpen();
                    }
                    ownership().anchor(view.scope());
                } finally {
                    usable.release();
                }
            }
            return view;
        }
    }

    /**
     * The tensor's memory, without a copy, for as long as the caller's arena lives: the memory stays, even when the
     * tensor is closed earlier. A CPU tensor only.
     */
    public MemorySegment segment(Arena arena) {
        TensorDescription known = requireHost();
        Handle second = retained();
        try {
            return MemorySegment.ofAddress(known.data()).reinterpret(span(known), arena, _ -> second.close());
        } catch (RuntimeException e) {
            second.close();
            throw e;
        }
    }

    private Handle retained() {
        try {
            return Engine.binding().retain(usableHandle());
        } finally {
            Reference.reachabilityFence(this);
        }
    }

    private TensorDescription requireHost() {
        TensorDescription known = description();
        requireStrided();
        if (known.deviceType() != Device.Type.CPU.code()) {
            throw new BadArgumentException("expected a tensor on the cpu, got one on " + device()
                    + ": copy it with to(Device.CPU)");
        }
        return known;
    }

    private void requireStrided() {
        if (!description().has(TensorDescription.STRIDED)) {
            throw new UnsupportedFeatureException("the tensor is not strided (a sparse or opaque layout): it has no "
                    + "memory to look into; make it dense first");
        }
    }

    private static long span(TensorDescription known) {
        if (known.elementCount() == 0) {
            return 0;
        }
        long last = 0;
        for (int i = 0; i < known.sizes().length; i++) {
            last += (known.sizes()[i] - 1) * known.strides()[i];
        }
        return (last + 1) * known.elementSize();
    }

    // Reading

    /** The one element of the tensor as a number; integers beyond 2^53 lose digits, bool is 0 or 1. */
    public double item() {
        requireOne();
        return onHost() ? element() : hostItem().asDouble();
    }

    /** The one element of an integer or bool tensor. */
    public long itemLong() {
        requireOne();
        if (!dtype().isInteger() && dtype() != DType.BOOL) {
            throw new BadArgumentException("expected an integer or bool tensor, got " + dtype().torchName());
        }
        return onHost() ? integerElement() : hostItem().asLong();
    }

    private boolean onHost() {
        return description().deviceType() == Device.Type.CPU.code() && description().has(TensorDescription.STRIDED);
    }

    private void requireOne() {
        if (elementCount() != 1) {
            throw new BadArgumentException("expected a tensor of one element, got shape " + Arrays.toString(shape()));
        }
    }

    private Value hostItem() {
        return Operator.call("aten::item", this);
    }

    /** The memory from the first element to the last; only between acquire and release of the handle. */
    private MemorySegment memory() {
        TensorDescription known = description();
        return ALL.asSlice(known.data(), span(known));
    }

    /** Reads the one element; makes no object. */
    private double element() {
        Handle usable = usableHandle();
        usable.acquire();
        try {
            long address = description().data();
            return switch (dtype()) {
                case FLOAT32 -> ALL.get(ValueLayout.JAVA_FLOAT_UNALIGNED, address);
                case FLOAT64 -> ALL.get(ValueLayout.JAVA_DOUBLE_UNALIGNED, address);
                case FLOAT16 -> Float.float16ToFloat(ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address));
                case BFLOAT16 -> Float.intBitsToFloat(ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) << 16);
                case UINT64 -> unsigned(ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address));
                default -> integerElement(address);
            };
        } finally {
            usable.release();
        }
    }

    private static double unsigned(long bits) {
        return bits >= 0 ? bits : (bits >>> 1 | bits & 1) * 2.0;
    }

    private long integerElement() {
        Handle usable = usableHandle();
        usable.acquire();
        try {
            return integerElement(description().data());
        } finally {
            usable.release();
        }
    }

    private long integerElement(long address) {
        return switch (dtype()) {
            case BOOL, INT8 -> ALL.get(ValueLayout.JAVA_BYTE, address);
            case UINT8 -> ALL.get(ValueLayout.JAVA_BYTE, address) & 0xff;
            case INT16 -> ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address);
            case UINT16 -> ALL.get(ValueLayout.JAVA_SHORT_UNALIGNED, address) & 0xffff;
            case INT32 -> ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address);
            case UINT32 -> ALL.get(ValueLayout.JAVA_INT_UNALIGNED, address) & 0xffff_ffffL;
            case INT64, UINT64 -> ALL.get(ValueLayout.JAVA_LONG_UNALIGNED, address);
            default -> throw new BadArgumentException("a tensor of " + dtype().torchName()
                    + " has no elements that Java can read: convert it with to(DType)");
        };
    }

    /** The elements in row-major order, converted to float; a copy. */
    public float[] toFloatArray() {
        float[] elements = new float[arrayLength()];
        try (Tensor plain = plain(DType.FLOAT32)) {
            plain.copyTo(MemorySegment.ofArray(elements));
        }
        return elements;
    }

    /** The elements in row-major order, converted to double; a copy. */
    public double[] toDoubleArray() {
        double[] elements = new double[arrayLength()];
        try (Tensor plain = plain(DType.FLOAT64)) {
            plain.copyTo(MemorySegment.ofArray(elements));
        }
        return elements;
    }

    /** The elements in row-major order, converted to long; a copy. */
    public long[] toLongArray() {
        long[] elements = new long[arrayLength()];
        try (Tensor plain = plain(DType.INT64)) {
            plain.copyTo(MemorySegment.ofArray(elements));
        }
        return elements;
    }

    private int arrayLength() {
        if (elementCount() > Integer.MAX_VALUE - 8) {
            throw new BadArgumentException("a tensor of " + elementCount()
                    + " elements does not fit a Java array: read it through segment()");
        }
        return (int) elementCount();
    }

    /** A dense, contiguous CPU tensor with these elements, to be closed without closing this one. */
    private Tensor plain(DType dtype) {
        try (Tensor dense = description().has(TensorDescription.STRIDED) ? call("aten::alias") : call("aten::to_dense");
                Tensor onHost = dense.copiedTo(Device.CPU, dtype)) {
            return onHost.call("aten::contiguous");
        }
    }

    private void copyTo(MemorySegment target) {
        handle().acquire();
        try {
            target.copyFrom(memory());
        } finally {
            handle().release();
        }
    }

    // Converting

    /** The elements as another dtype; the same memory when the dtype is this one's already. */
    public Tensor to(DType dtype) {
        return call("aten::to", dtype);
    }

    /** The elements on another device; the same memory when they are there already. */
    public Tensor to(Device device) {
        Engine.get().require(device);
        return copiedTo(device, dtype());
    }

    private Tensor copiedTo(Device device, DType dtype) {
        CopyEvent event = CopyEvent.begun();
        Tensor result = call("aten::to", device, dtype);
        if (event != null && crossesTheBus(this, result)) {
            event.with(device().toString(), result.device().toString(), byteSize(), isPinned(), true).commit();
        }
        return result;
    }

    private static boolean crossesTheBus(Tensor from, Tensor to) {
        return from.device().type() != to.device().type();
    }

    /** The elements in the given order; the same memory when they lie so already. */
    public Tensor contiguous(MemoryFormat format) {
        return call("aten::contiguous", Arguments.keyword("memory_format", format));
    }

    /** A copy with memory of its own. */
    public Tensor copy() {
        return call("aten::clone");
    }

    /** The same memory in another shape; one size may be -1. */
    public Tensor view(long... shape) {
        return call("aten::view", shape);
    }

    /** The same elements in another shape, in the same memory where strides allow; one size may be -1. */
    public Tensor reshape(long... shape) {
        return call("aten::reshape", shape);
    }

    /** The same memory with its dimensions in another order. */
    public Tensor permute(long... dimensions) {
        return call("aten::permute", dimensions);
    }

    /** The same memory, with elements {@code from} up to {@code to} of one dimension. */
    public Tensor slice(int dimension, long from, long to) {
        return call("aten::slice", dimension, from, to, 1L);
    }

    /** Overwrites the elements with another tensor's, broadcast and converted; waits for it. */
    public void copyFrom(Tensor source) {
        CopyEvent event = CopyEvent.begun();
        Operator.call("aten::copy_", this, source).close();
        if (event != null && crossesTheBus(source, this)) {
            event.with(source.device().toString(), device().toString(), byteSize(), source.isPinned() || isPinned(),
                    true)
                    .commit();
        }
    }

    /** Calls an operator of LibTorch on this tensor that gives one tensor, without recording a graph. */
    private Tensor call(String name, Object... arguments) {
        Object[] all = new Object[arguments.length + 1];
        all[0] = this;
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        BoxedValue[] boxed = Arguments.boxAll(all);
        TorchBinding binding = Engine.binding();
        return Value.of(binding.callOperator(name, CallSettings.NO_GRAD, boxed)).tensor();
    }

    // Life

    /**
     * Forgets what is known of the tensor, after something that may have changed it in place; a view whose memory has
     * moved is taken away, so that a segment held from before cannot reach freed memory.
     */
    void changed() {
        if (description == UNKNOWN) {
            return;
        }
        description = UNKNOWN;
        if (viewArena == null) {
            return;
        }
        synchronized (this) {
            if (viewArena != null && !isClosed()) {
                TensorDescription now = description();
                if (now.data() != view.address() || span(now) != view.byteSize()) {
                    Arena arena = viewArena;
                    viewArena = null;
                    view = null;
                    arena.close();
                }
            }
        }
    }

    void enter(TensorScope into, int at) {
        scope = into;
        place = at;
    }

    void leave() {
        scope = null;
        place = -1;
    }

    int placeIn(TensorScope asking) {
        return scope == asking ? place : -1;
    }

    /** Frees the tensor, at once or when the last thread inside native code leaves; closing again does nothing. */
    @Override
    public void close() {
        TensorScope in = scope;
        if (in != null) {
            in.remove(this);
        }
        markClosed();
        if (closeView()) {
            super.close();
        } else {
            closeWithViews();
        }
    }

    /** Takes the view away; false when native code is inside it at this moment, and its memory must stay. */
    private boolean closeView() {
        if (viewArena == null) {
            return true;
        }
        synchronized (this) {
            Arena arena = viewArena;
            viewArena = null;
            try {
                if (arena != null) {
                    arena.close();
                }
                return true;
            } catch (IllegalStateException e) {
                return false;
            }
        }
    }

    private static void checkShape(long[] shape) {
        Objects.requireNonNull(shape, "shape");
        elementCount(shape);
    }

    static long elementCount(long[] shape) {
        long count = 1;
        for (long size : shape) {
            if (size < 0) {
                throw new BadArgumentException("expected sizes of at least 0, got shape " + Arrays.toString(shape));
            }
            try {
                count = Math.multiplyExact(count, size);
            } catch (ArithmeticException e) {
                throw new BadArgumentException("shape " + Arrays.toString(shape) + " has more elements than a long can "
                        + "count");
            }
        }
        return count;
    }

    @Override
    public String toString() {
        return isClosed() ? "Tensor[closed]"
                : "Tensor[" + dtype().torchName() + " " + Arrays.toString(shape()) + " on " + device() + "]";
    }
}
