package dev.wick.binding.javacpp;

import org.bytedeco.pytorch.Argument;
import org.bytedeco.pytorch.FunctionSchema;

/**
 * A copy of the arguments of a schema, destroyed by {@link #close()}; in the caller's scope.
 *
 * <p>JavaCPP hands out a std::vector as copies of its elements in one piece of memory, and frees the memory without
 * destroying what is in it: names, types and default values would leak at every reading.
 */
final class SchemaArguments implements AutoCloseable {
    /** {@code c10::Argument::~Argument()}. */
    private static final UnmappedFunction DESTRUCTOR = new UnmappedFunction("_ZN3c108ArgumentD1Ev");

    private final Argument first;

    SchemaArguments(FunctionSchema schema) {
        first = schema.arguments();
    }

    long count() {
        // An empty std::vector comes as null.
        return first == null ? 0 : first.limit();
    }

    Argument get(long index) {
        return first.getPointer(index);
    }

    @Override
    public void close() {
        for (long i = 0; i < count(); i++) {
            DESTRUCTOR.call(get(i), 0);
        }
    }
}
