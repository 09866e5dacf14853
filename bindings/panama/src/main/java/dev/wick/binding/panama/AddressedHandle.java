package dev.wick.binding.panama;

import dev.wick.binding.Handle;

/** A handle of something that the shim knows by an address; any thread. */
abstract class AddressedHandle extends Handle {
    private final long address;

    AddressedHandle(long address) {
        this.address = address;
    }

    final long address() {
        return address;
    }
}
