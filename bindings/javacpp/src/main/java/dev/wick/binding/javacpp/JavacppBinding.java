package dev.wick.binding.javacpp;

import dev.wick.binding.BlasName;
import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.CublasBinding;
import dev.wick.binding.CudaBinding;
import dev.wick.binding.ExecutorSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.LoadedNatives;
import dev.wick.binding.MemoryBinding;
import dev.wick.binding.OnednnGraphBinding;
import dev.wick.binding.ProfilerBinding;
import dev.wick.binding.Setting;
import dev.wick.binding.SpeedSettings;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.error.VersionMismatchException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.global.torch;

/** LibTorch through JNI over the JavaCPP presets; any thread. */
final class JavacppBinding implements TorchBinding {
    private final LoadedNatives natives;
    private final Map<String, String> missing;
    private final List<Setting> settings;

    JavacppBinding(LoadedNatives natives) {
        this.natives = natives;
        MemoryCheck.pass();
        checkVersion();
        missing = missing(natives, OnednnGraph.obstacle());
        List<Setting> applied = new ArrayList<>(SpeedSettings.apply(this));
        applied.add(MemoryCheck.setting());
        this.settings = List.copyOf(applied);
    }

    private static Map<String, String> missing(LoadedNatives natives, Optional<String> noFusion) {
        Map<String, String> missing = new LinkedHashMap<>();
        missing.put(CUDA, CublasAccess.hasCuda(natives)
                ? "javacpp does not describe devices; they are described " + CublasAccess.THROUGH_PANAMA
                : "javacpp runs on the presets' CPU natives; a GPU is reached " + CublasAccess.THROUGH_PANAMA);
        CublasAccess.obstacle(natives).ifPresent(reason -> missing.put(CUBLAS, reason));
        missing.put(MEMORY, "javacpp cannot count LibTorch's memory: the presets map no allocator that native code "
                + "could call without Java; through panama it is counted: --calls panama");
        missing.put(PROFILER, "javacpp records no traces: the presets map Kineto's profiler for one thread alone; "
                + "through panama they are recorded: --calls panama");
        noFusion.ifPresent(reason -> missing.put(ONEDNN_GRAPH, "javacpp has no oneDNN Graph fusion here (" + reason
                + "); it may be there through panama: --calls panama"));
        return Map.copyOf(missing);
    }

    /** The jar said which LibTorch this is; now the loaded one says it itself. */
    private void checkVersion() {
        String loaded = describeRuntime().get("torch_version");
        if (!natives.torchVersion().equals(loaded)) {
            throw new VersionMismatchException("the LibTorch loaded from " + natives.directory(),
                    natives.torchVersion(), loaded, "the jars of org.bytedeco:pytorch with and without classifier must "
                            + "be of one version");
        }
    }

    @Override
    public String calls() {
        return "javacpp";
    }

    @Override
    public LoadedNatives natives() {
        return natives;
    }

    @Override
    public List<Setting> settings() {
        return settings;
    }

    @Override
    public Map<String, String> describeRuntime() {
        return PlatformThreads.call(() -> {
            // Inside a call's settings: LibTorch tells the thread count of the thread that asks.
            try (CallGuard _ = CallGuard.plain(); PointerScope _ = new PointerScope()) {
                Map<String, String> description = new LinkedHashMap<>();
                String build = Text.of(torch.show_config());
                description.put("torch_version", version(build));
                description.put("build", build);
                description.put("blas", BlasName.of(build, NativeFunctions.get().blasThreads() > 0,
                        NativeFunctions.get().hasMkl()));
                description.put("parallel", Text.of(torch.get_parallel_info()));
                description.put("cpu_capability", Text.of(torch.get_cpu_capability()));
                description.put("has_mkl", String.valueOf(torch.hasMKL()));
                description.put("has_mkldnn", String.valueOf(torch.hasMKLDNN()));
                description.put("has_lapack", String.valueOf(torch.hasLAPACK()));
                description.put("has_cuda", String.valueOf(torch.hasCUDA()));
                description.put("has_llga", String.valueOf(torch.hasMKLDNN() && NativeFunctions.get()
                        .find(OnednnGraph.FUSE_GRAPH).isPresent()));
                return description;
            }
        });
    }

