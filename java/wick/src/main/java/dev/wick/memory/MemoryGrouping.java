package dev.wick.memory;

import java.util.List;

/** What memory is attributed to. */
public enum MemoryGrouping {
    /** The innermost operator that was running. */
    OPERATOR("operator", "operator"),
    /** The submodule that was running. */
    MODULE("module", "module"),
    /** The method that called into Wick, with its line: the innermost Java frame that is not Wick's own. */
    CALLER("caller", "Java caller"),
    /** The calling thread's innermost tag. */
    TAG("tag", "tag"),
    /** The innermost line of TorchScript. */
    SOURCE_LINE("sourceLine", "TorchScript line");

    private static final String ENGINE = "dev.wick.";

    private final String key;
    private final String text;

    MemoryGrouping(String key, String text) {
        this.key = key;
        this.text = text;
    }

    /** Its name in files. */
    public String key() {
        return key;
    }

    /** What a person reads over a column of it. */
    public String text() {
        return text;
    }

    /** What a context is attributed to. */
    public MemoryGroup of(MemoryContext context) {
        String name = switch (this) {
            case OPERATOR -> context.operator();
            case MODULE -> context.module();
            case CALLER -> caller(context.java());
            case TAG -> context.tag();
            case SOURCE_LINE -> context.torchScript().isEmpty() ? null : context.torchScript().getFirst().toString();
        };
        return name == null ? MemoryGroup.UNKNOWN : MemoryGroup.named(name);
    }

    private static String caller(List<MemoryFrame> frames) {
        for (MemoryFrame frame : frames) {
            if (!isEngine(frame.function())) {
                return frame.toString();
            }
        }
        return frames.isEmpty() ? null : frames.getLast().toString();
    }

    /** Of the thin layer or of a binding; what stands on them is a caller as any other. */
    private static boolean isEngine(String function) {
        if (!function.startsWith(ENGINE) || function.length() == ENGINE.length()) {
            return false;
        }
        return Character.isUpperCase(function.charAt(ENGINE.length())) || function.startsWith("binding.", ENGINE.length())
                || function.startsWith("memory.", ENGINE.length());
    }
}
