package dev.wick.binding;

/**
 * Everything thread-local that a call depends on; set on entry to native code and restored on return. Immutable.
 *
 * @param mode           autograd mode
 * @param intraOpThreads threads of one operator; 0 is the process setting
 * @param onednnGraph    whether graphs compiled during the call pass through oneDNN Graph fusion
 * @param cudaDevice     the CUDA device to make current; -1 for none
 * @param cudaStream     the {@code cudaStream_t} to make current there; 0 for none
 */
public record CallSettings(GradMode mode, int intraOpThreads, boolean onednnGraph, int cudaDevice, long cudaStream) {
    /** Inference on the process's threads. */
    public static final CallSettings INFERENCE = new CallSettings(GradMode.INFERENCE, 0, false);
    /** No autograd graph, on the process's threads. */
    public static final CallSettings NO_GRAD = new CallSettings(GradMode.NO_GRAD, 0, false);
    /** Autograd, on the process's threads. */
    public static final CallSettings GRAD = new CallSettings(GradMode.GRAD, 0, false);

    public CallSettings {
        if (intraOpThreads < 0) {
            throw new IllegalArgumentException("threads must not be negative: " + intraOpThreads);
        }
        if (cudaDevice < -1 || cudaStream != 0 && cudaDevice < 0) {
            throw new IllegalArgumentException("a stream needs the number of its device: " + cudaDevice);
        }
    }

    /** Settings that name no CUDA device. */
    public CallSettings(GradMode mode, int intraOpThreads, boolean onednnGraph) {
        this(mode, intraOpThreads, onednnGraph, -1, 0);
    }

    /** The shared settings of a mode. */
    public static CallSettings of(GradMode mode) {
        return switch (mode) {
            case INFERENCE -> INFERENCE;
            case NO_GRAD -> NO_GRAD;
            case GRAD -> GRAD;
        };
    }

    /** The same on a CUDA device and, unless 0, a stream of it. */
    public CallSettings on(int device, long stream) {
        return new CallSettings(mode, intraOpThreads, onednnGraph, device, stream);
    }
}
