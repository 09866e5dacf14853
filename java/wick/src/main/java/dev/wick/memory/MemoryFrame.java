package dev.wick.memory;

/**
 * One line of a call stack, of Java's or of TorchScript's.
 *
 * @param function qualified name of the method or function
 * @param file     the source file; empty where it is not known
 * @param line     counted from 1; 0 where it is not known
 */
public record MemoryFrame(String function, String file, int line) {
    @Override
    public String toString() {
        return file.isEmpty() ? function : function + " (" + file + ":" + line + ")";
    }
}
