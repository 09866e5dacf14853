package dev.wick;

import dev.wick.binding.CallSettings;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A model that can be called and looked into; any thread may call it, several at once as far as it does not change
 * itself.
 *
 * <p>TorchScript is one kind ({@link TorchScriptModel}). What is loaded is in evaluation mode.
 */
public interface Model extends AutoCloseable {

    /**
     * Loads a TorchScript archive onto the CPU.
     *
     * @throws dev.wick.error.ModelUnreadableException if it cannot be read; the message says which and why
     */
    static TorchScriptModel load(Path path) {
        return load(path, Device.CPU);
    }

    /** Loads a TorchScript archive onto a device; device constants in its graphs become that device. */
    static TorchScriptModel load(Path path, Device device) {
        return TorchScriptModel.load(path, device);
    }

    /** Loads a TorchScript archive from native memory, which may be given back afterwards. */
    static TorchScriptModel load(MemorySegment archive, Device device) {
        return TorchScriptModel.load(archive, device);
    }

    /** Loads a TorchScript archive from a stream, read to its end and left open. */
    static TorchScriptModel load(InputStream archive, Device device) {
        return TorchScriptModel.load(archive, device);
    }

    /**
     * A method that can be called.
     *
     * @param name          as {@link #call} takes it
     * @param schema        arguments and results as TorchScript writes them
     * @param argumentCount arguments, those with defaults included
     */
    record Method(String name, String schema, int argumentCount) {
    }

    /** The methods, in the model's order. */
    List<Method> methods();

    /** The parameters by qualified name; the tensors share the model's memory and are the caller's to close. */
    Map<String, Tensor> parameters();

    /** The buffers by qualified name; the tensors share the model's memory and are the caller's to close. */
    Map<String, Tensor> buffers();

    /**
     * Calls a method in inference mode.
     *
     * @param arguments what {@link Arguments} takes
     * @throws dev.wick.error.NotFoundException    if there is no such method; the message says which exist
     * @throws dev.wick.error.BadArgumentException if number or types of the arguments do not fit its schema
     * @throws dev.wick.error.TorchException       if it fails while it runs, shapes that do not fit included
     */
    default Value call(String method, Object... arguments) {
        return call(CallSettings.INFERENCE, method, arguments);
    }

    /** Calls a method. */
    Value call(CallSettings settings, String method, Object... arguments);

    /** Calls {@code forward} with tensors, in inference mode; its result must be one tensor. */
    default Tensor forward(Tensor... inputs) {
        return call("forward", (Object[]) inputs).tensor();
    }

    @Override
    void close();
}