    /** LibTorch has no function that tells its version; its build settings do. */
    private String version(String build) {
        String key = "TORCH_VERSION=";
        int at = build.indexOf(key);
        return at < 0 ? natives.torchVersion() : build.substring(at + key.length()).split("[, \n]", 2)[0];
    }

    // Tensors

    @Override
    public Handle emptyTensor(long[] sizes, int dtype, int deviceType, int deviceIndex, GradMode mode) {
        return Tensors.empty(sizes, dtype, deviceType, deviceIndex, mode);
    }

    @Override
    public Handle wrap(MemorySegment memory, long[] sizes, long[] strides, int dtype) {
        return Tensors.wrap(memory, sizes, strides, dtype);
    }

    @Override
    public TensorDescription describe(Handle tensor) {
        return Tensors.describe(TensorHandle.of(tensor));
    }

    @Override
    public Handle retain(Handle tensor) {
        return Tensors.retain(TensorHandle.of(tensor));
    }

    // Operators

    @Override
    public Handle findOperator(String name, String overload) {
        return Operators.find(name, overload);
    }

    @Override
    public List<String> operatorSchemas(String name) {
        return Operators.schemas(name);
    }

    @Override
    public BoxedValue callOperator(Handle operator, CallSettings settings, BoxedValue... arguments) {
        checkSupported(settings);
        return Thread.currentThread().isVirtual()
                ? PlatformThreads.call(() -> Operators.call(operator, settings, arguments))
                : Operators.call(operator, settings, arguments);
    }

    @Override
    public BoxedValue callOperator(String name, CallSettings settings, BoxedValue... arguments) {
        checkSupported(settings);
        return PlatformThreads.call(() -> Operators.call(name, settings, arguments));
    }

    private void checkSupported(CallSettings settings) {
        checkFusion(settings.onednnGraph());
    }

    private void checkFusion(boolean wanted) {
        if (wanted && missing.containsKey(ONEDNN_GRAPH)) {
            throw new UnsupportedFeatureException(missing.get(ONEDNN_GRAPH));
        }
    }

    // Modules

    @Override
    public Handle loadModule(MemorySegment archive, int deviceType, int deviceIndex, boolean training) {
        return Modules.load(archive, deviceType, deviceIndex, training);
    }

    @Override
    public Handle loadModule(Path archive, int deviceType, int deviceIndex, boolean training) {
        return Modules.load(archive, deviceType, deviceIndex, training);
    }

    @Override
    public Handle createModule(String className, Handle family) {
        return ModuleBuilding.create(className, family);
    }

    @Override
    public void registerParameter(Handle module, String name, Handle tensor) {
        ModuleBuilding.registerTensor(module, name, tensor, true);
    }

    @Override
    public void registerBuffer(Handle module, String name, Handle tensor) {
        ModuleBuilding.registerTensor(module, name, tensor, false);
    }

    @Override
    public void registerAttribute(Handle module, String name, BoxedValue value) {
        ModuleBuilding.registerAttribute(module, name, value);
    }

    @Override
    public void registerModule(Handle module, String name, Handle child) {
        ModuleBuilding.registerModule(module, name, child);
    }

    @Override
    public void define(Handle module, String source) {
        ModuleBuilding.define(module, source);
    }

    @Override
    public void saveModule(Handle module, Path path) {
        Modules.save(module, path);
    }

    @Override
    public Handle cloneModule(Handle module) {
        return Modules.copy(module);
    }

    @Override
    public BoxedValue methods(Handle module) {
        return ModuleParts.methods(module);
    }

    @Override
    public BoxedValue parameters(Handle module) {
        return ModuleParts.parameters(module);
    }

    @Override
    public BoxedValue buffers(Handle module) {
        return ModuleParts.buffers(module);
    }

    @Override
    public BoxedValue attributes(Handle module) {
        return ModuleParts.attributes(module);
    }

    @Override
    public BoxedValue submodules(Handle module) {
        return ModuleParts.submodules(module);
    }

    @Override
    public BoxedValue attribute(Handle module, String name) {
        return ModuleParts.attribute(module, name);
    }

    @Override
    public void setAttribute(Handle module, String name, BoxedValue value) {
        ModuleParts.setAttribute(module, name, value);
    }

    @Override
    public Handle submodule(Handle module, String name) {
        return Modules.submodule(module, name);
    }

    @Override
    public String graph(Handle module, String method, GraphKind kind) {
        return GraphTexts.text(module, method, kind);
    }

