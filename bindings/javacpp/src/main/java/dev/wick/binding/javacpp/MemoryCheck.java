package dev.wick.binding.javacpp;

import dev.wick.binding.Setting;
import dev.wick.error.NativesException;
import org.bytedeco.javacpp.Pointer;

/**
 * JavaCPP's own limit of resident memory, four times the Java heap unless a property says otherwise.
 *
 * <p>Above it every ordinary pointer collects garbage, sleeps up to a second and then fails. Calls with tensors,
 * numbers and lists of them make none, so they are not concerned (texts, devices, tuples and dictionaries are); what
 * loads, changes or looks into a model asks here first and fails at once, with a word on what helps.
 */
final class MemoryCheck {
    private static final String PROPERTY = "org.bytedeco.javacpp.maxPhysicalBytes";
    private static final int MEBIBYTE = 20;

    private MemoryCheck() {
    }

    /** Refuses where JavaCPP would. */
    static void pass() {
        long limit = Pointer.maxPhysicalBytes();
        if (limit <= 0) {
            return;
        }
        long resident = Pointer.physicalBytes();
        if (resident > limit) {
            throw new NativesException("JavaCPP refuses to make native objects: the process has "
                    + (resident >> MEBIBYTE) + " MiB in memory, above its limit of " + (limit >> MEBIBYTE)
                    + " MiB; set -D" + PROPERTY + "=0, or give Java more heap (the limit is four times -Xmx), or use "
                    + "--calls panama");
        }
    }

    /** For the list of settings. */
    static Setting setting() {
        long limit = Pointer.maxPhysicalBytes();
        return limit > 0
                ? new Setting("JavaCPP's memory limit", (limit >> MEBIBYTE) + " MiB resident",
                        "JavaCPP's own, from the Java heap's size; above it models cannot be loaded or changed, and "
                                + "calls with texts stall",
                        "-D" + PROPERTY)
                : new Setting("JavaCPP's memory limit", "none", "asked for", "-D" + PROPERTY);
    }
}
