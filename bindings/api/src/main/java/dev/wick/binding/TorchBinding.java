package dev.wick.binding;

import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * LibTorch, reached one way; any thread may call any method unless it says otherwise.
 *
 * <p>Handles that a method returns belong to the caller. Scalar types, device types and layouts are c10's own codes.
 * Failures are the types of {@code dev.wick.error}; a closed handle is an {@link IllegalStateException}. Methods marked
 * <em>deep stack</em> recurse over the model: the caller provides a thread with 256 MiB of stack.
 */
public interface TorchBinding {
    /** Key of {@link #missingFeatures()}. */
    String CUDA = "cuda";
    /** Key of {@link #missingFeatures()}. */
    String CUBLAS = "cublas";
    /** Key of {@link #missingFeatures()}. */
    String MEMORY = "memory";
    /** Key of {@link #missingFeatures()}. */
    String PROFILER = "profiler";
    /** Key of {@link #missingFeatures()}. */
    String ONEDNN_GRAPH = "onednn-graph";

    /** {@code panama} or {@code javacpp}. */
    String calls();

    /** The LibTorch in use. */
    LoadedNatives natives();

    /** What was set for speed before the first call, and why. */
    List<Setting> settings();

    /**
     * What LibTorch says of itself: {@code torch_version}, {@code build}, {@code parallel}, {@code cpu_capability},
     * {@code has_*} as {@code true} or {@code false}; and {@code blas}, the library in use.
     */
    Map<String, String> describeRuntime();

    // Tensors

    /** Makes an uninitialised contiguous tensor. */
    Handle emptyTensor(long[] sizes, int dtype, int deviceType, int deviceIndex, GradMode mode);

    /**
     * Makes a CPU tensor over memory, without a copy. The segment is kept reachable until no tensor, on either side of
     * the border, uses the memory; its arena is not kept open.
     *
     * @param strides in elements, or null for contiguous
     */
    Handle wrap(MemorySegment memory, long[] sizes, long[] strides, int dtype);

    /** Reads what a tensor is. */
    TensorDescription describe(Handle tensor);

    /** Makes a second handle of the same tensor. */
    Handle retain(Handle tensor);

    // Operators

    /** Finds an operator by qualified name and overload; the handle needs no closing. */
    Handle findOperator(String name, String overload);

    /** The schemas of all overloads of a name; empty when there are none. */
    List<String> operatorSchemas(String name);

    /** Calls an operator: positional arguments, then {@link BoxedValue.KeywordValue keywords}. */
    BoxedValue callOperator(Handle operator, CallSettings settings, BoxedValue... arguments);

    /** Calls the first overload of a name that takes the arguments. */
    BoxedValue callOperator(String name, CallSettings settings, BoxedValue... arguments);

    // Modules

    /**
     * Loads a TorchScript archive whose checksums the caller has verified. Deep stack.
     *
     * @param deviceType -1 leaves tensors on the archive's own devices
     */
    Handle loadModule(MemorySegment archive, int deviceType, int deviceIndex, boolean training);

    /** The same from a file, which is read record by record: no copy of it is in memory beside the tensors. */
    Handle loadModule(Path archive, int deviceType, int deviceIndex, boolean training);

    /**
     * Makes an empty module of a TorchScript class of its own, in evaluation mode.
     *
     * @param className Python identifiers joined by dots; a name that is taken gets a number
     * @param family    a module whose compilation unit it joins, so that one can be registered in the other; null
     *                  begins a new one
     */
    Handle createModule(String className, Handle family);

    /** Adds a parameter that shares the tensor's memory; a name is any text without a dot that is not taken. */
    void registerParameter(Handle module, String name, Handle tensor);

    /** Adds a buffer that shares the tensor's memory. */
    void registerBuffer(Handle module, String name, Handle tensor);

    /** Adds an attribute, whose TorchScript type is the value's. */
    void registerAttribute(Handle module, String name, BoxedValue value);

    /** Adds a submodule of the same family, which shares its parameters and does not hold the module. */
    void registerModule(Handle module, String name, Handle child);

    /**
     * Compiles TorchScript source, one or more {@code def name(self, ...)}, into methods. What it calls in submodules
     * must be there already; a source that does not compile leaves the module as it was. Not while it runs. Deep stack.
     */
    void define(Handle module, String source);

    /** Writes an archive, by way of a temporary file beside it. Deep stack. */
    void saveModule(Handle module, Path path);

    /** Copies a module with types, graphs and tensors. Deep stack. */
    Handle cloneModule(Handle module);

