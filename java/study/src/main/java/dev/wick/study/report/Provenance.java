package dev.wick.study.report;

import dev.wick.Engine;
import dev.wick.binding.LoadedNatives;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a result was computed with: machine, Java, LibTorch, the way to it, threads; any thread, once LibTorch is loaded. */
public final class Provenance {
    private Provenance() {
    }

    /** For a person: names with their values, in which a line break stays one. */
    public static Map<String, String> facts() {
        Engine engine = Engine.get();
        LoadedNatives natives = engine.natives();
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Machine", Machine.cpu() + "\n" + Runtime.getRuntime().availableProcessors() + " cores, "
                + Sizes.bytes(Machine.memoryBytes()) + " of memory\n" + Machine.operatingSystem());
        facts.put("Java", Machine.jvm());
        facts.put("LibTorch", natives.torchVersion() + ", kernels for "
                + engine.describeRuntime().getOrDefault("cpu_capability", "an unknown CPU"));
        facts.put("Natives", natives.choice() + ": " + natives.why() + "\n" + natives.directory());
        facts.put("Calls", engine.calls() + ": " + engine.whyCalls());
        facts.put("Threads", engine.intraOpThreads() + " of an operator, " + engine.interOpThreads()
                + " between operators, " + (engine.blasThreads() == 0 ? "the BLAS has no pool of its own"
                        : engine.blasThreads() + " of the BLAS"));
        return facts;
    }

    /** The same for a program. */
    public static Map<String, Object> toMap() {
        Engine engine = Engine.get();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("machine", Machine.describe());
        map.put("torch", engine.natives().torchVersion());
        map.put("natives", engine.natives().choice());
        map.put("calls", engine.calls());
        map.put("threads", engine.intraOpThreads());
        return map;
    }
}
