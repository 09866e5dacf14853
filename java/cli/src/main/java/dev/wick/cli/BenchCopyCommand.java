package dev.wick.cli;

import dev.wick.CudaCopy;
import dev.wick.CudaEvent;
import dev.wick.CudaStream;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import dev.wick.file.WholeFile;
import dev.wick.study.report.Json;
import dev.wick.study.report.Machine;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.Statistics;
import dev.wick.study.report.TextTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code wick bench-copy}. */
@Command(name = "bench-copy",
        description = "Measures copies between host and CUDA device: page-locked and ordinary memory, both directions.",
        footer = {"",
                "GB/s are 10^9 bytes a second, the p50 of rounds that take turns: many page-locked copies after each other "
                        + "between two events of the device's clock, ordinary ones by the host's clock, since each of them "
                        + "waits. 'one' is the p50 time of a single page-locked copy, enqueued and awaited. What was copied "
                        + "is read back and compared."})
final class BenchCopyCommand implements Callable<Integer> {
    private static final long SMALLEST = 4L << 10;
    private static final long LARGEST = 1L << 30;
    /** Copied in a round, at most so many times. */
    private static final long ROUND_BYTES = 256L << 20;
    private static final int MOST_COPIES = 200;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cuda:0",
            description = "cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Option(names = "--sizes", paramLabel = "4KiB,1MiB,1GiB", split = ",", converter = ByteSize.class,
            description = "Sizes of a copy (default: 4 KiB to 1 GiB, by factors of 4).")
    private List<Long> sizes = new ArrayList<>();

    @Option(names = "--rounds", paramLabel = "N", defaultValue = "11",
            description = "Rounds of each size (default: ${DEFAULT-VALUE}).")
    private int rounds;

    @Option(names = "--json", paramLabel = "FILE", description = "Write the results, with every sample, as JSON.")
    private Path json;

    @Spec
    private CommandSpec spec;

    /** Reads 4096, 4KiB, 16MiB, 1GiB. */
    static final class ByteSize implements CommandLine.ITypeConverter<Long> {
        @Override
        public Long convert(String text) {
            var matcher = java.util.regex.Pattern.compile("(\\d{1,12})(|B|KiB|MiB|GiB)").matcher(text.strip());
            if (!matcher.matches()) {
                throw new CommandLine.TypeConversionException("'" + text + "' is no size; write 4096, 4KiB, 16MiB or 1GiB");
            }
            int shift = switch (matcher.group(2)) {
                case "KiB" -> 10;
                case "MiB" -> 20;
                case "GiB" -> 30;
                default -> 0;
            };
            return Long.parseLong(matcher.group(1)) << shift;
        }
    }

    /** A way of copying. */
    private enum Way {
        PINNED_TO_DEVICE("pinned", "to device"), PINNED_TO_HOST("pinned", "to host"),
        PAGEABLE_TO_DEVICE("pageable", "to device"), PAGEABLE_TO_HOST("pageable", "to host");

        private final String memory;
        private final String direction;

        Way(String memory, String direction) {
            this.memory = memory;
            this.direction = direction;
        }

        boolean pinned() {
            return memory.equals("pinned");
        }

        boolean toDevice() {
            return direction.equals("to device");
        }
    }

    /**
     * Copies of one size, one way.
     *
     * @param nanoseconds of one copy among many, of each round
     * @param single      of a copy by itself, enqueued and awaited, of each round
     */
    private record Result(long bytes, Way way, int copies, double[] nanoseconds, double[] single) {
        double gigabytesPerSecond() {
            return bytes / median(nanoseconds);
        }

        double singleMicroseconds() {
            return median(single) / 1e3;
        }

        private static double median(double[] values) {
            double[] sorted = values.clone();
            Arrays.sort(sorted);
            return Statistics.percentile(sorted, 50);
        }

        Map<String, Object> toMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("bytes", bytes);
            map.put("memory", way.memory);
            map.put("direction", way.direction);
            map.put("copiesPerRound", copies);
            map.put("gigabytesPerSecond", gigabytesPerSecond());
            map.put("singleMicroseconds", singleMicroseconds());
            map.put("samplesNs", Arrays.stream(nanoseconds).boxed().toList());
            map.put("singleSamplesNs", Arrays.stream(single).boxed().toList());
            return map;
        }
    }

    @Override
    public Integer call() throws IOException {
        require(device.type() == Device.Type.CUDA, "bench-copy needs a CUDA device, got --device " + device);
        require(rounds >= 1, "--rounds needs 1 or more, got " + rounds);
        for (long size : sizes) {
            require(size >= 4 && size % 4 == 0 && size <= 64L << 30,
                    "--sizes needs multiples of 4 bytes up to 64GiB, got " + size);
        }
        if (json != null) {
            WritablePlace.require(json, "--json");
        }
        Engine.get().require(device);
        List<Long> wanted = sizes.isEmpty() ? defaultSizes() : sizes;
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        List<Result> results = new ArrayList<>();
        for (long size : wanted) {
            err.println("copies of " + Sizes.bytes(size) + " ...");
            err.flush();
            results.addAll(measure(size));
        }
        print(out, wanted, results);
        if (json != null) {
            WholeFile.writeText(json, Json.text(report(results)) + "\n");
            out.println("written to " + json);
        }
        return CommandLine.ExitCode.OK;
    }

    private void require(boolean holds, String message) {
        if (!holds) {
            throw new CommandLine.ParameterException(spec.commandLine(), message);
        }
    }

    private static List<Long> defaultSizes() {
        List<Long> sizes = new ArrayList<>();
        for (long size = SMALLEST; size <= LARGEST; size *= 4) {
            sizes.add(size);
        }
        return sizes;
    }

    private List<Result> measure(long bytes) {
        long elements = bytes / Integer.BYTES;
        int copies = Math.clamp(ROUND_BYTES / bytes, 1, MOST_COPIES);
        Way[] ways = Way.values();
        double[][] many = new double[ways.length][rounds];
        double[][] single = new double[ways.length][rounds];
        try (CudaStream stream = CudaStream.take(device);
                CudaEvent start = CudaEvent.timed(device);
                CudaEvent stop = CudaEvent.timed(device);
                Tensor there = stream.empty(DType.INT32, elements);
                Tensor pinned = Tensor.pinned(DType.INT32, elements);
                Tensor pageable = Tensor.empty(DType.INT32, elements)) {
            // Pages that nobody has touched are none yet.
            pinned.segment().fill((byte) 1);
            pageable.segment().fill((byte) 2);
            for (int round = -1; round < rounds; round++) {
                for (Way way : ways) {
                    Tensor host = way.pinned() ? pinned : pageable;
                    Tensor from = way.toDevice() ? host : there;
                    Tensor to = way.toDevice() ? there : host;
                    mark(host, stream, there, way, round);
                    double each = way.pinned() ? byEvents(stream, start, stop, from, to, copies)
                            : byClock(stream, from, to, copies);
                    double alone = alone(stream, from, to, way);
                    check(host, stream, there, way, round);
                    // The first round warms up: it allocates and touches.
                    if (round >= 0) {
                        many[way.ordinal()][round] = each;
                        single[way.ordinal()][round] = alone;
                    }
                }
            }
        }
        List<Result> results = new ArrayList<>();
        for (Way way : ways) {
            results.add(new Result(bytes, way, copies, many[way.ordinal()], single[way.ordinal()]));
        }
        return results;
    }

    /** Puts a number of the round's at both ends of what is copied from. */
    private static void mark(Tensor host, CudaStream stream, Tensor there, Way way, int round) {
        long last = host.elementCount() - 1;
        int number = number(way, round);
        if (way.toDevice()) {
            host.segment().setAtIndex(ValueLayout.JAVA_INT, 0, number);
            host.segment().setAtIndex(ValueLayout.JAVA_INT, last, number);
        } else {
            Operator.call(stream.noGrad(), "aten::fill_", there, (long) number).close();
            stream.synchronize();
            host.segment().setAtIndex(ValueLayout.JAVA_INT, 0, -1);
            host.segment().setAtIndex(ValueLayout.JAVA_INT, last, -1);
        }
    }

    private static int number(Way way, int round) {
        return 100 * (round + 2) + way.ordinal();
    }

    private void check(Tensor host, CudaStream stream, Tensor there, Way way, int round) {
        stream.synchronize();
        long last = host.elementCount() - 1;
        int number = number(way, round);
        boolean arrived;
        if (way.toDevice()) {
            try (Tensor first = there.slice(0, 0, 1); Tensor end = there.slice(0, last, last + 1)) {
                arrived = first.itemLong() == number && end.itemLong() == number;
            }
        } else {
            arrived = host.segment().getAtIndex(ValueLayout.JAVA_INT, 0) == number
                    && host.segment().getAtIndex(ValueLayout.JAVA_INT, last) == number;
        }
        if (!arrived) {
            throw new BadArgumentException("a copy of " + Sizes.bytes(host.byteSize()) + ", " + way.memory + " "
                    + way.direction + ", did not arrive: nothing that was measured counts");
        }
    }

    private static double byEvents(CudaStream stream, CudaEvent start, CudaEvent stop, Tensor from, Tensor to,
            int copies) {
        start.record(stream);
        for (int i = 0; i < copies; i++) {
            Operator.call(stream.noGrad(), "aten::copy_", to, from, true).close();
        }
        stop.record(stream);
        stop.synchronize();
        return stop.nanosecondsSince(start) / copies;
    }

    private static double byClock(CudaStream stream, Tensor from, Tensor to, int copies) {
        long begin = System.nanoTime();
        for (int i = 0; i < copies; i++) {
            Operator.call(stream.noGrad(), "aten::copy_", to, from).close();
        }
        stream.synchronize();
        return (System.nanoTime() - begin) / (double) copies;
    }

    private static double alone(CudaStream stream, Tensor from, Tensor to, Way way) {
        long begin = System.nanoTime();
        if (way.pinned()) {
            try (CudaCopy copy = stream.copy(from, to)) {
                copy.await();
            }
        } else {
            Operator.call(stream.noGrad(), "aten::copy_", to, from).close();
            stream.synchronize();
        }
        return System.nanoTime() - begin;
    }

    private void print(PrintWriter out, List<Long> wanted, List<Result> results) {
        out.println(Machine.gpu(device) + ", LibTorch " + Engine.get().natives().torchVersion());
        out.println(Machine.cpu() + ", " + Machine.jvm());
        out.println();
        TextTable table = new TextTable("rrrrrrr");
        table.row("size", "pinned GB/s", "pinned GB/s", "pageable GB/s", "pageable GB/s", "one us", "one us");
        table.row("", "to device", "to host", "to device", "to host", "to device", "to host");
        for (long size : wanted) {
            List<Result> row = results.stream().filter(result -> result.bytes() == size).toList();
            table.row(Sizes.bytes(size), rate(row, Way.PINNED_TO_DEVICE), rate(row, Way.PINNED_TO_HOST),
                    rate(row, Way.PAGEABLE_TO_DEVICE), rate(row, Way.PAGEABLE_TO_HOST),
                    one(row, Way.PINNED_TO_DEVICE), one(row, Way.PINNED_TO_HOST));
        }
        table.print(out, "");
    }

    private static String rate(List<Result> row, Way way) {
        return String.format(Locale.ROOT, "%.2f", of(row, way).gigabytesPerSecond());
    }

    private static String one(List<Result> row, Way way) {
        return String.format(Locale.ROOT, "%.1f", of(row, way).singleMicroseconds());
    }

    private static Result of(List<Result> row, Way way) {
        return row.stream().filter(result -> result.way() == way).findFirst().orElseThrow();
    }

    private Map<String, Object> report(List<Result> results) {
        Engine engine = Engine.get();
        Map<String, Object> report = new LinkedHashMap<>();
        report.put("wick", WickCommand.version());
        report.put("torch", engine.natives().torchVersion());
        report.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        report.put("command", spec.root().commandLine().getParseResult().originalArgs());
        report.put("machine", Machine.describe());
        report.put("cuda", Machine.describeGpu(device));
        report.put("rounds", rounds);
        report.put("results", results.stream().map(Result::toMap).toList());
        return report;
    }
}
