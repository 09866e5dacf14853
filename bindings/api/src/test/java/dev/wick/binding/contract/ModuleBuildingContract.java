package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.BoxedValue.StringValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Modules made part by part, with methods compiled from TorchScript source. */
class ModuleBuildingContract extends ContractCase {

    private Handle module(String className) {
        return own(binding.createModule(className, null));
    }

    private void define(Handle module, String source) {
        deep(() -> {
            binding.define(module, source);
            return null;
        });
    }

    private float[] forward(Handle module, float... x) {
        return floatsOf(tensorOf(callMethod(module, "forward", box(floats(x, x.length)))));
    }

    private List<String> namesOf(dev.wick.binding.BoxedValue rows) {
        return elementsOf(own(rows)).stream().map(row -> ((StringValue) elementsOf(row).getFirst()).value()).toList();
    }

    /** scale * x + shift, with the scale in a numbered child. */
    private Handle affine() {
        Handle root = module("contract.Affine");
        Handle layer = own(binding.createModule("contract.Layer", root));
        Handle scale = own(binding.createModule("contract.Scale", root));
        binding.registerParameter(scale, "weight", floats(new float[] {2}, 1));
        define(scale, "def forward(self, x):\n    return x * self.weight\n");
        binding.registerModule(layer, "0", scale);
        define(layer, "def forward(self, x):\n    return getattr(self, \"0\").forward(x)\n");
        binding.registerModule(root, "layer", layer);
        binding.registerBuffer(root, "shift", floats(new float[] {10}, 1));
        binding.registerAttribute(root, "times", box(3));
        define(root, """
                def forward(self, x):
                    return self.layer.forward(x) + self.shift

                def repeated(self, x):
                    for _ in range(self.times):
                        x = self.forward(x)
                    return x
                """);
        return root;
    }

    @Test
    void aBuiltModuleRuns() {
        Handle root = affine();
        assertThat(forward(root, 1, 2)).containsExactly(12, 14);
        assertThat(floatsOf(tensorOf(callMethod(root, "repeated", box(floats(new float[] {1}, 1)))))).containsExactly(78);
        assertThat(namesOf(binding.parameters(root))).containsExactly("layer.0.weight");
        assertThat(namesOf(binding.buffers(root))).containsExactly("shift");
        assertThat(namesOf(binding.methods(root))).containsExactlyInAnyOrder("forward", "repeated");
        assertThat(namesOf(binding.submodules(root))).containsExactly("layer", "layer.0");
    }

    @Test
    void itSharesTheTensorsItWasGiven() {
        Handle module = module("contract.Shared");
        Handle weight = floats(new float[] {2}, 1);
        binding.registerParameter(module, "weight", weight);
        define(module, "def forward(self, x):\n    return x * self.weight\n");
        assertThat(forward(module, 3)).containsExactly(6);
        call("aten::fill_", box(weight), box(5.0));
        assertThat(forward(module, 3)).containsExactly(15);
    }

    @Test
    void itIsSavedAndLoadsAgain(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("built.pt");
        Handle root = affine();
        deep(() -> {
            binding.saveModule(root, file);
            return null;
        });
        try (FileChannel channel = FileChannel.open(file); Arena arena = Arena.ofShared()) {
            MemorySegment archive = arena.allocate(channel.size(), 64);
            channel.read(archive.asByteBuffer());
            Handle loaded = own(deep(() -> binding.loadModule(archive, DEVICE_TYPE, DEVICE_INDEX, false)));
            assertThat(forward(loaded, 1, 2)).containsExactly(12, 14);
            assertThat(namesOf(binding.parameters(loaded))).containsExactly("layer.0.weight");
        }
    }

    @Test
    void itFreezesCopiesAndTrains() {
        Handle root = affine();
        assertThat(forward(own(deep(() -> binding.cloneModule(root))), 1)).containsExactly(12);
        assertThat(forward(own(deep(() -> binding.freeze(root, List.of(), true))), 1)).containsExactly(12);
        binding.train(root, true);
        binding.train(root, false);
    }

