package dev.wick.bench;

import dev.wick.Device;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A pipeline beside copies alone and computation alone, at a driver's pace: {@code DEVICE BATCH OUT WORKLOAD...}, where a
 * workload is {@code NAME,ARCHIVE,INPUT.npy,SHAPE} with the shape of one image, or {@code balanced}, whose copies and
 * products take the same time.
 *
 * <p>A round prints a line for each workload, with nanoseconds of one batch among many: through the pipeline; of its
 * copies alone, both directions at once; of its computation alone, on what lies on the device. Before the first, the
 * results of pipeline and computation are written to {@code OUT.NAME.pipeline.f32} and {@code OUT.NAME.compute.f32}. On
 * a GPU models compute in float16 as a CUDA graph; on the CPU in float32, where nothing is copied and the computation
 * alone is a Runner's.
 */
public final class PipelineRound {
    private PipelineRound() {
    }

    public static void main(String... args) throws Exception {
        Device device = Device.parse(args[0]);
        int batch = Integer.parseInt(args[1]);
        List<PipelineWorkload> workloads = new ArrayList<>();
        try {
            for (String asked : Arrays.asList(args).subList(3, args.length)) {
                String[] parts = asked.split(",");
                PipelineWorkload workload = parts.length == 1 ? PipelineWorkload.balanced(device)
                        : PipelineWorkload.of(device, parts[0], Path.of(parts[1]), Path.of(parts[2]),
                                Arrays.stream(parts[3].split("x")).mapToLong(Long::parseLong).toArray(), batch);
                workloads.add(workload);
                workload.settle();
                workload.write(args[2]);
            }
            Paced.rounds(() -> {
                for (PipelineWorkload workload : workloads) {
                    workload.measure().print();
                }
            });
        } finally {
            workloads.forEach(PipelineWorkload::close);
        }
    }
}
