package dev.wick.memory;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/** Timelines that a seed makes, with figures counted while they were made: the other side of every sum. */
final class RandomTimeline {
    private static final int BEFORE = 10;

    private final Random random;
    private final MemoryTimeline.Builder builder;
    private final List<Long> live = new ArrayList<>();
    private final List<long[]> unrecorded = new ArrayList<>();
    private final List<Long> bytesAfter = new ArrayList<>();
    private final List<Integer> countAfter = new ArrayList<>();
    private final List<Long> sizes = new ArrayList<>();
    private final int contexts;
    private long bytes;
    private long events;
    private long time;

    private RandomTimeline(long seed, int events, boolean tags) {
        this.random = new Random(seed);
        this.builder = new MemoryTimeline.Builder("cpu").start(1_000_000, 1_700_000_000_000_000L);
        this.contexts = 1 + random.nextInt(30);
        for (int i = 1; i < contexts; i++) {
            builder.context(new MemoryContext(random.nextInt(4) == 0 ? null : "aten::op" + random.nextInt(8),
                    random.nextInt(3) == 0 ? null : "layer" + random.nextInt(5) + ".conv",
                    !tags || random.nextBoolean() ? null : "tag" + random.nextInt(3),
                    random.nextBoolean() ? List.of()
                            : List.of(new MemoryFrame("forward", "code/model.py", 1 + random.nextInt(9))),
                    random.nextBoolean() ? List.of()
                            : List.of(new MemoryFrame("dev.wick.Model.forward", "Model.java", 12),
                                    new MemoryFrame("com.example.Main.run" + random.nextInt(4), "Main.java", 30))));
        }
        for (int i = 0; i < BEFORE; i++) {
            unrecorded.add(new long[] {address(i), 1 + random.nextInt(5000)});
            bytes += unrecorded.getLast()[1];
        }
        long hidden = random.nextInt(3) * 1000L;
        bytes += hidden;
        builder.baselineBytes(bytes);
        note();
        for (int i = 0; i < events; i++) {
            step();
        }
    }

    /** As many events as asked for, or fewer by none. */
    static RandomTimeline of(long seed, int events) {
        return new RandomTimeline(seed, events, seed % 2 == 0);
    }

    private static long address(long number) {
        return 0x7f00_0000_0000L + number * (1 << 20);
    }

    private void step() {
        time += random.nextInt(2000);
        int what = random.nextInt(100);
        if (what < 3 && !unrecorded.isEmpty()) {
            long[] block = unrecorded.remove(random.nextInt(unrecorded.size()));
            builder.freeUnrecorded(time, block[0], block[1]);
            bytes -= block[1];
            sizes.add(block[1]);
        } else if (what < 45 && !live.isEmpty()) {
            long allocation = live.remove(random.nextInt(live.size()));
            builder.free(time, allocation);
            bytes -= sizes.get((int) allocation);
            sizes.add(sizes.get((int) allocation));
        } else if (what == 99) {
            builder.add(MemoryAction.OOM, time, 0, 1L << 40, -1, random.nextInt(contexts));
            sizes.add(0L);
        } else {
            long size = random.nextInt(20) == 0 ? 0 : 1L << random.nextInt(24);
            live.add(builder.alloc(time, address(BEFORE + events), size, random.nextInt(contexts)));
            bytes += size;
            sizes.add(size);
        }
        events++;
        note();
        if (random.nextInt(50) == 0) {
            builder.mark("step", time);
        }
    }

    private void note() {
        bytesAfter.add(bytes);
        countAfter.add(live.size());
    }

    MemoryTimeline build() {
        return builder.build();
    }

    /** What was given out after so many events. */
    long bytesAfter(int count) {
        return bytesAfter.get(count);
    }

    /** Recorded allocations alive after so many events. */
    int countAfter(int count) {
        return countAfter.get(count);
    }

    long peakBytes() {
        return bytesAfter.stream().mapToLong(Long::longValue).max().orElseThrow();
    }

    int peakEvents() {
        return bytesAfter.indexOf(peakBytes());
    }
}
