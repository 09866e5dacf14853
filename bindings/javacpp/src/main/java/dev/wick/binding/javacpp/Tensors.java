package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Device;
import org.bytedeco.pytorch.DeviceOptional;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Storage;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptions;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.Layout;
import org.bytedeco.pytorch.global.torch.MemoryFormat;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Tensors: made, wrapped, described; any thread. */
final class Tensors {
    private static final int MAXIMUM_DIMENSIONS = 64;
    /** By dtype, for the CPU; made once, for the process. */
    private static final AtomicReferenceArray<TensorOptions> CPU_OPTIONS =
            new AtomicReferenceArray<>(ScalarType.NumOptions.value);
    private static final MemoryFormatOptional ANY_FORMAT = new MemoryFormatOptional();
    /** Found at the first use. */
    private static final class Empty {
        private static final Handle OPERATOR = Operators.find("aten::empty", "memory_format");
    }

    private Tensors() {
    }

    /** Refuses what no tensor can have. */
    static void checkSizes(long[] sizes) {
        if (sizes.length > MAXIMUM_DIMENSIONS) {
            throw new BadArgumentException("expected 0 to " + MAXIMUM_DIMENSIONS + " sizes, got " + sizes.length);
        }
        for (int i = 0; i < sizes.length; i++) {
            if (sizes[i] < 0) {
                throw new BadArgumentException("size " + i + " is negative: " + sizes[i]);
            }
        }
    }

    static Handle empty(long[] sizes, int dtype, int deviceType, int deviceIndex, GradMode mode) {
        checkSizes(sizes);
        ScalarType type = Codes.scalarType(dtype);
        Codes.checkDevice(deviceType, deviceIndex);
        checkInside(sizes, null, torch.elementSize(type), Long.MAX_VALUE);
        CallSettings settings = CallSettings.of(mode);
        if (deviceType == 0) {
            // The operator rather than torch::empty, whose result would be an ordinary owning pointer.
            return ((BoxedValue.TensorValue) PlatformThreads.call(() -> Operators.call(Empty.OPERATOR, settings,
                    new BoxedValue.LongArrayValue(sizes), new BoxedValue.IntValue(dtype)))).tensor();
        }
        return PlatformThreads.call(() -> {
            try (CallGuard _ = CallGuard.enter(settings); PointerScope _ = new PointerScope()) {
                TensorOptions options = new TensorOptions(type)
                        .device(new DeviceOptional(Codes.device(deviceType, deviceIndex)));
                return new TensorHandle(ValueSlot.of(new IValue(torch.empty(sizes, options, ANY_FORMAT))));
            } catch (RuntimeException e) {
                throw Errors.of(e);
            }
        });
    }

    /** What describes a contiguous CPU tensor. */
    static TensorOptions cpuOptions(ScalarType type) {
        TensorOptions options = CPU_OPTIONS.get(type.value);
        if (options == null) {
            options = new TensorOptions(type);
            // Out of any scope that is open: it stays.
            options.retainReference();
            CPU_OPTIONS.set(type.value, options);
        }
        return options;
    }

    static Handle wrap(MemorySegment memory, long[] sizes, long[] strides, int dtype) {
        if (!memory.isNative()) {
            throw new BadArgumentException("a tensor can look into native memory only, not into a Java array");
        }
        if (memory.isReadOnly()) {
            throw new BadArgumentException("a tensor cannot look into read-only memory: operators may write in place");
        }
        checkSizes(sizes);
        if (strides != null && strides.length != sizes.length) {
            throw new BadArgumentException("expected " + sizes.length + " strides, got " + strides.length);
        }
        ScalarType type = Codes.scalarType(dtype);
        long elementSize = torch.elementSize(type);
        checkInside(sizes, strides, elementSize, memory.byteSize());
        if (memory.address() % elementSize != 0) {
            throw new BadArgumentException("the memory's address is not a multiple of the element size " + elementSize
                    + ": vectorised loops would fault, copy it instead");
        }
        Retained.drain();
        return PlatformThreads.call(() -> wrapChecked(memory, sizes, strides, type));
    }

