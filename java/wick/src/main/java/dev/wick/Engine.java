package dev.wick;

import dev.wick.binding.CublasBinding;
import dev.wick.binding.CudaBinding;
import dev.wick.binding.CudaDevice;
import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.Handle;
import dev.wick.binding.LoadedNatives;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.OnednnGraphCounts;
import dev.wick.binding.ProfilerBinding;
import dev.wick.binding.Setting;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.TorchBindingProvider;
import dev.wick.error.NativesException;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.ServiceLoader;

/**
 * The LibTorch of this process: the choice of natives and calls, threads, the TorchScript executor; any thread.
 *
 * <p>It is loaded once, by whatever needs it first, from these settings (and never falls back from a choice that was
 * named):
 *
 * <ul>
 * <li>{@code -Dwick.natives=presets|official}: whose LibTorch; an official one is named by {@code -Dwick.libtorch=DIR},
 * {@code -Dwick.libtorch=python} or the variable {@code WICK_LIBTORCH};
 * <li>{@code -Dwick.calls=auto|panama|javacpp}: how Java reaches it;
 * <li>{@code -Dwick.threads=N}, {@code -Dwick.blas.threads=N}, {@code -Dwick.hugePages=false}: see {@link #settings()};
 * <li>{@code -Dwick.memory.cpuLimit=BYTES|512m|2g}: see {@link DeviceMemory#setCpuLimit};
 * <li>{@code -Dwick.memory.oomReport=DIR}: a refused allocation leaves a report there, with what was alive when a
 * {@link MemoryProfile} records;
 * <li>{@code -Dwick.jmx=true}: see {@link WickBeans}.
 * </ul>
 */
public final class Engine {
    /** {@code auto}, {@code panama} or {@code javacpp}. */
    public static final String CALLS_PROPERTY = "wick.calls";

    private static final List<String> CALLS = List.of("panama", "javacpp");

    private final TorchBinding binding;
    private final String whyCalls;

    private Engine(TorchBinding binding, String whyCalls) {
        this.binding = binding;
        this.whyCalls = whyCalls;
    }

    /** Holds the one engine; a failure to load is kept, since a half-loaded LibTorch cannot be tried again. */
    private static final class Holder {
        private static final Engine ENGINE;
        private static final RuntimeException FAILURE;

        static {
            Engine engine = null;
            RuntimeException failure = null;
            try {
                engine = open();
            } catch (RuntimeException e) {
                failure = e;
            }
            ENGINE = engine;
            FAILURE = failure;
        }
    }

    /**
     * The engine, loaded if it is not yet.
     *
     * @throws NativesException if LibTorch cannot be loaded as asked; the message says what helps
     */
    public static Engine get() {
        if (Holder.FAILURE != null) {
            throw Holder.FAILURE;
        }
        return Holder.ENGINE;
    }

    static TorchBinding binding() {
        return get().binding;
    }

    private static Engine open() {
        NativesRequest request = NativesRequest.fromSettings();
        String cpuLimit = System.getProperty(DeviceMemory.CPU_LIMIT_PROPERTY);
        long cpuLimitBytes = cpuLimit == null ? 0 : ByteSize.parse(DeviceMemory.CPU_LIMIT_PROPERTY, cpuLimit);
        OutOfMemoryReport refusals = OutOfMemoryReport.fromSettings();
        String asked = System.getProperty(CALLS_PROPERTY, "auto");
        if (!asked.equals("auto") && !CALLS.contains(asked)) {
            throw new NativesException("-D" + CALLS_PROPERTY + "=" + asked
                    + " is not a way of calling; there are auto, panama and javacpp");
        }
        Map<String, TorchBindingProvider> providers = new java.util.HashMap<>();
        for (TorchBindingProvider provider : ServiceLoader.load(TorchBindingProvider.class,
                Engine.class.getClassLoader())) {
            providers.put(provider.calls(), provider);
        }
        List<String> obstacles = new ArrayList<>();
        for (String calls : asked.equals("auto") ? CALLS : List.of(asked)) {
            TorchBindingProvider provider = providers.get(calls);
            String obstacle = provider == null ? "no binding of that name is on the class path"
                    : provider.obstacle(request).orElse(null);
            if (obstacle == null) {
                String why = !asked.equals("auto") ? "-D" + CALLS_PROPERTY + "=" + asked
                        : obstacles.isEmpty() ? "all features, and its shim is built"
                                : String.join("; ", obstacles);
                Engine engine = new Engine(provider.open(request), why);
                if (cpuLimitBytes > 0) {
                    engine.limitCpu(cpuLimit, cpuLimitBytes);
                }
                EngineEvents.install(engine.binding);
                refusals.install();
                if (Boolean.getBoolean(WickBeans.PROPERTY)) {
                    WickBeans.register(engine.binding);
                }
                return engine;
            }
            obstacles.add(calls + ": " + obstacle);
        }
        throw new NativesException("LibTorch cannot be reached: " + String.join("; ", obstacles));
    }

