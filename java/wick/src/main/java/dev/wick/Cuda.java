package dev.wick;

import dev.wick.binding.CudaBinding;
import dev.wick.binding.CudaHostMemory;
import dev.wick.binding.CudaNumerics;
import dev.wick.binding.CudaSyncDebug;
import dev.wick.binding.CudaWait;
import dev.wick.binding.CudaWorkspaces;
import dev.wick.error.BadArgumentException;

/**
 * CUDA's process-wide settings, waits and page-locked host memory; any thread. Device memory is {@link DeviceMemory}.
 *
 * <p>Every method throws {@link dev.wick.error.UnsupportedFeatureException} where there is no CUDA; the message says why
 * ({@link Engine#missingFeatures()}).
 */
public final class Cuda {
    private Cuda() {
    }

    static CudaBinding binding() {
        return Engine.get().cuda();
    }

    /** The number of a CUDA device that is there. */
    static int index(Device device) {
        if (device.type() != Device.Type.CUDA) {
            throw new BadArgumentException("expected a CUDA device, got " + device);
        }
        Engine.get().require(device);
        return device.index();
    }

    /** The newest CUDA runtime that the driver supports, as CUDA writes it: 13000 is 13.0. */
    public static int driverVersion() {
        return binding().driverVersion();
    }

    /** The CUDA runtime in use, as CUDA writes it. */
    public static int runtimeVersion() {
        return binding().runtimeVersion();
    }

    /** Waits for all work on a device. */
    public static void synchronize(Device device) {
        binding().synchronize(index(device));
    }

    /** How threads wait for a device. */
    public static CudaWait waitPolicy(Device device) {
        return binding().waitPolicy(index(device));
    }

    /** Settles how threads wait for a device, best before its first use. */
    public static void setWaitPolicy(Device device, CudaWait policy) {
        binding().setWaitPolicy(index(device), policy);
    }

    /** What LibTorch does when an operator waits for a device without being asked to. */
    public static CudaSyncDebug syncDebug() {
        return binding().syncDebug();
    }

    /**
     * Makes LibTorch warn, or fail, when an operator waits for a device without being asked to; for the whole process. Waits
     * that Wick's own methods are for, such as {@link CudaStream#synchronize()} and {@link Runner#run()}, are not meant.
     */
    public static void setSyncDebug(CudaSyncDebug mode) {
        binding().setSyncDebug(mode);
    }

    /** What cuBLAS and cuDNN may do: TF32, reduced reductions, cuDNN's choice of algorithms. */
    public static CudaNumerics numerics() {
        return binding().numerics();
    }

    /** Settles what cuBLAS and cuDNN may do in every later call of the process. */
    public static void setNumerics(CudaNumerics numerics) {
        binding().setNumerics(numerics);
    }

    /**
     * Settles LibTorch's device memory allocator, in the form of {@code PYTORCH_CUDA_ALLOC_CONF} (such as
     * {@code expandable_segments:True}), which a running JVM cannot set.
     *
     * @throws BadArgumentException           after the first use of a device, or for the backend, which the environment
     *                                        alone chooses
     * @throws dev.wick.error.TorchException if LibTorch does not know a key or a value
     */
    public static void configureAllocator(String settings) {
        binding().configureAllocator(settings);
    }

    /** LibTorch's statistics of page-locked host memory. */
    public static CudaHostMemory hostMemory() {
        return binding().hostMemory();
    }

    /** Sets the peaks of {@link #hostMemory} to the current values. */
    public static void resetPeakHostMemory() {
        binding().resetPeakHostMemory();
    }

    /** Gives page-locked host memory that nothing uses back to the system. */
    public static void trimHostMemory() {
        binding().trimHostMemory();
    }

    /**
     * The sizes of the workspaces that LibTorch allocates for cuBLAS, which {@link #memory} counts among what is allocated.
     *
     * @throws dev.wick.error.UnsupportedFeatureException before LibTorch 2.10
     */
    public static CudaWorkspaces workspaces() {
        return binding().workspaces();
    }

    /**
     * Gives cuBLAS's workspaces, of every device, thread and stream, back to LibTorch's allocator; the next product
     * allocates one again. Only while no product runs, and when no {@link CudaGraph} or {@link Runner} with one will be
     * launched again: a graph goes on using the workspace that it was captured with.
     */
    public static void freeWorkspaces() {
        binding().freeWorkspaces();
    }
}