    private static Handle wrapChecked(MemorySegment memory, long[] sizes, long[] strides, ScalarType type) {
        try (CallGuard _ = CallGuard.plain(); PointerScope _ = new PointerScope()) {
            Pointer data = new Owned.Address(memory.address());
            TensorOptions options = cpuOptions(type);
            Tensor tensor = strides == null ? torch.from_blob(data, sizes, options)
                    : torch.from_blob(data, sizes, strides, options);
            Retained retained = new Retained(memory, new Owned.Memory(tensor));
            return new TensorHandle(ValueSlot.of(new IValue(tensor)), retained);
        } catch (RuntimeException e) {
            throw Errors.of(e);
        }
    }

    private static void checkInside(long[] sizes, long[] strides, long elementSize, long byteSize) {
        boolean empty = false;
        long needed;
        try {
            long last = 0;
            long contiguous = 1;
            for (int i = sizes.length - 1; i >= 0; i--) {
                long stride = strides != null ? strides[i] : contiguous;
                if (stride < 0) {
                    throw new BadArgumentException("stride " + i + " is negative: " + stride);
                }
                empty |= sizes[i] == 0;
                last = Math.addExact(last, Math.multiplyExact(Math.max(sizes[i] - 1, 0), stride));
                contiguous = Math.multiplyExact(contiguous, Math.max(sizes[i], 1));
            }
            needed = Math.multiplyExact(Math.addExact(last, 1), elementSize);
        } catch (ArithmeticException e) {
            throw new BadArgumentException("the tensor's sizes and strides go beyond 2^63 bytes");
        }
        if (!empty && needed > byteSize) {
            throw new BadArgumentException("the tensor needs " + needed + " bytes, the memory has " + byteSize);
        }
    }

    static TensorDescription describe(TensorHandle handle) {
        handle.acquire();
        try {
            return describe(handle.tensor());
        } catch (RuntimeException e) {
            throw Errors.of(e);
        } finally {
            handle.release();
        }
    }

    private static TensorDescription describe(Tensor tensor) {
        int dimensions = (int) tensor.dim();
        if (dimensions > MAXIMUM_DIMENSIONS) {
            throw new UnsupportedFeatureException("the tensor has " + dimensions + " dimensions, more than "
                    + MAXIMUM_DIMENSIONS);
        }
        boolean strided = tensor.layout().value == Layout.Strided.value;
        long[] sizes = new long[dimensions];
        long[] strides = new long[strided ? dimensions : 0];
        for (int i = 0; i < dimensions; i++) {
            sizes[i] = tensor.size(i);
            if (strided) {
                strides[i] = tensor.stride(i);
            }
        }
        int deviceType = 0;
        int deviceIndex = -1;
        if (!tensor.is_cpu()) {
            try (Device device = tensor.device()) {
                deviceType = device.type().value;
                deviceIndex = device.index();
            }
        }
        boolean stored = strided && tensor.has_storage();
        Storage storage = stored ? tensor.storage() : null;
        Pointer data = stored ? tensor.data_ptr() : null;
        Pointer start = stored ? storage.data() : null;
        return new TensorDescription(tensor.scalar_type().value, deviceType, deviceIndex, tensor.layout().value,
                flags(tensor, dimensions, strided), sizes, strides, tensor.numel(), tensor.element_size(),
                data == null ? 0 : data.address(), start == null ? 0 : start.address(),
                stored ? tensor.storage_offset() : 0, stored ? storage.nbytes() : 0);
    }

    private static int flags(Tensor tensor, int dimensions, boolean strided) {
        int flags = (tensor.requires_grad() ? TensorDescription.REQUIRES_GRAD : 0)
                | (tensor.is_inference() ? TensorDescription.INFERENCE : 0)
                | (tensor.is_leaf() ? TensorDescription.LEAF : 0);
        if (!strided) {
            return flags;
        }
        boolean last = dimensions == 4 && tensor.is_contiguous(MemoryFormat.ChannelsLast);
        boolean last3d = dimensions == 5 && tensor.is_contiguous(MemoryFormat.ChannelsLast3d);
        // Whether memory is pinned is not asked: it is for a device, and the CPU natives have none.
        return flags | TensorDescription.STRIDED | (tensor.is_contiguous() ? TensorDescription.CONTIGUOUS : 0)
                | (last ? TensorDescription.CHANNELS_LAST : 0) | (last3d ? TensorDescription.CHANNELS_LAST_3D : 0);
    }

    static Handle retain(TensorHandle handle) {
        handle.acquire();
        try {
            return new TensorHandle(ValueSlot.of(handle.value()));
        } finally {
            handle.release();
        }
    }
}
