package dev.wick.binding.panama;

import static dev.wick.binding.panama.PanamaHandle.Kind.METHOD;
import static dev.wick.binding.panama.PanamaHandle.Kind.MODULE;
import static dev.wick.binding.panama.PanamaHandle.Kind.OPERATOR;
import static dev.wick.binding.panama.PanamaHandle.Kind.RUNNER;
import static dev.wick.binding.panama.PanamaHandle.Kind.TENSOR;

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
import dev.wick.binding.OnednnGraphCounts;
import dev.wick.binding.ProfilerBinding;
import dev.wick.binding.Setting;
import dev.wick.binding.SpeedSettings;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_executor;
import dev.wick.binding.panama.generated.wick_onednn_graph_counts;
import dev.wick.binding.panama.generated.wick_tensor_info;
import dev.wick.error.BadArgumentException;
import dev.wick.error.VersionMismatchException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** LibTorch through FFM over the C shim; any thread. */
final class PanamaBinding implements TorchBinding {
    private static final String HUGE_PAGES_PROPERTY = "wick.hugePages";

    private final LoadedNatives natives;
    private final List<Setting> settings;
    private final PanamaCuda cuda;
    private final PanamaCublas cublas;
    private final Map<String, String> missing = new LinkedHashMap<>();

    private PanamaBinding(NativesLoader loader) {
        this.natives = loader.load();
        checkInterface();
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_initialize(frame.error));
        }
        checkVersion();
        List<Setting> applied = new ArrayList<>(SpeedSettings.apply(this));
        applied.add(hugePages());
        this.settings = List.copyOf(applied);
        Optional<String> noCuda = loader.loadCuda(natives);
        this.cuda = noCuda.isEmpty() ? new PanamaCuda() : null;
        noCuda.ifPresent(reason -> missing.put(CUDA, reason));
        Optional<String> noCublas = noCuda.isPresent() ? noCuda : loader.findCublas();
        this.cublas = noCublas.isEmpty() ? new PanamaCublas(this) : null;
        noCublas.ifPresent(reason -> missing.put(CUBLAS, reason));
        PanamaProfiler.obstacle().ifPresent(reason -> missing.put(PROFILER, reason));
    }

    static PanamaBinding open(NativesLoader loader) {
        return new PanamaBinding(loader);
    }

    private static Setting hugePages() {
        boolean wanted = !"false".equals(System.getProperty(HUGE_PAGES_PROPERTY));
        WickTorch.wick_cpu_memory_set_huge_pages(wanted ? 1 : 0);
        return new Setting("huge pages", wanted ? "asked for from 2 MiB on" : "not asked for", wanted
                ? "weights are read from end to end at every call; took 3% off ResNet-50" : "asked for",
                "-D" + HUGE_PAGES_PROPERTY);
    }

    private void checkInterface() {
        int compiled = WickTorch.wick_interface_version();
        if (compiled != WickTorch.WICK_INTERFACE_VERSION()) {
            throw new VersionMismatchException("the shim's interface in " + natives.shim(),
                    String.valueOf(WickTorch.WICK_INTERFACE_VERSION()), String.valueOf(compiled),
                    "build it anew with './wick native build'");
        }
    }

    /** The files said which LibTorch this is; now the loaded one says it itself. */
    private void checkVersion() {
        String loaded = describeRuntime().get("torch_version");
        String expected = new TorchVersion(natives.torchVersion(), true).base();
        if (loaded == null || !new TorchVersion(loaded, true).base().equals(expected)) {
            throw new VersionMismatchException("the LibTorch loaded from " + natives.directory(), expected,
                    String.valueOf(loaded), "another LibTorch stands in its way: check LD_LIBRARY_PATH and LD_PRELOAD");
        }
    }

    @Override
    public String calls() {
        return "panama";
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
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_runtime_describe(frame.result, frame.error));
            Map<String, String> description = new LinkedHashMap<>();
            for (BoxedValue.Entry entry : ((BoxedValue.DictValue) ResultReader.read(frame)).entries()) {
                description.put(((BoxedValue.StringValue) entry.key()).value(), switch (entry.value()) {
                    case BoxedValue.StringValue(var text) -> text;
                    case BoxedValue.BoolValue(var truth) -> String.valueOf(truth);
                    case BoxedValue.IntValue(var number) -> String.valueOf(number);
                    default -> String.valueOf(entry.value());
                });
            }
            description.put("blas", BlasName.of(description.getOrDefault("build", ""), blasThreads() > 0, false));
            return description;
        }
    }

    // Tensors

    @Override
    public Handle emptyTensor(long[] sizes, int dtype, int deviceType, int deviceIndex, GradMode mode) {
        checkDimensions(sizes);
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            frame.check(WickTorch.wick_tensor_empty(longs(arena, sizes), sizes.length, dtype, deviceType, deviceIndex,
                    frame.options(CallSettings.of(mode)), frame.out, frame.error));
            return new PanamaHandle(TENSOR, frame.outValue());
        }
    }

    @Override
    public Handle wrap(MemorySegment memory, long[] sizes, long[] strides, int dtype) {
        if (!memory.isNative()) {
            throw new BadArgumentException("a tensor can look into native memory only, not into a Java array");
        }
        if (memory.isReadOnly()) {
            throw new BadArgumentException("a tensor cannot look into read-only memory: operators may write in place");
        }
        checkDimensions(sizes);
        if (strides != null && strides.length != sizes.length) {
            throw new BadArgumentException("expected " + sizes.length + " strides, got " + strides.length);
        }
        long id = Retained.keep(memory);
        boolean wrapped = false;
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            frame.check(WickTorch.wick_tensor_wrap(memory, memory.byteSize(), longs(arena, sizes),
                    strides == null ? MemorySegment.NULL : longs(arena, strides), sizes.length, dtype, id, frame.out,
                    frame.error));
            wrapped = true;
            return new PanamaHandle(TENSOR, frame.outValue());
        } finally {
            if (!wrapped) {
                Retained.forget(id);
            }
        }
    }

    @Override
    public TensorDescription describe(Handle tensor) {
        PanamaHandle own = PanamaHandle.of(tensor, TENSOR);
        try (Frame frame = Frame.take()) {
            MemorySegment info = frame.info;
            frame.check(WickTorch.wick_tensor_describe(frame.arguments.acquire(own), info, frame.error));
            int dimensions = wick_tensor_info.dimensions(info);
            boolean strided = (wick_tensor_info.flags(info) & TensorDescription.STRIDED) != 0;
            return new TensorDescription(wick_tensor_info.dtype(info), wick_tensor_info.device_type(info),
                    wick_tensor_info.device_index(info), wick_tensor_info.layout(info), wick_tensor_info.flags(info),
                    longs(wick_tensor_info.sizes(info), dimensions),
                    longs(wick_tensor_info.strides(info), strided ? dimensions : 0),
                    wick_tensor_info.element_count(info), wick_tensor_info.element_size(info),
                    wick_tensor_info.data(info), wick_tensor_info.storage_address(info),
                    wick_tensor_info.storage_offset(info), wick_tensor_info.storage_bytes(info));
        }
    }

    @Override
    public Handle retain(Handle tensor) {
        PanamaHandle own = PanamaHandle.of(tensor, TENSOR);
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_tensor_retain(frame.arguments.acquire(own), frame.out, frame.error));
            return new PanamaHandle(TENSOR, frame.outValue());
        }
    }

    // Operators

    @Override
    public Handle findOperator(String name, String overload) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text qualified = Text.of(arena, name);
            Text variant = Text.of(arena, overload);
            frame.check(WickTorch.wick_operator_find(qualified.bytes(), qualified.length(), variant.bytes(),
                    variant.length(), frame.out, frame.error));
            return new PanamaHandle(OPERATOR, frame.outValue());
        }
    }

    @Override
    public List<String> operatorSchemas(String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text qualified = Text.of(arena, name);
            frame.check(WickTorch.wick_operator_schemas(qualified.bytes(), qualified.length(), frame.result,
                    frame.error));
            return ((BoxedValue.ListValue) ResultReader.read(frame)).elements().stream()
                    .map(schema -> ((BoxedValue.StringValue) schema).value()).toList();
        }
    }

    @Override
    public BoxedValue callOperator(Handle operator, CallSettings settings, BoxedValue... arguments) {
        PanamaHandle own = PanamaHandle.of(operator, OPERATOR);
        try (Frame frame = Frame.take()) {
            frame.arguments.write(arguments);
            frame.check(WickTorch.wick_operator_call(own.address(), frame.options(settings), frame.arguments.nodes(),
                    frame.arguments.count(), frame.result, frame.error));
            return ResultReader.read(frame);
        }
    }

    @Override
    public BoxedValue callOperator(String name, CallSettings settings, BoxedValue... arguments) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text qualified = Text.of(arena, name);
            frame.arguments.write(arguments);
            frame.check(WickTorch.wick_operator_call_by_name(qualified.bytes(), qualified.length(),
                    frame.options(settings), frame.arguments.nodes(), frame.arguments.count(), frame.result,
                    frame.error));
            return ResultReader.read(frame);
        }
    }

    // Modules

    @Override
    public Handle loadModule(MemorySegment archive, int deviceType, int deviceIndex, boolean training) {
        if (!archive.isNative()) {
            throw new BadArgumentException("an archive is read from native memory, not from a Java array");
        }
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_module_load(archive, archive.byteSize(), deviceType, deviceIndex,
                    training ? 1 : 0, frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public Handle loadModule(Path archive, int deviceType, int deviceIndex, boolean training) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text place = Text.of(arena, archive.toString());
            frame.check(WickTorch.wick_module_load_file(place.bytes(), place.length(), deviceType, deviceIndex,
                    training ? 1 : 0, frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public Handle createModule(String className, Handle family) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text name = Text.of(arena, className);
            frame.check(WickTorch.wick_module_create(name.bytes(), name.length(),
                    family == null ? 0 : acquire(frame, family), frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public void registerParameter(Handle module, String name, Handle tensor) {
        registerTensor(module, name, tensor, true);
    }

    @Override
    public void registerBuffer(Handle module, String name, Handle tensor) {
        registerTensor(module, name, tensor, false);
    }

    private static void registerTensor(Handle module, String name, Handle tensor, boolean parameter) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_module_register_tensor(acquire(frame, module), text.bytes(), text.length(),
                    frame.arguments.acquire(PanamaHandle.of(tensor, TENSOR)), parameter ? 1 : 0, frame.error));
        }
    }

    @Override
    public void registerAttribute(Handle module, String name, BoxedValue value) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.arguments.write(new BoxedValue[] {value});
            frame.check(WickTorch.wick_module_register_attribute(acquire(frame, module), text.bytes(), text.length(),
                    frame.arguments.nodes(), frame.arguments.count(), frame.error));
        }
    }

    @Override
    public void registerModule(Handle module, String name, Handle child) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_module_register_module(acquire(frame, module), text.bytes(), text.length(),
                    acquire(frame, child), frame.error));
        }
    }

    @Override
    public void define(Handle module, String source) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, source);
            frame.check(WickTorch.wick_module_define(acquire(frame, module), text.bytes(), text.length(), frame.error));
        }
    }

    @Override
    public void saveModule(Handle module, Path path) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text place = Text.of(arena, path.toString());
            frame.check(WickTorch.wick_module_save(acquire(frame, module), place.bytes(), place.length(), frame.error));
        }
    }

    @Override
    public Handle cloneModule(Handle module) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_module_clone(acquire(frame, module), frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    /** A question about a module that is answered by a value. */
    private interface ModuleQuestion {
        int ask(long module, MemorySegment result, MemorySegment error);
    }

    private BoxedValue ask(Handle module, ModuleQuestion question) {
        try (Frame frame = Frame.take()) {
            frame.check(question.ask(acquire(frame, module), frame.result, frame.error));
            return ResultReader.read(frame);
        }
    }

    @Override
    public BoxedValue methods(Handle module) {
        return ask(module, WickTorch::wick_module_methods);
    }

    @Override
    public BoxedValue parameters(Handle module) {
        return ask(module, WickTorch::wick_module_parameters);
    }

    @Override
    public BoxedValue buffers(Handle module) {
        return ask(module, WickTorch::wick_module_buffers);
    }

    @Override
    public BoxedValue attributes(Handle module) {
        return ask(module, WickTorch::wick_module_attributes);
    }

    @Override
    public BoxedValue submodules(Handle module) {
        return ask(module, WickTorch::wick_module_submodules);
    }

    @Override
    public BoxedValue constants(Handle module) {
        return ask(module, WickTorch::wick_module_constants);
    }

    @Override
    public BoxedValue convert(Handle module, int dtype, int deviceType, int deviceIndex, boolean patchConstants) {
        return ask(module, (address, result, error) -> WickTorch.wick_module_to(address, dtype, deviceType,
                deviceIndex, patchConstants ? 1 : 0, result, error));
    }

    @Override
    public BoxedValue attribute(Handle module, String name) {
        try (Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            return ask(module, (address, result, error) -> WickTorch.wick_module_attribute(address, text.bytes(),
                    text.length(), result, error));
        }
    }

    @Override
    public void setAttribute(Handle module, String name, BoxedValue value) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.arguments.write(new BoxedValue[] {value});
            frame.check(WickTorch.wick_module_set_attribute(acquire(frame, module), text.bytes(), text.length(),
                    frame.arguments.nodes(), frame.arguments.count(), frame.error));
        }
    }

    @Override
    public Handle submodule(Handle module, String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_module_submodule(acquire(frame, module), text.bytes(), text.length(), frame.out,
                    frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public String graph(Handle module, String method, GraphKind kind) {
        try (Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, method);
            return ((BoxedValue.StringValue) ask(module, (address, result, error) ->
                    WickTorch.wick_module_graph(address,
                    text.bytes(), text.length(), kind.code(), result, error))).value();
        }
    }

    @Override
    public void train(Handle module, boolean training) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_module_train(acquire(frame, module), training ? 1 : 0, frame.error));
        }
    }

    @Override
    public Handle freeze(Handle module, List<String> preservedAttributes, boolean optimizeNumerics) {
        try (Frame frame = Frame.take()) {
            frame.arguments.write(new BoxedValue[] {strings(preservedAttributes)});
            frame.check(WickTorch.wick_module_freeze(acquire(frame, module), frame.arguments.nodes(),
                    frame.arguments.count(), optimizeNumerics ? 1 : 0, frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public Handle optimizeForInference(Handle module, List<String> preservedAttributes) {
        try (Frame frame = Frame.take()) {
            frame.arguments.write(new BoxedValue[] {strings(preservedAttributes)});
            frame.check(WickTorch.wick_module_optimize_for_inference(acquire(frame, module), frame.arguments.nodes(),
                    frame.arguments.count(), frame.out, frame.error));
            return new PanamaHandle(MODULE, frame.outValue());
        }
    }

    @Override
    public Handle method(Handle module, String name) {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            Text text = Text.of(arena, name);
            frame.check(WickTorch.wick_module_method(acquire(frame, module), text.bytes(), text.length(), frame.out,
                    frame.error));
            return new PanamaHandle(METHOD, frame.outValue());
        }
    }

    @Override
    public BoxedValue callMethod(Handle method, CallSettings settings, BoxedValue... arguments) {
        PanamaHandle own = PanamaHandle.of(method, METHOD);
        try (Frame frame = Frame.take()) {
            frame.arguments.write(arguments);
            frame.check(WickTorch.wick_method_call(frame.arguments.acquire(own), frame.options(settings),
                    frame.arguments.nodes(), frame.arguments.count(), frame.result, frame.error));
            return ResultReader.read(frame);
        }
    }

    // Prepared calls

    @Override
    public Handle createRunner(Handle method, CallSettings settings, Handle[] inputs, int computeDtype,
            int outputDtype) {
        PanamaHandle own = PanamaHandle.of(method, METHOD);
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            long[] addresses = new long[inputs.length];
            for (int i = 0; i < inputs.length; i++) {
                addresses[i] = frame.arguments.acquire(PanamaHandle.of(inputs[i], TENSOR));
            }
            frame.check(WickTorch.wick_runner_create(frame.arguments.acquire(own), frame.options(settings),
                    longs(arena, addresses), inputs.length, computeDtype, outputDtype, frame.out, frame.error));
            return new PanamaHandle(RUNNER, frame.outValue());
        }
    }

    @Override
    public BoxedValue runnerOutputs(Handle runner) {
        PanamaHandle own = PanamaHandle.of(runner, RUNNER);
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_runner_outputs(frame.arguments.acquire(own), frame.result, frame.error));
            return ResultReader.read(frame);
        }
    }

    @Override
    public void run(Handle runner) {
        PanamaHandle own = (PanamaHandle) runner;
        MemorySegment error = own.error();
        own.acquire();
        int status;
        long callSiteBefore = RecordedCall.begin();
        try {
            status = WickTorch.wick_runner_run(own.address(), error);
        } finally {
            RecordedCall.end(callSiteBefore);
            own.release();
        }
        if (status != 0) {
            throw Errors.of(status, error);
        }
    }

    // The process

    @Override
    public void setThreads(int intraOp, int interOp) {
        try (Frame frame = Frame.take()) {
            frame.check(WickTorch.wick_threads_set(intraOp, interOp, frame.error));
        }
    }

    @Override
    public int intraOpThreads() {
        return WickTorch.wick_threads_intra_op();
    }

    @Override
    public int interOpThreads() {
        return WickTorch.wick_threads_inter_op();
    }

    @Override
    public int blasThreads() {
        return WickTorch.wick_blas_threads(0);
    }

    @Override
    public void setBlasThreads(int count) {
        if (count < 1) {
            throw new BadArgumentException("expected at least 1 BLAS thread, got " + count);
        }
        WickTorch.wick_blas_threads(count);
    }

    @Override
    public ExecutorSettings executor() {
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment executor = wick_executor.allocate(arena);
            frame.check(WickTorch.wick_executor_get(executor, frame.error));
            List<ExecutorSettings.Fusion> strategy = new ArrayList<>();
            for (int i = 0; i < wick_executor.fusion_count(executor); i++) {
                strategy.add(new ExecutorSettings.Fusion(
                        wick_executor.fusion_kind(executor, i) == WickTorch.WICK_FUSION_STATIC()
                                ? ExecutorSettings.FusionKind.STATIC : ExecutorSettings.FusionKind.DYNAMIC,
                        wick_executor.fusion_depth(executor, i)));
            }
            return new ExecutorSettings(wick_executor.optimize(executor) != 0, wick_executor.profiling(executor) != 0,
                    wick_executor.profiled_runs(executor), wick_executor.tensor_expression_fuser(executor) != 0,
                    wick_executor.onednn_graph(executor) != 0, strategy);
        }
    }

    @Override
    public void setExecutor(ExecutorSettings executor) {
        List<ExecutorSettings.Fusion> strategy = executor.fusionStrategy();
        if (strategy.size() > WickTorch.WICK_FUSION_MAXIMUM_ENTRIES()) {
            throw new BadArgumentException("expected at most " + WickTorch.WICK_FUSION_MAXIMUM_ENTRIES()
                    + " entries of a fusion strategy, got " + strategy.size());
        }
        try (Frame frame = Frame.take(); Arena arena = Arena.ofConfined()) {
            MemorySegment record = wick_executor.allocate(arena);
            wick_executor.optimize(record, executor.optimize() ? 1 : 0);
            wick_executor.profiling(record, executor.profiling() ? 1 : 0);
            wick_executor.profiled_runs(record, executor.profiledRuns());
            wick_executor.tensor_expression_fuser(record, executor.tensorExpressionFuser() ? 1 : 0);
            wick_executor.onednn_graph(record, executor.onednnGraph() ? 1 : 0);
            wick_executor.fusion_count(record, strategy.size());
            for (int i = 0; i < strategy.size(); i++) {
                wick_executor.fusion_kind(record, i, strategy.get(i).kind() == ExecutorSettings.FusionKind.STATIC
                        ? WickTorch.WICK_FUSION_STATIC() : WickTorch.WICK_FUSION_DYNAMIC());
                wick_executor.fusion_depth(record, i, strategy.get(i).depth());
            }
            frame.check(WickTorch.wick_executor_set(record, frame.error));
        }
    }

    @Override
    public long liveHandles() {
        return Getters.liveHandles();
    }

    @Override
    public Optional<CudaBinding> cuda() {
        return Optional.ofNullable(cuda);
    }

    @Override
    public Optional<CublasBinding> cublas() {
        return Optional.ofNullable(cublas);
    }

    @Override
    public Optional<MemoryBinding> memory() {
        return Optional.of(new PanamaMemory());
    }

    @Override
    public Optional<ProfilerBinding> profiler() {
        return missing.containsKey(PROFILER) ? Optional.empty() : Optional.of(new PanamaProfiler());
    }

    @Override
    public Optional<OnednnGraphBinding> onednnGraph() {
        return Optional.of(PanamaBinding::onednnGraphCounts);
    }

    @Override
    public Map<String, String> missingFeatures() {
        return Map.copyOf(missing);
    }

    private static OnednnGraphCounts onednnGraphCounts() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment counts = wick_onednn_graph_counts.allocate(arena);
            WickTorch.wick_onednn_graph_count(counts);
            return new OnednnGraphCounts(wick_onednn_graph_counts.tried(counts),
                    wick_onednn_graph_counts.groups(counts), wick_onednn_graph_counts.failed(counts));
        }
    }

    private static long acquire(Frame frame, Handle module) {
        return frame.arguments.acquire(PanamaHandle.of(module, MODULE));
    }

    private static BoxedValue strings(List<String> texts) {
        return new BoxedValue.ListValue(texts.stream().<BoxedValue>map(BoxedValue.StringValue::new).toList());
    }

    private static void checkDimensions(long[] sizes) {
        if (sizes.length > WickTorch.WICK_MAXIMUM_DIMENSIONS()) {
            throw new BadArgumentException("expected at most " + WickTorch.WICK_MAXIMUM_DIMENSIONS()
                    + " dimensions, got " + sizes.length);
        }
    }

    private static MemorySegment longs(Arena arena, long[] values) {
        return arena.allocateFrom(ValueLayout.JAVA_LONG, values);
    }

    private static long[] longs(MemorySegment values, int count) {
        return values.asSlice(0, 8L * count).toArray(ValueLayout.JAVA_LONG);
    }
}
