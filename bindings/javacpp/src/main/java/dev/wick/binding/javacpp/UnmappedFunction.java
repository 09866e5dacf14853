package dev.wick.binding.javacpp;

import dev.wick.error.NativesException;
import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.PlacementConsumer;

/**
 * A C++ function of LibTorch that the presets do not map, called through JNI; any thread.
 *
 * <p>The presets' own caller of C function pointers that take an address and a number does the calling: it catches what
 * the function throws, which a downcall of FFM would not survive. The symbol spells the parameters out, so that a
 * LibTorch with other ones does not have it; {@code UnmappedFunctionTest} holds the exceptions and the layout to that.
 */
final class UnmappedFunction {
    /** {@code torch::jit::Inline(Graph&)}. */
    private static final UnmappedFunction INLINE = new UnmappedFunction("_ZN5torch3jit6InlineERNS0_5GraphE");
    /** {@code torch::jit::OptimizeFrozenGraph(std::shared_ptr<Graph>&, bool)}. */
    private static final UnmappedFunction OPTIMIZE_FROZEN_GRAPH =
            new UnmappedFunction("_ZN5torch3jit19OptimizeFrozenGraphERSt10shared_ptrINS0_5GraphEEb");

    /** The presets' class for {@code void(void*, size_t)}, over a function that was there before. */
    private static final class Caller extends PlacementConsumer {
        Caller(Pointer record) {
            super(record);
        }
    }

    private final Caller caller;

    UnmappedFunction(String symbol) {
        // JavaCPP's record of a function pointer: the function, and the Java object where it is one.
        LongPointer record = new LongPointer(address(symbol).address(), 0);
        // For the process.
        record.retainReference();
        caller = new Caller(record);
    }

    /** Where a function of LibTorch or of the presets is. */
    static MemorySegment address(String symbol) {
        return NativeFunctions.get().find(symbol)
                .orElseThrow(() -> new NativesException("this LibTorch has no function " + symbol));
    }

    /** Calls; what the function throws is JavaCPP's plain {@link RuntimeException}. */
    void call(Pointer first, long second) {
        caller.call(first, second);
    }

    /** Inlines every call in a graph. */
    static void inline(Graph graph) {
        INLINE.call(graph, 0);
    }

    /** Optimises the graph of one method of a frozen module, in place. */
    static void optimizeFrozenGraph(Graph graph, boolean optimizeNumerics) {
        try (PointerScope _ = new PointerScope()) {
            // A std::shared_ptr without a count: the graph is kept by its function, and copies cost nothing.
            Pointer shared = new LongPointer(graph.address(), 0);
            OPTIMIZE_FROZEN_GRAPH.call(shared, optimizeNumerics ? 1 : 0);
        }
    }
}