    /** Each method as a tuple of name, schema, number of arguments. */
    BoxedValue methods(Handle module);

    /** Each parameter as a tuple of qualified name and tensor. */
    BoxedValue parameters(Handle module);

    /** Each buffer as a tuple of qualified name and tensor. */
    BoxedValue buffers(Handle module);

    /** Each further attribute of the module itself as a tuple of name, type and value. */
    BoxedValue attributes(Handle module);

    /** Each submodule as a tuple of qualified name and type. */
    BoxedValue submodules(Handle module);

    /** Reads an attribute, parameter or buffer by qualified name. */
    BoxedValue attribute(Handle module, String name);

    /** Writes an attribute by qualified name. Not while the module runs. */
    void setAttribute(Handle module, String name, BoxedValue value);

    /** A submodule by qualified name, sharing its parent's parameters; the module itself for the empty name. */
    Handle submodule(Handle module, String name);

    /** The intermediate representation, or the source, of a method. */
    String graph(Handle module, String method, GraphKind kind);

    /** Device and dtype constants in the graphs: tuples of method, kind, value, operator, argument, uses. */
    BoxedValue constants(Handle module);

    /**
     * Converts in place, before the module's first call; -1 leaves dtype or device as it is.
     *
     * @return a tuple: bytes of converted tensors, constants patched
     */
    BoxedValue convert(Handle module, int dtype, int deviceType, int deviceIndex, boolean patchConstants);

    /** Training or evaluation mode. Not while the module runs. */
    void train(Handle module, boolean training);

    /** A frozen copy that keeps every method, and the named attributes readable. Deep stack. */
    Handle freeze(Handle module, List<String> preservedAttributes, boolean optimizeNumerics);

    /** A frozen copy with operators rewritten for inference; it cannot be saved. Deep stack. */
    Handle optimizeForInference(Handle module, List<String> preservedAttributes);

    /** A method of a module; its handle keeps the module alive. */
    Handle method(Handle module, String name);

    /** Calls a method. */
    BoxedValue callMethod(Handle method, CallSettings settings, BoxedValue... arguments);

    // Prepared calls

    /**
     * Prepares a call on fixed host tensors, and runs it once to learn the outputs.
     *
     * @param computeDtype floating inputs are converted to it before each run; -1 leaves them
     * @param outputDtype  floating outputs are converted to it; -1 leaves them
     */
    Handle createRunner(Handle method, CallSettings settings, Handle[] inputs, int computeDtype, int outputDtype);

    /** The outputs of a prepared call, the same memory at every run, as a list of tensors. */
    BoxedValue runnerOutputs(Handle runner);

    /** Runs a prepared call. One thread at a time. */
    void run(Handle runner);

    // The process

    /** Sets the threads that calls use unless their settings say otherwise, and those between operators; 0 leaves. */
    void setThreads(int intraOp, int interOp);

    int intraOpThreads();

    int interOpThreads();

    /** Threads of the BLAS's own pool; 0 where it has none. */
    int blasThreads();

    /** Sets the threads of the BLAS's own pool, where it has one. Not while something runs. */
    void setBlasThreads(int count);

    ExecutorSettings executor();

    void setExecutor(ExecutorSettings settings);

    /** Native objects that this binding has given out and not got back. */
    long liveHandles();

    // Facets

    /** CUDA ({@value #CUDA}), where this choice of natives and calls reaches a device. */
    Optional<CudaBinding> cuda();

    /** cuBLAS on tensors' memory ({@value #CUBLAS}), where this choice of natives and calls reaches a device. */
    Optional<CublasBinding> cublas();

    /** Memory figures and limits ({@value #MEMORY}). */
    Optional<MemoryBinding> memory();

    /** Traces ({@value #PROFILER}). */
    Optional<ProfilerBinding> profiler();

    /** oneDNN Graph fusion ({@value #ONEDNN_GRAPH}). */
    Optional<OnednnGraphBinding> onednnGraph();

    /**
     * Why a facet or feature is missing, and which choice has it, by feature: whoever refuses a use says this. Empty
     * when all is there.
     */
    Map<String, String> missingFeatures();

    /** Which form of a method's graph to show. */
    enum GraphKind {
        SOURCE(0), INLINED(1), EXECUTED(2), CODE(3);

        private final int code;

        GraphKind(int code) {
            this.code = code;
        }

        /** {@code enum wick_graph}. */
        public int code() {
            return code;
        }
    }
}