    @Test
    void gradientsReachItsParameters() {
        Handle module = module("contract.Trained");
        Handle weight = tensorOf(call("aten::requires_grad_", box(floats(new float[] {2}, 1)), box(true)));
        binding.registerParameter(module, "weight", weight);
        define(module, "def forward(self, x):\n    return (x * self.weight).sum()\n");
        Handle loss = tensorOf(callMethod(CallSettings.GRAD, module, "forward", box(floats(new float[] {3, 4}, 2))));
        own(binding.callOperator("aten::backward", CallSettings.GRAD, box(loss)));
        assertThat(floatsOf(tensorOf(own(binding.callOperator("prim::grad", CallSettings.NO_GRAD, box(weight))))))
                .containsExactly(7);
    }

    @Test
    void twoModulesOfOneNameAreTwoClasses() {
        Handle root = module("contract.Twice");
        Handle first = own(binding.createModule("contract.Twice", root));
        define(first, "def forward(self, x):\n    return x + 1\n");
        define(root, "def forward(self, x):\n    return x + 2\n");
        assertThat(forward(root, 0)).containsExactly(2);
        assertThat(forward(first, 0)).containsExactly(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", ".", "a.", ".a", "1a", "a b", "a-b", "a..b"})
    void classNamesAreIdentifiers(String name) {
        assertThatThrownBy(() -> binding.createModule(name, null)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("'" + name + "' is no class name");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "a.b", ".", "weight", "training", "forward"})
    void impossibleAndTakenNamesAreRefused(String name) {
        Handle module = module("contract.Names");
        binding.registerParameter(module, "weight", floats(new float[] {2}, 1));
        define(module, "def forward(self, x):\n    return x * self.weight\n");
        Handle child = own(binding.createModule("contract.Child", module));
        assertThatThrownBy(() -> binding.registerParameter(module, name, floats(new float[] {1}, 1)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> binding.registerBuffer(module, name, floats(new float[] {1}, 1)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> binding.registerAttribute(module, name, box(1)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> binding.registerModule(module, name, child)).isInstanceOf(BadArgumentException.class);
        assertThat(forward(module, 3)).containsExactly(6);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "   ", "# nothing", "def forward(self, x)", "def forward(self, x):\n    return y\n",
        "def forward(self, x):\n    return self.nothing\n", "def other(x):\n    return x\n    return (\n", "\0",
        "def good(self, x):\n    return x\n\ndef bad(self, x):\n    return x.no_such_method()\n",
        "def forward(self, x):\n    return x\n"})
    void sourceThatDoesNotCompileLeavesTheModuleAsItWas(String source) {
        Handle module = module("contract.Source");
        define(module, "def forward(self, x):\n    return x + 1\n");
        assertThatThrownBy(() -> define(module, source)).isInstanceOf(BadArgumentException.class);
        assertThat(namesOf(binding.methods(module))).containsExactly("forward");
        assertThat(forward(module, 1)).containsExactly(2);
        define(module, "def good(self, x):\n    return self.forward(x) * 2\n");
        assertThat(floatsOf(tensorOf(callMethod(module, "good", box(floats(new float[] {1}, 1)))))).containsExactly(4);
    }

    @Test
    void aModuleCannotHoldItselfOrAStranger() {
        Handle root = module("contract.Root");
        Handle child = own(binding.createModule("contract.Child", root));
        binding.registerModule(root, "child", child);
        assertThatThrownBy(() -> binding.registerModule(root, "self", root)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("hold itself");
        assertThatThrownBy(() -> binding.registerModule(child, "parent", root)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("hold itself");
        assertThatThrownBy(() -> binding.registerModule(root, "stranger", module("contract.Stranger")))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("family");
    }

    @Test
    void aFrozenModuleTakesNothing() {
        Handle frozen = own(deep(() -> binding.freeze(affine(), List.of(), true)));
        assertThatThrownBy(() -> binding.registerAttribute(frozen, "more", box(1)))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("frozen");
        assertThatThrownBy(() -> define(frozen, "def more(self, x):\n    return x\n"))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("frozen");
    }

    @Test
    void closedHandlesAreRefused() {
        Handle module = binding.createModule("contract.Closed", null);
        Handle tensor = floats(new float[] {1}, 1);
        module.close();
        assertThatThrownBy(() -> binding.registerParameter(module, "weight", tensor))
                .isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> binding.createModule("contract.Child", module)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> binding.define(module, "def f(self):\n    return 1\n"))
                .isInstanceOf(IllegalStateException.class);
    }
}
