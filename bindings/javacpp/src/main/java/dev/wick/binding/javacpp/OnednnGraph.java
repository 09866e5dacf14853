package dev.wick.binding.javacpp;

import dev.wick.binding.OnednnGraphCounts;
import dev.wick.error.NativesException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicLong;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Block;
import org.bytedeco.pytorch.Graph;
import org.bytedeco.pytorch.GradMode;
import org.bytedeco.pytorch.global.torch;

/**
 * oneDNN Graph fusion as a pass of the TorchScript executor; any thread.
 *
 * <p>The presets map neither the fusion nor a way to register a pass. So the pass is a {@code std::function} laid out
 * by hand, as libstdc++ has it (bits/std_function.h: 16 bytes of functor, manager, invoker), around an upcall; manager
 * and invoker are the presets' own for a plain function that takes one reference. It is registered for good, since a
 * pass that comes and goes would race with compilations, and idle unless the calling thread asks; an executor calls it
 * once for each graph it compiles, never on a prepared call's way.
 */
final class OnednnGraph {
    /** A {@code std::shared_ptr} as libstdc++ has it (bits/shared_ptr_base.h): object, then control block. */
    private static final long SHARED_POINTER_BYTES = 16;
    private static final long CONTROL_BLOCK = 8;

    /** {@code torch::jit::fuser::onednn::fuseGraph(std::shared_ptr<Graph>&)}. */
    static final String FUSE_GRAPH = "_ZN5torch3jit5fuser6onednn9fuseGraphERSt10shared_ptrINS0_5GraphEE";
    /** {@code torch::jit::registerPrePass(std::function<void(std::shared_ptr<Graph>&)>)}. */
    private static final String REGISTER_PRE_PASS =
            "_ZN5torch3jit15registerPrePassESt8functionIFvRSt10shared_ptrINS0_5GraphEEEE";
    /** {@code torch::jit::Graph::copy()}: a {@code std::shared_ptr}, so it is given the place of its result first. */
    private static final String GRAPH_COPY = "_ZN5torch3jit5Graph4copyEv";
    /** {@code std::_Sp_counted_base::_M_release()}: what the destructor of a {@code std::shared_ptr} does. */
    private static final String RELEASE = "_ZNSt16_Sp_counted_baseILN9__gnu_cxx12_Lock_policyE2EE10_M_releaseEv";
    /** {@code std::_Function_handler<void(Module&), void (*)(Module&)>::_M_manager}. */
    private static final String MANAGER = "_ZNSt17_Function_handlerIFvRN5torch3jit6ModuleEEPS4_E"
            + "10_M_managerERSt9_Any_dataRKS7_St18_Manager_operation";
    /** {@code std::_Function_handler<void(Module&), void (*)(Module&)>::_M_invoke}: passes one address on. */
    private static final String INVOKER = "_ZNSt17_Function_handlerIFvRN5torch3jit6ModuleEEPS4_E"
            + "9_M_invokeERKSt9_Any_dataS3_";

    private static final ThreadLocal<Boolean> WANTED = ThreadLocal.withInitial(() -> false);
    private static final AtomicLong TRIED = new AtomicLong();
    private static final AtomicLong GROUPS = new AtomicLong();
    private static final AtomicLong FAILED = new AtomicLong();

    private static volatile boolean forAll;

    private OnednnGraph() {
    }

    /** Registered, or the reason why not; looked at once. */
    private static final class Registration {
        private static UnmappedFunction copy;
        private static UnmappedFunction fuse;
        private static UnmappedFunction release;
        private static final String OBSTACLE = register();

        private static String register() {
            if (!torch.hasMKLDNN()) {
                return "the presets' LibTorch is built without oneDNN";
            }
            try {
                copy = new UnmappedFunction(GRAPH_COPY);
                fuse = new UnmappedFunction(FUSE_GRAPH);
                release = new UnmappedFunction(RELEASE);
                MemorySegment stub = Linker.nativeLinker().upcallStub(
                        MethodHandles.lookup().findStatic(OnednnGraph.class, "pass",
                                MethodType.methodType(void.class, MemorySegment.class)),
                        FunctionDescriptor.ofVoid(ValueLayout.ADDRESS), Arena.global());
                try (Arena arena = Arena.ofConfined()) {
                    // registerPrePass moves it away.
                    MemorySegment function = arena.allocateFrom(ValueLayout.JAVA_LONG, stub.address(), 0,
                            UnmappedFunction.address(MANAGER).address(), UnmappedFunction.address(INVOKER).address());
                    new UnmappedFunction(REGISTER_PRE_PASS).call(new Address(function), 0);
                }
                return null;
            } catch (NativesException e) {
                return e.getMessage();
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /** Why there is no fusion here. */
    static Optional<String> obstacle() {
        return Optional.ofNullable(Registration.OBSTACLE);
    }

    static boolean forAll() {
        return forAll;
    }

    static void setForAll(boolean enabled) {
        forAll = enabled;
    }

    /** Asks for fusion of what the calling thread compiles; whether it was not asked for already. */
    static boolean enter() {
        if (WANTED.get()) {
            return false;
        }
        WANTED.set(true);
        return true;
    }

    static void leave() {
        WANTED.remove();
    }

    static OnednnGraphCounts counts() {
        return new OnednnGraphCounts(TRIED.get(), GROUPS.get(), FAILED.get());
    }

    /**
     * The pass. Never where gradients are wanted, whether by the caller or by the code itself: the fused groups have no
     * derivative.
     */
    private static void pass(MemorySegment graph) {
        // Nothing may be thrown here: it would end the process.
        try {
            if (WANTED.get() && !GradMode.is_enabled()) {
                TRIED.incrementAndGet();
                fuse(graph.reinterpret(SHARED_POINTER_BYTES));
            }
        } catch (Throwable e) {
            FAILED.incrementAndGet();
        }
    }

    /** oneDNN throws on graphs it cannot take, in the middle of rewriting them, so it works on a copy. */
    private static void fuse(MemorySegment graph) {
        try (Arena arena = Arena.ofConfined(); PointerScope _ = new PointerScope()) {
            MemorySegment copy = arena.allocate(SHARED_POINTER_BYTES, Long.BYTES);
            Registration.copy.call(new Address(copy), graph.get(ValueLayout.JAVA_LONG, 0));
            try {
                Registration.fuse.call(new Address(copy), 0);
                int made = groups(new GraphAt(copy.get(ValueLayout.JAVA_LONG, 0)).block());
                if (made > 0) {
                    GROUPS.addAndGet(made);
                    swap(graph, copy);
                }
            } finally {
                Registration.release.call(new Address(copy.get(ValueLayout.JAVA_LONG, CONTROL_BLOCK)), 0);
            }
        }
    }

    /** A graph that somebody else owns; the one that the presets' class makes with each object goes with the scope. */
    private static final class GraphAt extends Graph {
        GraphAt(long address) {
            this.address = address;
        }
    }

    private static int groups(Block block) {
        int[] count = {0};
        Graphs.forEachNode(block, node -> count[0] += Graphs.isOnednnGroup(node) ? 1 : 0);
        return count[0];
    }

    private static void swap(MemorySegment one, MemorySegment other) {
        for (long at = 0; at < SHARED_POINTER_BYTES; at += Long.BYTES) {
            long word = one.get(ValueLayout.JAVA_LONG, at);
            one.set(ValueLayout.JAVA_LONG, at, other.get(ValueLayout.JAVA_LONG, at));
            other.set(ValueLayout.JAVA_LONG, at, word);
        }
    }
}
