package dev.wick.binding.panama;

import dev.wick.binding.CudaBinding;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.panama.generated.cuda.WickCuda;
import dev.wick.binding.panama.generated.cuda.wick_cuda_device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/** CUDA through wick_cuda, once that library is loaded; any thread. */
final class PanamaCuda implements CudaBinding {

    @Override
    public List<CudaDevice> devices() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
            frame.check(WickCuda.wick_cuda_device_count(count, frame.error));
            List<CudaDevice> devices = new ArrayList<>();
            for (int i = 0; i < count.get(ValueLayout.JAVA_INT, 0); i++) {
                MemorySegment device = wick_cuda_device.allocate(arena);
                frame.check(WickCuda.wick_cuda_device_describe(i, device, frame.error));
                devices.add(read(device));
            }
            return devices;
        }
    }

    private static CudaDevice read(MemorySegment device) {
        byte[] name = wick_cuda_device.name(device).asSlice(0, wick_cuda_device.name_length(device))
                .toArray(ValueLayout.JAVA_BYTE);
        String hex = HexFormat.of().formatHex(wick_cuda_device.uuid(device).toArray(ValueLayout.JAVA_BYTE));
        String uuid = "GPU-" + String.join("-", hex.substring(0, 8), hex.substring(8, 12), hex.substring(12, 16),
                hex.substring(16, 20), hex.substring(20));
        return new CudaDevice(wick_cuda_device.index(device), new String(name, StandardCharsets.UTF_8), uuid,
                wick_cuda_device.compute_capability_major(device) + "."
                        + wick_cuda_device.compute_capability_minor(device),
                wick_cuda_device.multiprocessor_count(device), wick_cuda_device.total_bytes(device),
                wick_cuda_device.free_bytes(device));
    }

    @Override
    public int driverVersion() {
        return versions()[0];
    }

    @Override
    public int runtimeVersion() {
        return versions()[1];
    }

    private static int[] versions() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment versions = arena.allocate(ValueLayout.JAVA_INT, 2);
            frame.check(WickCuda.wick_cuda_versions(versions, versions.asSlice(4), frame.error));
            return versions.toArray(ValueLayout.JAVA_INT);
        }
    }

    @Override
    public void synchronize(int device) {
        try (Frame frame = Frame.take()) {
            frame.check(WickCuda.wick_cuda_synchronize(device, frame.error));
        }
    }
}
