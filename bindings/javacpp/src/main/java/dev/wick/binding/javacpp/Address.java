package dev.wick.binding.javacpp;

import java.lang.foreign.MemorySegment;
import org.bytedeco.javacpp.Pointer;

/** A pointer of JavaCPP's to something that it neither made nor frees. */
final class Address extends Pointer {
    Address(MemorySegment segment) {
        this(segment.address());
    }

    Address(long address) {
        this.address = address;
    }
}