    @Override
    public BoxedValue constants(Handle module) {
        return Conversion.constants(module);
    }

    @Override
    public BoxedValue convert(Handle module, int dtype, int deviceType, int deviceIndex, boolean patchConstants) {
        return Conversion.convert(module, dtype, deviceType, deviceIndex, patchConstants);
    }

    @Override
    public void train(Handle module, boolean training) {
        Modules.train(module, training);
    }

    @Override
    public Handle freeze(Handle module, List<String> preservedAttributes, boolean optimizeNumerics) {
        return Freezing.freeze(module, preservedAttributes, optimizeNumerics);
    }

    @Override
    public Handle optimizeForInference(Handle module, List<String> preservedAttributes) {
        return Freezing.optimize(module, preservedAttributes);
    }

    @Override
    public Handle method(Handle module, String name) {
        return Modules.method(module, name);
    }

    @Override
    public BoxedValue callMethod(Handle method, CallSettings settings, BoxedValue... arguments) {
        checkSupported(settings);
        MethodReference own = MethodReference.of(method);
        return Thread.currentThread().isVirtual() ? PlatformThreads.call(() -> Modules.call(own, settings, arguments))
                : Modules.call(own, settings, arguments);
    }

    // Prepared calls

    @Override
    public Handle createRunner(Handle method, CallSettings settings, Handle[] inputs, int computeDtype,
            int outputDtype) {
        checkSupported(settings);
        MethodReference own = MethodReference.of(method);
        TensorHandle[] tensors = new TensorHandle[inputs.length];
        for (int i = 0; i < inputs.length; i++) {
            tensors[i] = TensorHandle.of(inputs[i]);
        }
        return PlatformThreads.call(() -> {
            own.acquire();
            try {
                return new Runner.RunnerHandle(new Runner(own, settings, tensors, computeDtype, outputDtype));
            } finally {
                own.release();
            }
        });
    }

    @Override
    public BoxedValue runnerOutputs(Handle runner) {
        Runner.RunnerHandle own = Runner.RunnerHandle.of(runner);
        own.acquire();
        try {
            return own.runner().outputs();
        } finally {
            own.release();
        }
    }

    @Override
    public void run(Handle runner) {
        Runner.RunnerHandle own = Runner.RunnerHandle.of(runner);
        own.acquire();
        try {
            if (Thread.currentThread().isVirtual()) {
                PlatformThreads.run(own.runner()::run);
            } else {
                own.runner().run();
            }
        } finally {
            own.release();
        }
    }

    // The process

    @Override
    public void setThreads(int intraOp, int interOp) {
        PlatformThreads.run(() -> {
            try {
                ThreadCounts.set(intraOp, interOp);
            } catch (RuntimeException e) {
                throw Errors.of(e);
            }
        });
    }

    @Override
    public int intraOpThreads() {
        return ThreadCounts.intraOp();
    }

    @Override
    public int interOpThreads() {
        return ThreadCounts.interOp();
    }

    @Override
    public int blasThreads() {
        return NativeFunctions.get().blasThreads();
    }

    @Override
    public void setBlasThreads(int count) {
        if (count < 1) {
            throw new BadArgumentException("expected at least 1 BLAS thread, got " + count);
        }
        NativeFunctions.get().setBlasThreads(count);
    }

    @Override
    public ExecutorSettings executor() {
        return ExecutorAccess.read();
    }

    @Override
    public void setExecutor(ExecutorSettings settings) {
        checkFusion(settings.onednnGraph());
        ExecutorAccess.write(settings);
    }

    @Override
    public long liveHandles() {
        return NativeHandle.live();
    }

    // Facets

    @Override
    public Optional<CudaBinding> cuda() {
        return Optional.empty();
    }

    @Override
    public Optional<CublasBinding> cublas() {
        return missing.containsKey(CUBLAS) ? Optional.empty() : Optional.of(new JavacppCublas());
    }

    @Override
    public Optional<MemoryBinding> memory() {
        return Optional.empty();
    }

    @Override
    public Optional<ProfilerBinding> profiler() {
        return Optional.empty();
    }

    @Override
    public Optional<OnednnGraphBinding> onednnGraph() {
        return missing.containsKey(ONEDNN_GRAPH) ? Optional.empty() : Optional.of(OnednnGraph::counts);
    }

    @Override
    public Map<String, String> missingFeatures() {
        return missing;
    }
}
