package dev.wick.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.util.Collection;
import java.util.List;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.profile.ProfilerException;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;

/**
 * A JMH profiler that has the C++ harness measure the same call, in a process of its own, right before each iteration;
 * one thread.
 *
 * <p>A neighbour on the machine makes whole seconds half as fast again. Two forks that follow each other then differ by
 * ten times what is looked for, two iterations of a tenth of a second hardly. While one side measures the other waits
 * for its turn. The command stands in {@value #COMMAND}, its parts separated by line ends; the harness's figure becomes
 * the secondary metric {@value #METRIC}, in nanoseconds per call.
 */
public final class BesideCpp implements InternalProfiler {
    static final String COMMAND = "wick.bench.harness";
    static final String LIBRARY_PATH = "wick.bench.harness.libraries";
    static final String METRIC = "cpp";

    private Process harness;
    private Writer turns;
    private BufferedReader figures;
    private double last;

    public BesideCpp() throws ProfilerException {
        if (System.getProperty(COMMAND) == null) {
            throw new ProfilerException("-D" + COMMAND + " does not say how to start the harness");
        }
    }

    @Override
    public String getDescription() {
        return "the C++ harness, in turn with each iteration";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        try {
            if (harness == null) {
                start();
            }
            turns.write('\n');
            turns.flush();
            String figure = figures.readLine();
            if (figure == null) {
                throw new IllegalStateException("the harness ended: exit code " + harness.waitFor());
            }
            last = Double.parseDouble(figure);
        } catch (IOException e) {
            throw new IllegalStateException("the harness does not answer", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    private void start() throws IOException {
        ProcessBuilder builder = new ProcessBuilder(System.getProperty(COMMAND).split("\n"));
        builder.environment().put("LD_LIBRARY_PATH", System.getProperty(LIBRARY_PATH, ""));
        harness = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        // The end of its input ends it, also when this process is killed.
        turns = harness.outputWriter();
        figures = harness.inputReader();
    }

    @Override
    public Collection<? extends Result<?>> afterIteration(BenchmarkParams benchmark, IterationParams iteration,
            IterationResult result) {
        return List.of(new ScalarResult(METRIC, last, "ns/op", AggregationPolicy.AVG));
    }
}
