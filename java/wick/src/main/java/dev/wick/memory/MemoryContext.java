package dev.wick.memory;

import java.util.List;

/**
 * Who asked for memory.
 *
 * @param operator    the innermost operator that was running, such as {@code aten::conv2d}; null outside of operators
 * @param module      the submodule that was running, such as {@code layer1.0.conv1}; null where it is not known
 * @param tag         the innermost tag of the calling thread; null without one
 * @param torchScript TorchScript's call stack, innermost first; empty where there is none, or stacks were off
 * @param java        Java's call stack from the call into Wick on, innermost first; empty where stacks were off
 */
public record MemoryContext(String operator, String module, String tag, List<MemoryFrame> torchScript,
        List<MemoryFrame> java) {
    /** Nothing is known. */
    public static final MemoryContext UNKNOWN = new MemoryContext(null, null, null, List.of(), List.of());

    public MemoryContext {
        torchScript = List.copyOf(torchScript);
        java = List.copyOf(java);
    }
}
