package dev.wick.binding;

import dev.wick.error.NativesException;
import java.util.ArrayList;
import java.util.List;

/**
 * What every binding settles for speed before the first call, each thing with its reason and the property that says
 * otherwise.
 *
 * <p>The presets' OpenBLAS brings a thread pool of its own. It fights LibTorch's OpenMP pool for the cores: a linear
 * layer of 50x768x3072 takes 8.0 ms as they come and 2.8 ms with one OpenBLAS thread (two cores).
 */
public final class SpeedSettings {
    /** Threads of one operator. */
    public static final String THREADS_PROPERTY = "wick.threads";
    /** Threads of the BLAS's own pool. */
    public static final String BLAS_THREADS_PROPERTY = "wick.blas.threads";

    private SpeedSettings() {
    }

    /** Settles the thread counts through a binding that was just opened. */
    public static List<Setting> apply(TorchBinding binding) {
        List<Setting> applied = new ArrayList<>();
        Integer threads = number(THREADS_PROPERTY);
        if (threads != null) {
            binding.setThreads(threads, 0);
            applied.add(new Setting("intra-op threads", threads.toString(), "asked for", "-D" + THREADS_PROPERTY));
        }
        int pool = binding.blasThreads();
        if (pool > 0) {
            Integer blasThreads = number(BLAS_THREADS_PROPERTY);
            binding.setBlasThreads(blasThreads != null ? blasThreads : 1);
            applied.add(new Setting("BLAS threads", String.valueOf(binding.blasThreads()), blasThreads != null
                    ? "asked for" : "OpenBLAS's own pool fights LibTorch's for the cores; it came with " + pool,
                    "-D" + BLAS_THREADS_PROPERTY));
        }
        return List.copyOf(applied);
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
