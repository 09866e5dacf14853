package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModuleBuilderTest extends WickCase {
    private static final String SCALED = "def forward(self, x):\n    return x * self.weight\n";

    private static TorchScriptModel net() {
        try (ModuleBuilder net = ModuleBuilder.of("test.Net"); Tensor weight = Tensor.of(new float[] {3}, 1)) {
            net.child("layer", "test.Layer").parameter("weight", weight).define(SCALED);
            return net.attribute("offset", 1.5)
                    .define("def forward(self, x):\n    return self.layer.forward(x) + self.offset\n").build();
        }
    }

    private static float[] run(TorchScriptModel model, float... x) {
        try (Tensor input = Tensor.of(x, x.length); Value output = model.call("forward", input)) {
            return output.tensor().toFloatArray();
        }
    }

    @Test
    void theModelOutlivesItsBuilderAndTensors() {
        try (TorchScriptModel model = net()) {
            assertThat(run(model, 1, 2)).containsExactly(4.5f, 7.5f);
            assertThat(model.submodules()).containsKey("layer");
        }
    }

    @Test
    void aForgottenBuilderIsFreed() throws InterruptedException {
        long forgotten = Engine.forgotten();
        defineAndForget();
        for (int i = 0; i < 200 && Engine.forgotten() < forgotten + 2; i++) {
            System.gc();
            Thread.sleep(10);
        }
        // The root's and the child's; that no handle stays alive is looked at after every test.
        assertThat(Engine.forgotten()).isEqualTo(forgotten + 2);
    }

    private static void defineAndForget() {
        ModuleBuilder.of("test.Forgotten").child("layer", "test.Layer").define("def forward(self, x):\n    return x\n");
    }

    @Test
    void itIsSavedLoadedAndPrepared(@TempDir Path directory) {
        Path file = directory.resolve("net.pt");
        try (TorchScriptModel model = net()) {
            model.save(file);
        }
        try (TorchScriptModel loaded = Model.load(file);
                Runner runner = Runner.of(loaded, "forward").input(DType.FLOAT32, 2).build()) {
            runner.input(0).segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_FLOAT, 1, 2);
            runner.run();
            assertThat(runner.output(0).toFloatArray()).containsExactly(1.5f, 7.5f);
        }
    }

    @Test
    void aFailedDefinitionCanBeRepeated() {
        try (ModuleBuilder net = ModuleBuilder.of("test.Again")) {
            assertThatThrownBy(() -> net.define(SCALED)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("weight");
            try (Tensor weight = Tensor.of(new float[] {3}, 1)) {
                net.parameter("weight", weight);
            }
            try (TorchScriptModel model = net.define(SCALED).build()) {
                assertThat(run(model, 2)).containsExactly(6);
            }
        }
    }

    @Test
    void aTakenNameLeavesNothingBehind() {
        try (ModuleBuilder net = ModuleBuilder.of("test.Taken")) {
            net.child("layer", "test.Layer");
            assertThatThrownBy(() -> net.child("layer", "test.Layer")).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("'layer' already");
        }
    }

    @Test
    void aSubmoduleIsNotBuiltAlone() {
        try (ModuleBuilder net = ModuleBuilder.of("test.Parts")) {
            ModuleBuilder layer = net.child("layer", "test.Layer");
            assertThatThrownBy(layer::build).isInstanceOf(BadArgumentException.class).hasMessageContaining("root");
        }
    }

    @Test
    void endlesslyNestedSourceIsRefused() {
        try (ModuleBuilder net = ModuleBuilder.of("test.Deep")) {
            String source = "def forward(self, x):\n    return " + "(".repeat(100_000) + "x" + ")".repeat(100_000) + "\n";
            assertThatThrownBy(() -> net.define(source)).isInstanceOf(BadArgumentException.class)
                    .hasMessageContaining("nested");
        }
    }

    @Test
    void aClosedBuilderIsRefused() {
        ModuleBuilder net = ModuleBuilder.of("test.Closed");
        ModuleBuilder layer = net.child("layer", "test.Layer");
        net.close();
        net.close();
        assertThatThrownBy(() -> layer.define(SCALED)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(net::build).isInstanceOf(IllegalStateException.class);
    }
}
