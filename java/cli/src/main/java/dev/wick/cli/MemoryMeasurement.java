package dev.wick.cli;

import dev.wick.Cuda;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.DeviceMemory;
import dev.wick.MemoryProfile;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.memory.MemoryTimeline;
import java.util.List;

/**
 * Records the memory of a model that is run, one dtype at a time; one thread.
 *
 * @param model  opened anew for each dtype
 * @param method to call
 * @param device to run on
 * @param shapes of the inputs
 * @param runs   to record
 * @param stacks whether submodules, TorchScript's lines and Java's frames are recorded
 */
record MemoryMeasurement(ModelSource model, String method, Device device, List<InputShape> shapes, int runs,
        boolean stacks) {
    /** Marks that the inputs are there. */
    static final String READY = "ready";
    /** Marks the end of a run, and is the tag of what is given out in it. */
    static final String RUN = "run";

    private static final String INPUTS = "inputs";

    /** Records one dtype; nothing of it is alive afterwards. */
    MemoryCell record(DType dtype) {
        if (device.type() == Device.Type.CUDA) {
            // What an earlier one left in the cache is not this one's.
            DeviceMemory.trim(device);
        }
        // Only its sums are of interest.
        try (MemoryProfile loading = MemoryProfile.builder(device).capacity(1).start();
                TorchScriptModel converted = converted(dtype)) {
            loading.stop();
            return new MemoryCell(dtype, loading.currentBytes() - loading.baselineBytes(),
                    loading.peakBytes() - loading.baselineBytes(), run(converted, dtype));
        }
    }

    private TorchScriptModel converted(DType dtype) {
        try (TorchScriptModel loaded = model.open(device)) {
            return loaded.to(dtype).model();
        }
    }

    private MemoryTimeline run(TorchScriptModel converted, DType dtype) {
        try (MemoryProfile profile = MemoryProfile.builder(device).stacks(stacks).start()) {
            List<Tensor> inputs = inputs(profile, dtype);
            try (var _ = profile.tag(RUN)) {
                profile.mark(READY);
                for (int i = 0; i < runs; i++) {
                    converted.call(method, inputs.toArray()).close();
                    if (device.type() == Device.Type.CUDA) {
                        Cuda.synchronize(device);
                    }
                    profile.mark(RUN);
                }
                return profile.stop();
            } finally {
                inputs.forEach(Tensor::close);
            }
        }
    }

    private List<Tensor> inputs(MemoryProfile profile, DType dtype) {
        try (var _ = profile.tag(INPUTS); TensorScope scope = TensorScope.open()) {
            return BenchMeasurement.noise(shapes).stream().map(input -> scope.detach(placed(input, dtype))).toList();
        }
    }

    private Tensor placed(Tensor input, DType dtype) {
        Tensor there = input.to(device);
        return input.dtype().isFloating() ? there.to(dtype) : there;
    }
}
