package dev.wick.binding;

import java.util.List;

/** The facet for CUDA; any thread. */
public interface CudaBinding {

    /** The devices LibTorch sees, possibly none. */
    List<CudaDevice> devices();

    /** The newest CUDA runtime that the driver supports, as CUDA writes it: 12080 is 12.8. */
    int driverVersion();

    /** The CUDA runtime in use, as CUDA writes it. */
    int runtimeVersion();

    /** Waits for all work on a device. */
    void synchronize(int device);
}
