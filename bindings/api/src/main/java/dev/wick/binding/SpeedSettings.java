package dev.wick.binding;

import dev.wick.error.NativesException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * What every binding settles for speed before the first call, each thing with its reason and the property that says
 * otherwise.
 *
 * <p>The presets' OpenBLAS brings a thread pool of its own. Where its threads or those of LibTorch's OpenMP pool spin
 * for long while they wait, as both do by themselves, each pool takes the cores from the other; then OpenBLAS gets one
 * thread. Where both wait awake only briefly it gets as many as an operator. {@code bench/compare.py blas} measures it.
 */
public final class SpeedSettings {
    /** Threads of one operator. */
    public static final String THREADS_PROPERTY = "wick.threads";
    /** Threads of the BLAS's own pool. */
    public static final String BLAS_THREADS_PROPERTY = "wick.blas.threads";

    /** {@code GOMP_SPINCOUNT}, in turns of libgomp's waiting loop; by itself it spins for milliseconds. */
    private static final int BRIEF_OPENMP_TURNS = 10_000;
    /** {@code OPENBLAS_THREAD_TIMEOUT}, the logarithm of processor cycles; by itself 26. */
    private static final int BRIEF_OPENBLAS_TIMEOUT = 16;

    private SpeedSettings() {
    }

    /** Settles the thread counts through a binding that was just opened. */
    public static List<Setting> apply(TorchBinding binding) {
        return apply(binding, System.getenv());
    }

    static List<Setting> apply(TorchBinding binding, Map<String, String> environment) {
        List<Setting> applied = new ArrayList<>();
        Integer threads = number(THREADS_PROPERTY);
        if (threads != null) {
            binding.setThreads(threads, 0);
            applied.add(new Setting("intra-op threads", threads.toString(), "asked for", "-D" + THREADS_PROPERTY));
        }
        int pool = binding.blasThreads();
        if (pool > 0) {
            Integer asked = number(BLAS_THREADS_PROPERTY);
            boolean brief = waitsBriefly(environment);
            binding.setBlasThreads(asked != null ? asked : brief ? Math.min(pool, binding.intraOpThreads()) : 1);
            applied.add(new Setting("BLAS threads", String.valueOf(binding.blasThreads()), asked != null ? "asked for"
                    : brief ? "OpenBLAS's own pool and LibTorch's wait awake only briefly, so both can have every core"
                    : "OpenBLAS's own pool fights LibTorch's for the cores where they spin while they wait; it "
                            + "came with " + pool, "-D" + BLAS_THREADS_PROPERTY));
        }
        return List.copyOf(applied);
    }

    private static boolean waitsBriefly(Map<String, String> environment) {
        boolean openmp = "passive".equalsIgnoreCase(environment.get("OMP_WAIT_POLICY"))
                || atMost(environment.get("GOMP_SPINCOUNT"), BRIEF_OPENMP_TURNS);
        return openmp && atMost(environment.get("OPENBLAS_THREAD_TIMEOUT"), BRIEF_OPENBLAS_TIMEOUT);
    }

    private static boolean atMost(String number, int bound) {
        try {
            return number != null && Long.parseLong(number.strip()) <= bound;
        } catch (NumberFormatException e) {
            return false;
        }
    }

    private static Integer number(String property) {
        String text = System.getProperty(property);
        if (text == null) {
            return null;
        }
        try {
            int number = Integer.parseInt(text);
            if (number >= 1) {
                return number;
            }
        } catch (NumberFormatException e) {
            // Said below, with the text as it was given.
        }
        throw new NativesException("-D" + property + "=" + text + " is not a number of threads: expected 1 or more");
    }
}
