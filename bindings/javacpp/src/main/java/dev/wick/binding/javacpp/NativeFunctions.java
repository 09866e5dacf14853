package dev.wick.binding.javacpp;

import dev.wick.binding.LoadedTorch;
import dev.wick.error.NativesException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Optional;
import org.bytedeco.pytorch.global.torch;

/**
 * Settings of LibTorch and of the libraries under it that the presets do not map; any thread.
 *
 * <p>Each is a getter or setter of one number that cannot throw, so it needs no C++ wrapper: a symbol is looked up in
 * libtorch_cpu and in everything that depends on.
 */
final class NativeFunctions {
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfBoolean BOOL = ValueLayout.JAVA_BOOLEAN;

    private final SymbolLookup lookup;
    private final MethodHandle setOmpThreads;
    private final MethodHandle ompThreads;
    private final MethodHandle setMklThreads;
    private final MethodHandle setOpenblasThreads;
    private final MethodHandle openblasThreads;
    private final MethodHandle setFuser;
    private final MethodHandle fuser;

    private NativeFunctions() {
        Path loaded = LoadedTorch.find().orElseThrow(() -> new NativesException("LibTorch is not loaded"));
        // The presets' own library has what C++ compiled into it from headers.
        lookup = SymbolLookup.libraryLookup(loaded.resolveSibling("libtorch_cpu.so"), Arena.global())
                .or(SymbolLookup.libraryLookup(loaded.resolveSibling("libjnitorch.so"), Arena.global()));
        ompThreads = find("omp_get_max_threads", FunctionDescriptor.of(INT), Linker.Option.critical(false));
        // Not critical: a new team may be made, and that takes its time.
        setOmpThreads = find("omp_set_num_threads", FunctionDescriptor.ofVoid(INT));
        setMklThreads = find("MKL_Set_Num_Threads_Local", FunctionDescriptor.of(INT, INT));
        setOpenblasThreads = find("openblas_set_num_threads", FunctionDescriptor.ofVoid(INT));
        openblasThreads = find("openblas_get_num_threads", FunctionDescriptor.of(INT));
        setFuser = find("_ZN5torch3jit25setTensorExprFuserEnabledEb", FunctionDescriptor.ofVoid(BOOL));
        fuser = find("_ZN5torch3jit22tensorExprFuserEnabledEv", FunctionDescriptor.of(BOOL));
    }

    private static final class Holder {
        private static final NativeFunctions FUNCTIONS = new NativeFunctions();
    }

    static NativeFunctions get() {
        return Holder.FUNCTIONS;
    }

    /** A function of LibTorch, or of what is under it. */
    Optional<MemorySegment> find(String symbol) {
        return lookup.find(symbol);
    }

    private MethodHandle find(String name, FunctionDescriptor type, Linker.Option... options) {
        Optional<MemorySegment> symbol = lookup.find(name);
        return symbol.map(address -> Linker.nativeLinker().downcallHandle(address, type, options)).orElse(null);
    }

    /** Threads of the calling thread's next parallel region. */
    int threads() {
        return ompThreads == null ? torch.get_num_threads() : intOf(ompThreads);
    }

    void setThreads(int count) {
        if (ompThreads == null || setOmpThreads == null) {
            torch.set_num_threads(count);
            return;
        }
        set(setOmpThreads, count);
        if (setMklThreads != null) {
            try {
                int before = (int) setMklThreads.invokeExact(count);
                assert before >= 0 : before;
            } catch (Throwable e) {
                throw failed(e);
            }
        }
    }

    /** Whether MKL was loaded, in OpenBLAS's place. */
    boolean hasMkl() {
        return setMklThreads != null;
    }

    /** Threads of OpenBLAS's own pool; 0 where another BLAS is in use. */
    int blasThreads() {
        return openblasThreads == null || setOpenblasThreads == null ? 0 : intOf(openblasThreads);
    }

    void setBlasThreads(int count) {
        if (openblasThreads != null && setOpenblasThreads != null) {
            set(setOpenblasThreads, count);
        }
    }

    boolean tensorExpressionFuser() {
        try {
            return fuser != null && (boolean) fuser.invokeExact();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    void setTensorExpressionFuser(boolean enabled) {
        if (setFuser == null) {
            throw new NativesException("this LibTorch has no switch for the TensorExpr fuser");
        }
        try {
            setFuser.invokeExact(enabled);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static int intOf(MethodHandle getter) {
        try {
            return (int) getter.invokeExact();
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static void set(MethodHandle setter, int count) {
        try {
            setter.invokeExact(count);
        } catch (Throwable e) {
            throw failed(e);
        }
    }

    private static NativesException failed(Throwable e) {
        return new NativesException("a setting of LibTorch cannot be reached", e);
    }
}