    /** A limit that would not hold is refused. */
    private void limitCpu(String asked, long bytes) {
        binding.memory().orElseThrow(() -> new UnsupportedFeatureException("-D" + DeviceMemory.CPU_LIMIT_PROPERTY + "="
                + asked + ": " + binding.missingFeatures().get(TorchBinding.MEMORY))).setCpuLimit(bytes);
    }

    /** {@code panama} or {@code javacpp}. */
    public String calls() {
        return binding.calls();
    }

    /** How the choice of calls came about. */
    public String whyCalls() {
        return whyCalls;
    }

    /** The LibTorch in use, and how that choice came about. */
    public LoadedNatives natives() {
        return binding.natives();
    }

    /** What was set for speed before the first call, each with its reason and the property that says otherwise. */
    public List<Setting> settings() {
        return binding.settings();
    }

    /** What LibTorch says of itself: version, build flags, CPU capability, what it has. */
    public Map<String, String> describeRuntime() {
        return binding.describeRuntime();
    }

    /** Features that this choice lacks, each with the reason and the choice that has it. */
    public Map<String, String> missingFeatures() {
        return binding.missingFeatures();
    }

    /**
     * The CUDA devices, on each of which this makes a context; none when {@link #missingFeatures()} has a reason under
     * {@code cuda}.
     */
    public List<CudaDevice> cudaDevices() {
        return binding.cuda().map(CudaBinding::devices).orElse(List.of());
    }

    CudaBinding cuda() {
        return facet(binding.cuda(), TorchBinding.CUDA);
    }

    MemoryBinding memory() {
        return facet(binding.memory(), TorchBinding.MEMORY);
    }

    /**
     * The version of the cuBLAS in use as cuBLAS writes it: 120804 is 12.8.4.
     *
     * @throws UnsupportedFeatureException where {@link #missingFeatures()} has a reason under {@code cublas}
     */
    public int cublasVersion() {
        return cublas().version();
    }

    CublasBinding cublas() {
        return facet(binding.cublas(), TorchBinding.CUBLAS);
    }

    ProfilerBinding profiler() {
        return facet(binding.profiler(), TorchBinding.PROFILER);
    }

    private <T> T facet(Optional<T> facet, String feature) {
        return facet.orElseThrow(() -> new UnsupportedFeatureException(binding.missingFeatures().get(feature)));
    }

    /** Throws unless LibTorch can use the device here; nothing ever falls back to the CPU by itself. */
    public void require(Device device) {
        if (device.type() == Device.Type.CUDA) {
            if (binding.cuda().isEmpty()) {
                throw new UnsupportedFeatureException("no " + device + ": "
                        + binding.missingFeatures().get(TorchBinding.CUDA));
            }
            int count = cuda().deviceCount();
            if (device.index() >= count) {
                throw new dev.wick.error.NotFoundException("no " + device + ": LibTorch sees " + count
                        + " CUDA device" + (count == 1 ? "" : "s"));
            }
        }
    }

    /** Threads of one operator. */
    public int intraOpThreads() {
        return binding.intraOpThreads();
    }

    /** Threads between operators that TorchScript forks. */
    public int interOpThreads() {
        return binding.interOpThreads();
    }

    /** Sets the threads of one operator; every Java thread follows at its next call. */
    public void setIntraOpThreads(int threads) {
        binding.setThreads(atLeastOne(threads), 0);
    }

    /** Sets the threads between operators; once, before TorchScript forks work. */
    public void setInterOpThreads(int threads) {
        binding.setThreads(0, atLeastOne(threads));
    }

    /** Threads of the BLAS's own pool; 0 where it has none. */
    public int blasThreads() {
        return binding.blasThreads();
    }

    /** Sets the threads of the BLAS's own pool, where it has one. Not while something runs. */
    public void setBlasThreads(int threads) {
        binding.setBlasThreads(atLeastOne(threads));
    }

    private static int atLeastOne(int threads) {
        if (threads < 1) {
            throw new dev.wick.error.BadArgumentException("expected at least 1 thread, got " + threads);
        }
        return threads;
    }

    /** The TorchScript executor's settings. */
    public ExecutorSettings executor() {
        return binding.executor();
    }

    /** Changes the TorchScript executor for the whole process; graphs compiled before keep their form. */
    public void setExecutor(ExecutorSettings settings) {
        binding.setExecutor(settings);
    }

    /**
     * What oneDNN Graph fusion did so far in this process.
     *
     * @throws UnsupportedFeatureException where {@link #missingFeatures()} has a reason
     */
    public OnednnGraphCounts onednnGraphCounts() {
        return facet(binding.onednnGraph(), TorchBinding.ONEDNN_GRAPH).counts();
    }

    /** Native objects that were given out and not given back: tensors, models, methods, runners, CUDA streams and the like. */
    public long liveHandles() {
        return binding.liveHandles();
    }

    /** Objects that were never closed and that the cleaner freed; their sites are logged under -Dwick.leaks=track. */
    public static long forgotten() {
        return Leaks.forgotten();
    }
}
