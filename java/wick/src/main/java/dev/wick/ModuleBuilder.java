package dev.wick;

import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.file.SourceNesting;
import dev.wick.file.TorchArchive;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Reference;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a TorchScript module part by part, with methods compiled from source; one thread.
 *
 * <pre>{@code
 * try (var net = ModuleBuilder.of("Net")) {
 *     var conv = net.child("conv1", "Convolution");
 *     conv.parameter("weight", weight).define("def forward(self, x):\n    return torch.conv2d(x, self.weight)\n");
 *     net.define("def forward(self, x):\n    return torch.relu(self.conv1.forward(x))\n");
 *     TorchScriptModel model = net.build();
 * }
 * }</pre>
 *
 * <p>What a method calls must be there when it is defined, so children are finished before their parent's methods.
 * Names are those of the state dict; a numbered child is reached by {@code getattr(self, "0")}. The module begins in
 * evaluation mode. Closing the root's builder closes its children's; models that were built stay.
 */
public final class ModuleBuilder extends NativeResource {
    private final ModuleBuilder parent;
    private final List<ModuleBuilder> children = new ArrayList<>();

    private ModuleBuilder(Handle handle, ModuleBuilder parent) {
        super(handle);
        this.parent = parent;
    }

    /**
     * Begins a module.
     *
     * @param className of its TorchScript class: Python identifiers joined by dots; one that is taken gets a number
     * @throws BadArgumentException if it is no class name
     */
    public static ModuleBuilder of(String className) {
        return new ModuleBuilder(Engine.binding().createModule(className, null), null);
    }

    /**
     * Adds a submodule and begins it.
     *
     * @param name any text without a dot, "0" too
     * @throws BadArgumentException if the name is taken or impossible
     */
    public ModuleBuilder child(String name, String className) {
        Handle made = using(handle -> Engine.binding().createModule(className, handle));
        try {
            use(handle -> Engine.binding().registerModule(handle, name, made));
        } catch (RuntimeException e) {
            made.close();
            throw e;
        }
        ModuleBuilder child = new ModuleBuilder(made, this);
        children.add(child);
        return child;
    }

    /** Adds a parameter that shares the tensor's memory. It is trained if the tensor requires a gradient. */
    public ModuleBuilder parameter(String name, Tensor tensor) {
        use(handle -> Engine.binding().registerParameter(handle, name, tensor.usableHandle()));
        Reference.reachabilityFence(tensor);
        return this;
    }

    /** Adds a buffer that shares the tensor's memory. */
    public ModuleBuilder buffer(String name, Tensor tensor) {
        use(handle -> Engine.binding().registerBuffer(handle, name, tensor.usableHandle()));
        Reference.reachabilityFence(tensor);
        return this;
    }

    /** Adds an attribute: a number, text, list, map or tensor, as {@link Arguments} says; its type is the value's. */
    public ModuleBuilder attribute(String name, Object value) {
        use(handle -> Engine.binding().registerAttribute(handle, name, Arguments.box(value)));
        Reference.reachabilityFence(value);
        return this;
    }

    /**
     * Compiles methods.
     *
     * @param source TorchScript: one or more {@code def name(self, ...)}
     * @throws BadArgumentException if it does not compile; the module is as before
     */
    public ModuleBuilder define(String source) {
        byte[] bytes = source.getBytes(StandardCharsets.UTF_8);
        int nesting = SourceNesting.of(MemorySegment.ofArray(bytes));
        if (nesting > TorchArchive.MAXIMUM_NESTING) {
            throw new BadArgumentException("the source is nested " + nesting + " deep; at most "
                    + TorchArchive.MAXIMUM_NESTING + " is compiled");
        }
        DeepStack.run(() -> use(handle -> Engine.binding().define(handle, source)));
        return this;
    }

    /**
     * The module as a model, which shares its tensors; the caller closes it.
     *
     * @throws BadArgumentException if this is not the root's builder
     */
    public TorchScriptModel build() {
        if (parent != null) {
            throw new BadArgumentException("a submodule is built with its root");
        }
        return TorchScriptModel.ofBuilt(using(handle -> Engine.binding().submodule(handle, "")));
    }

    /** Frees the builder and its children's; closing again does nothing. */
    @Override
    public void close() {
        children.forEach(ModuleBuilder::close);
        super.close();
    }
}
