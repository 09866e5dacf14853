package dev.wick.bench;

import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.PinnedBuffer;
import dev.wick.Tensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * Copies between page-locked memory and a CUDA device, at a driver's pace: {@code DEVICE BYTES,BYTES,...}.
 *
 * <p>A round prints a line for each size and direction: nanoseconds of one copy among many that are enqueued after each
 * other and awaited together, of enqueueing one of them, and of a copy that is awaited by itself. What came back from the
 * device is compared with what was sent before a line is printed. native/benchmarks/copy_harness.cpp is the other side.
 */
public final class CopyRound {
    /** Copied in a sample, by at most so many copies; as the harness has them. */
    private static final long SAMPLE_BYTES = 256L << 20;
    private static final int MOST_COPIES = 200;
    private static final int SINGLE_COPIES = 20;
    /** C2 compiles a method after some ten thousand calls. */
    private static final int COMPILING_COPIES = 15_000;
    private static final int SENT = 0;
    private static final int RECEIVED = 1;

    private CopyRound() {
    }

    private enum Direction {
        TO_DEVICE("to device"), TO_HOST("to host");

        private final String text;

        Direction(String text) {
            this.text = text;
        }
    }

    /** Memory of one size on both sides. */
    private record Memory(PinnedBuffer host, Tensor there, CudaStream stream) implements AutoCloseable {
        static Memory of(Device device, CudaStream stream, long bytes) {
            long elements = bytes / Integer.BYTES;
            PinnedBuffer host = PinnedBuffer.allocate(device, 2, DType.INT32, elements);
            MemorySegment sent = host.segment(SENT);
            for (long i = 0; i < elements; i++) {
                sent.setAtIndex(ValueLayout.JAVA_INT, i, (int) (i * 0x9E3779B1L));
            }
            // Pages that nobody has touched are none yet.
            host.segment(RECEIVED).fill((byte) -1);
            return new Memory(host, stream.empty(DType.INT32, elements), stream);
        }

        void copy(Direction direction) {
            if (direction == Direction.TO_DEVICE) {
                host.copyTo(SENT, there, stream);
            } else {
                host.copyFrom(RECEIVED, there, stream);
            }
        }

        void await(Direction direction) {
            host.await(direction == Direction.TO_DEVICE ? SENT : RECEIVED);
        }

        /** Makes what is sent unlike anything that was sent before, at both ends. */
        void mark(int round) {
            MemorySegment sent = host.segment(SENT);
            sent.set(ValueLayout.JAVA_INT, 0, -1 - round);
            sent.set(ValueLayout.JAVA_INT, sent.byteSize() - Integer.BYTES, -1 - round);
        }

        void check() {
            long at = host.segment(RECEIVED).mismatch(host.segment(SENT));
            if (at >= 0) {
                throw new IllegalStateException("what came back differs from what was sent from byte " + at + " of "
                        + there.byteSize() + " on: nothing that was measured counts");
            }
        }

        @Override
        public void close() {
            host.close();
            there.close();
        }
    }

    public static void main(String... args) throws Exception {
        Device device = Device.parse(args[0]);
        List<Long> sizes = Stream.of(args[1].split(",")).map(Long::parseLong).toList();
        try (CudaStream stream = CudaStream.take(device)) {
            List<Memory> memories = new ArrayList<>();
            try {
                for (long size : sizes) {
                    memories.add(Memory.of(device, stream, size));
                }
                compileJava(memories.getFirst());
                int[] round = {0};
                Paced.rounds(() -> measure(memories, round[0]++));
            } finally {
                memories.forEach(Memory::close);
            }
        }
    }

    private static void compileJava(Memory memory) {
        for (int i = 0; i < COMPILING_COPIES; i += MOST_COPIES) {
            for (Direction direction : Direction.values()) {
                sample(memory, direction, MOST_COPIES);
            }
        }
    }

    private static void measure(List<Memory> memories, int round) {
        for (Memory memory : memories) {
            int copies = Math.clamp(SAMPLE_BYTES / memory.there().byteSize(), 1, MOST_COPIES);
            memory.mark(round);
            List<RoundReport> reports = new ArrayList<>();
            for (Direction direction : Direction.values()) {
                double single = 0;
                int singles = Math.min(SINGLE_COPIES, copies);
                for (int i = 0; i < singles; i++) {
                    single += sample(memory, direction, 1)[1];
                }
                double[] many = sample(memory, direction, copies);
                reports.add(new RoundReport().number("bytes", memory.there().byteSize()).text("direction", direction.text)
                        .number("copies", copies).number("enqueueNs", many[0]).number("eachNs", many[1])
                        .number("singleNs", single / singles));
            }
            memory.check();
            reports.forEach(RoundReport::print);
        }
    }

    /** Nanoseconds of a copy, until it was enqueued and until all were done. */
    private static double[] sample(Memory memory, Direction direction, int copies) {
        long start = System.nanoTime();
        for (int i = 0; i < copies; i++) {
            memory.copy(direction);
        }
        long enqueued = System.nanoTime();
        memory.await(direction);
        long done = System.nanoTime();
        return new double[] {(enqueued - start) / (double) copies, (done - start) / (double) copies};
    }
}
