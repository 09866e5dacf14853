package dev.wick.binding.contract;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.BoxedValue.DictValue;
import dev.wick.binding.BoxedValue.DoubleValue;
import dev.wick.binding.BoxedValue.IntValue;
import dev.wick.binding.BoxedValue.ListValue;
import dev.wick.binding.BoxedValue.StringValue;
import dev.wick.binding.BoxedValue.TupleValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.GradMode;
import dev.wick.binding.Handle;
import dev.wick.binding.TensorDescription;
import dev.wick.binding.TorchBinding.GraphKind;
import dev.wick.error.BadArgumentException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.error.WickException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** TorchScript modules: loaded, looked into, called, converted, frozen, saved. */
class ModuleContract extends ContractCase {

    // Calling

    @Test
    void outputsAreThoseOfPyTorch() {
        for (String name : List.of("classifier", "mlp", "structures")) {
            Handle input = npy(name + ".forward.input.0.npy");
            float[] output = floatsOf(tensorOf(callMethod(load(name + ".pt"), "forward", box(input))));
            assertThat(output).as(name).containsExactly(floatsOf(npy(name + ".forward.output.npy")), within(1e-5f));
        }
    }

    private Handle hostOnes(long... shape) {
        return tensorOf(call("aten::ones", longs(shape)));
    }

    private static org.assertj.core.data.Offset<Float> within(float offset) {
        return org.assertj.core.data.Offset.offset(tolerance(offset));
    }

    /** One of the suite's float32 arrays, in row-major order. */
    private Handle npy(String name) {
        return onDevice(hostNpy(name));
    }

    private Handle hostNpy(String name) {
        byte[] bytes = archive(name);
        int headerLength = (bytes[8] & 0xff) | (bytes[9] & 0xff) << 8;
        String header = new String(bytes, 10, headerLength, java.nio.charset.StandardCharsets.US_ASCII);
        assertThat(header).contains("'<f4'").contains("'fortran_order': False");
        String shape = header.substring(header.indexOf('(') + 1, header.indexOf(')'));
        List<Long> sizes = new ArrayList<>();
        for (String size : shape.split(",")) {
            if (!size.isBlank()) {
                sizes.add(Long.parseLong(size.strip()));
            }
        }
        Handle tensor = hostEmpty(FLOAT32, sizes.stream().mapToLong(Long::longValue).toArray());
        memory(tensor).copyFrom(MemorySegment.ofArray(bytes).asSlice(10 + headerLength));
        return tensor;
    }

    @Test
    void everyKindOfResultComesBack() {
        Handle module = load("structures.pt");
        Handle x = floats(new float[] {1, 2}, 2);
        assertThat(callMethod(module, "returns_int")).isEqualTo(new IntValue(-9223372036854775807L));
        assertThat(callMethod(module, "returns_float")).isEqualTo(new DoubleValue(0.1));
        assertThat(callMethod(module, "returns_bool")).isEqualTo(new BoxedValue.BoolValue(true));
        assertThat(callMethod(module, "returns_str")).isEqualTo(new StringValue("żółw"));
        assertThat(callMethod(module, "returns_none")).isEqualTo(BoxedValue.NONE);
        assertThat(callMethod(module, "returns_optional", box(true))).isEqualTo(new IntValue(8));
        assertThat(callMethod(module, "returns_optional", box(false))).isEqualTo(BoxedValue.NONE);
        assertThat(callMethod(module, "returns_complex")).isEqualTo(new BoxedValue.ComplexValue(1.5, -2.5));
        assertThat(callMethod(module, "returns_device", box(x))).isEqualTo(DEVICE);
        assertThat(callMethod(module, "returns_any", box(0))).isEqualTo(new IntValue(1));
        assertThat(callMethod(module, "returns_any", box(1))).isEqualTo(new StringValue("one"));
        assertThat(callMethod(module, "returns_named_tuple"))
                .isEqualTo(new TupleValue(List.of(new IntValue(3), new StringValue("three"))));
        assertThat(callMethod(module, "returns_empty_lists")).isEqualTo(new TupleValue(
                List.of(new ListValue(List.of()), new ListValue(List.of()), new ListValue(List.of()))));
        assertThat(callMethod(module, "returns_int_dict")).isEqualTo(new DictValue(List.of(
                new BoxedValue.Entry(new IntValue(10), new StringValue("ten")),
                new BoxedValue.Entry(new IntValue(-1), new StringValue("minus one")))));
    }

    @Test
    void nestedResultsKeepTheirStructure() {
        Handle module = load("structures.pt");
        Handle x = floats(new float[] {1, 2}, 2);
        List<BoxedValue> pair = elementsOf(callMethod(module, "returns_tuple", box(x)));
        assertThat(floatsOf(tensorOf(pair.get(0)))).containsExactly(2, 3);
        assertThat(floatsOf(tensorOf(pair.get(1)))).containsExactly(2, 4);
        assertThat(elementsOf(callMethod(module, "returns_tensor_list", box(x)))).hasSize(3);
        DictValue dict = (DictValue) callMethod(module, "returns_tensor_dict", box(x));
        assertThat(dict.entries()).extracting(BoxedValue.Entry::key)
                .containsExactly(new StringValue("b"), new StringValue("a"));
        List<BoxedValue> nested = elementsOf(callMethod(module, "returns_nested", box(x)));
        DictValue lists = (DictValue) nested.get(0);
        assertThat(elementsOf(lists.entries().get(0).value())).hasSize(2);
        assertThat(nested.get(1)).isEqualTo(new TupleValue(List.of(new IntValue(5),
                new TupleValue(List.of(new StringValue("six"), new DoubleValue(7.5))))));
    }

    private BoxedValue[] everything(Handle x) {
        return new BoxedValue[] {box(x), box(3), box(0.5), box(true), box("text"), longs(1, 2),
                new BoxedValue.DoubleArrayValue(new double[] {0.25}), list(box(x), box(x)), BoxedValue.NONE,
                tuple(box(9), box("nine")), new DictValue(List.of(new BoxedValue.Entry(box("key"), box(x)))),
                new BoxedValue.ComplexValue(1, 2), new BoxedValue.DeviceValue("cpu"), list(box("a"), box("b")),
                list(box(true), box(false)), list(longs(1), list(box(2), box(3))), list(box(x), BoxedValue.NONE),
                new DictValue(List.of(new BoxedValue.Entry(box(4), box(4.5)))), box("anything")};
    }

    @Test
    void everyKindOfArgumentIsTaken() {
        Handle x = floats(new float[] {1, 2}, 2);
        List<BoxedValue> back = elementsOf(callMethod(load("structures.pt"), "takes_everything", everything(x)));
        assertThat(back.subList(1, 5)).containsExactly(box(3), box(0.5), box(true), box("text"));
        assertThat(back.get(5)).isEqualTo(list(box(1), box(2)));
        assertThat(back.get(6)).isEqualTo(list(box(0.25)));
        assertThat(elementsOf(back.get(7))).hasSize(2);
        assertThat(back.get(8)).isEqualTo(BoxedValue.NONE);
        assertThat(back.get(9)).isEqualTo(tuple(box(9), box("nine")));
        assertThat(back.get(11)).isEqualTo(new BoxedValue.ComplexValue(1, 2));
        assertThat(back.get(12)).isEqualTo(new BoxedValue.DeviceValue("cpu"));
        assertThat(back.get(13)).isEqualTo(list(box("a"), box("b")));
        assertThat(back.get(14)).isEqualTo(list(box(true), box(false)));
        assertThat(back.get(15)).isEqualTo(list(list(box(1)), list(box(2), box(3))));
        assertThat(elementsOf(back.get(16)).get(1)).isEqualTo(BoxedValue.NONE);
        assertThat(back.get(17)).isEqualTo(new DictValue(List.of(new BoxedValue.Entry(box(4), box(4.5)))));
        assertThat(back.get(18)).isEqualTo(box("anything"));
        assertThat(back.get(19)).isEqualTo(box(42));
    }

    @Test
    void argumentsAreTakenByNameToo() {
        Handle x = floats(new float[] {1, 2}, 2);
        BoxedValue[] arguments = everything(x);
        BoxedValue[] named = java.util.Arrays.copyOf(arguments, arguments.length + 1);
        named[arguments.length] = keyword("default", box(7));
        List<BoxedValue> back = elementsOf(callMethod(load("structures.pt"), "takes_everything", named));
        assertThat(back.get(19)).isEqualTo(box(7));
    }

    @Test
    void wrongArgumentsAreRefusedBeforeTheCall() {
        Handle module = load("structures.pt");
        Handle x = floats(new float[] {1, 2}, 2);
        assertThatThrownBy(() -> callMethod(module, "returns_tensor")).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("returns_tensor");
        assertThatThrownBy(() -> callMethod(module, "returns_tensor", box(x), box(x)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> callMethod(module, "returns_tensor", box("text")))
                .isInstanceOf(BadArgumentException.class).hasMessageContaining("Tensor");
        assertThatThrownBy(() -> callMethod(module, "returns_optional", box(2.5)))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> callMethod(module, "returns_tensor", box(x), keyword("y", box(1))))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void aWrongMethodSaysWhichExist() {
        assertThatThrownBy(() -> binding.method(load("noforward.pt"), "forward"))
                .isInstanceOf(NotFoundException.class).hasMessageContaining("encode").hasMessageContaining("decode");
    }

    @Test
    void aWrongShapeIsAnErrorAndTheModuleStaysUsable() {
        Handle mlp = load("mlp.pt");
        for (int i = 0; i < 5; i++) {
            assertThatThrownBy(() -> callMethod(mlp, "forward", box(ones(1, 63)))).isInstanceOf(TorchException.class)
                    .hasMessageContaining("63");
            assertThat(binding.describe(tensorOf(callMethod(mlp, "forward", box(ones(2, 64))))).sizes()[0])
                    .isEqualTo(2);
        }
    }

    @Test
    void whatTheProgramRaisesIsTheMessage() {
        assertThatThrownBy(() -> callMethod(load("structures.pt"), "fails", box(ones(1))))
                .isInstanceOf(TorchException.class).hasMessageContaining("the input is never right");
    }

    @Test
    void stateIsKeptBetweenCalls() {
        Handle module = load("structures.pt");
        assertThat(callMethod(module, "increments")).isEqualTo(box(1));
        assertThat(callMethod(module, "increments")).isEqualTo(box(2));
        assertThat(binding.attribute(module, "counter")).isEqualTo(box(2));
        assertThat(floatsOf(tensorOf(own(binding.attribute(module, "total"))))).containsExactly(2, 2, 2);
    }

    @Test
    void aMethodKeepsItsModuleAlive() {
        Handle module = load("mlp.pt");
        Handle method = own(binding.method(module, "forward"));
        module.close();
        own(binding.callMethod(method, CallSettings.INFERENCE, box(ones(1, 64))));
        assertThatThrownBy(() -> binding.methods(module)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void oneModuleServesManyThreads() throws Exception {
        Handle module = load("classifier.pt");
        Handle input = npy("classifier.forward.input.0.npy");
        float[] expected = floatsOf(npy("classifier.forward.output.npy"));
        Handle method = own(binding.method(module, "forward"));
        List<Throwable> failures = java.util.Collections.synchronizedList(new ArrayList<>());
        List<Thread> threads = new ArrayList<>();
        for (int t = 0; t < 4; t++) {
            threads.add(Thread.ofPlatform().start(() -> {
                try {
                    for (int i = 0; i < 25; i++) {
                        try (Handle output = tensorOf(binding.callMethod(method, CallSettings.INFERENCE, box(input)))) {
                            assertThat(floatsOf(output)).containsExactly(expected, within(1e-4f));
                        }
                    }
                } catch (Throwable e) {
                    failures.add(e);
                }
            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }
        assertThat(failures).isEmpty();
    }

    // Looking inside

    @Test
    void methodsHaveSchemas() {
        Handle module = load("structures.pt");
        assertThat(methodNames(module)).contains("forward", "returns_nested", "takes_everything", "fails");
        BoxedValue row = elementsOf(binding.methods(module)).stream()
                .filter(each -> elementsOf(each).getFirst().equals(box("returns_optional"))).findFirst().orElseThrow();
        assertThat(((StringValue) elementsOf(row).get(1)).value()).contains("bool present").contains("int?");
        assertThat(elementsOf(row).get(2)).isEqualTo(box(1));
        assertThat(methodNames(load("noforward.pt"))).containsExactlyInAnyOrder("encode", "decode");
    }

    private Map<String, TensorDescription> tensors(BoxedValue rows) {
        own(rows);
        return elementsOf(rows).stream().collect(Collectors.toMap(
                row -> ((StringValue) elementsOf(row).get(0)).value(),
                row -> binding.describe(tensorOf(elementsOf(row).get(1)))));
    }

    @Test
    void parametersAndBuffersAreNamed() {
        Handle module = load("structures.pt");
        Map<String, TensorDescription> parameters = tensors(binding.parameters(module));
        assertThat(parameters).containsKeys("half_weight", "encoder.layer1.0.weight", "encoder.layer1.0.bias");
        assertThat(parameters.get("half_weight").dtype()).isEqualTo(FLOAT16);
        assertThat(parameters.get("half_weight").sizes()).containsExactly(2, 3);
        assertThat(parameters.keySet()).as("a tied weight stands once")
                .containsAnyOf("encoder.layer2.weight", "tied")
                .satisfies(names -> assertThat(names.contains("tied") && names.contains("encoder.layer2.weight"))
                        .isFalse());
        Map<String, TensorDescription> buffers = tensors(binding.buffers(module));
        assertThat(buffers).containsOnlyKeys("total", "steps");
        assertThat(buffers.get("steps").dtype()).isEqualTo(INT64);
    }

    @Test
    void attributesAreReadAndWritten() {
        Handle module = load("structures.pt");
        BoxedValue rows = own(binding.attributes(module));
        List<String> names = elementsOf(rows).stream().map(row -> ((StringValue) elementsOf(row).get(0)).value())
                .toList();
        assertThat(names).contains("counter", "scale", "title", "enabled", "shape", "table", "pair", "release");
        assertThat(binding.attribute(module, "scale")).isEqualTo(box(2.5));
        assertThat(binding.attribute(module, "pair")).isEqualTo(tuple(box(4), box("four")));
        binding.setAttribute(module, "scale", box(10.0));
        assertThat(binding.attribute(module, "scale")).isEqualTo(box(10.0));
        binding.setAttribute(module, "maybe", box(5));
        assertThat(binding.attribute(module, "maybe")).isEqualTo(box(5));
        assertThatThrownBy(() -> binding.setAttribute(module, "scale", box("text")))
                .isInstanceOf(BadArgumentException.class);
        assertThatThrownBy(() -> binding.attribute(module, "nothing")).isInstanceOf(NotFoundException.class)
                .hasMessageContaining("nothing");
        assertThatThrownBy(() -> binding.setAttribute(module, "encoder.nothing", box(1)))
                .isInstanceOf(NotFoundException.class);
        TensorDescription deep = binding.describe(tensorOf(own(binding.attribute(module, "encoder.layer1.0.weight"))));
        assertThat(deep.sizes()).containsExactly(4, 4);
    }

    @Test
    void submodulesShareParametersWithTheirParent() {
        Handle module = load("structures.pt");
        List<String> names = elementsOf(binding.submodules(module)).stream()
                .map(row -> ((StringValue) elementsOf(row).get(0)).value()).toList();
        assertThat(names).contains("encoder", "encoder.layer1", "encoder.layer1.0", "encoder.layer2");
        Handle inner = own(binding.submodule(module, "encoder.layer1.0"));
        TensorDescription weight = tensors(binding.parameters(inner)).get("weight");
        assertThat(weight.data())
                .isEqualTo(tensors(binding.parameters(module)).get("encoder.layer1.0.weight").data());
        assertThatThrownBy(() -> binding.submodule(module, "encoder.nothing")).isInstanceOf(NotFoundException.class);
    }

    @Test
    void graphsAndCodeAreShown() {
        Handle module = load("mlp.pt");
        assertThat(binding.graph(module, "forward", GraphKind.SOURCE)).startsWith("graph(");
        assertThat(binding.graph(module, "forward", GraphKind.INLINED)).contains("aten::linear");
        assertThat(binding.graph(module, "forward", GraphKind.CODE)).contains("def forward");
        assertThatThrownBy(() -> binding.graph(module, "forward", GraphKind.EXECUTED))
                .isInstanceOf(NotFoundException.class);
        for (int i = 0; i < 3; i++) {
            callMethod(module, "forward", box(ones(1, 64)));
        }
        assertThat(binding.graph(module, "forward", GraphKind.EXECUTED)).contains("graph(");
        assertThatThrownBy(() -> binding.graph(module, "backward", GraphKind.SOURCE))
                .isInstanceOf(NotFoundException.class);
    }

    // Converting

    @Test
    void aCloneIsIndependent() {
        Handle module = load("mlp.pt");
        Handle copy = own(deep(() -> binding.cloneModule(module)));
        float[] before = floatsOf(tensorOf(callMethod(module, "forward", box(ones(1, 64)))));
        binding.convert(copy, BFLOAT16, -1, -1, true);
        assertThat(tensors(binding.parameters(copy)).values()).allMatch(each -> each.dtype() == BFLOAT16);
        assertThat(tensors(binding.parameters(module)).values()).allMatch(each -> each.dtype() == FLOAT32);
        assertThat(floatsOf(tensorOf(callMethod(module, "forward", box(ones(1, 64)))))).containsExactly(before);
        Handle half = tensorOf(call("aten::to", box(ones(1, 64)), box(BFLOAT16)));
        Handle output = tensorOf(callMethod(copy, "forward", box(half)));
        assertThat(binding.describe(output).dtype()).isEqualTo(BFLOAT16);
    }

    @Test
    void bakedInConstantsAreListedAndPatched() {
        Handle module = hostLoad("halfcuda.pt");
        assertThat(constants(module)).anySatisfy(row -> {
            assertThat(row.get(1)).isEqualTo(box("device"));
            assertThat(row.get(2)).isEqualTo(box("cuda:0"));
            assertThat(row.get(3)).isEqualTo(box("aten::zeros"));
            assertThat(row.get(4)).isEqualTo(box("device"));
        }).anySatisfy(row -> {
            assertThat(row.get(1)).isEqualTo(box("dtype"));
            assertThat(row.get(2)).isEqualTo(box("float16"));
            assertThat(row.get(3)).isEqualTo(box("aten::to"));
            assertThat(row.get(4)).isEqualTo(box("dtype"));
        });
        TupleValue counts = (TupleValue) binding.convert(module, FLOAT32, CPU, -1, true);
        assertThat(((IntValue) counts.elements().get(0)).value()).isPositive();
        assertThat(((IntValue) counts.elements().get(1)).value()).isPositive();
        assertThat(constants(module)).noneMatch(row -> row.get(2).equals(box("cuda:0")))
                .noneMatch(row -> row.get(2).equals(box("float16")));
        float[] output = floatsOf(tensorOf(callMethod(module, "forward",
                box(hostNpy("halfcuda.forward.input.0.npy")))));
        assertThat(output).containsExactly(floatsOf(npy("halfcuda.forward.output.npy")), within(1e-4f));
    }

    private List<List<BoxedValue>> constants(Handle module) {
        return elementsOf(binding.constants(module)).stream().map(ContractCase::elementsOf).toList();
    }

    @Test
    void conversionAfterTheFirstCallIsRefused() {
        Handle module = load("mlp.pt");
        callMethod(module, "forward", box(ones(1, 64)));
        assertThatThrownBy(() -> binding.convert(module, FLOAT16, -1, -1, true))
                .isInstanceOf(BadArgumentException.class);
        Handle copy = own(deep(() -> binding.cloneModule(module)));
        binding.convert(copy, FLOAT64, -1, -1, true);
    }

    // Optimising

    @Test
    void frozenModulesKeepEveryMethodAndTheirOutputs() {
        Handle module = load("structures.pt");
        Handle frozen = own(deep(() -> binding.freeze(module, List.of("scale"), true)));
        assertThat(methodNames(frozen)).containsExactlyInAnyOrderElementsOf(methodNames(module));
        assertThat(binding.attribute(frozen, "scale")).isEqualTo(box(2.5));
        Handle x = npy("structures.forward.input.0.npy");
        float[] expected = floatsOf(npy("structures.forward.output.npy"));
        for (int i = 0; i < 4; i++) {
            assertThat(floatsOf(tensorOf(callMethod(frozen, "forward", box(x))))).containsExactly(expected,
                    within(1e-5f));
        }
        assertThatThrownBy(() -> callMethod(frozen, "fails", box(x))).hasMessageContaining("never right");
    }

    @Test
    void aModuleWithoutForwardIsFrozenToo() {
        Handle module = load("noforward.pt");
        Handle input = npy("noforward.encode.input.0.npy");
        for (Handle optimized : List.of(own(deep(() -> binding.freeze(module, List.of(), true))),
                own(deep(() -> binding.optimizeForInference(module, List.of()))))) {
            assertThat(methodNames(optimized)).contains("encode", "decode");
            for (int i = 0; i < 3; i++) {
                assertThat(floatsOf(tensorOf(callMethod(optimized, "encode", box(input))))).containsExactly(
                        floatsOf(npy("noforward.encode.output.npy")), within(1e-5f));
            }
        }
    }

    @Test
    void shapeErrorsInFrozenModulesAreErrors() {
        Handle module = load("classifier.pt");
        Handle frozen = own(deep(() -> binding.freeze(module, List.of(), true)));
        module.close();
        for (int i = 0; i < 60; i++) {
            assertThatThrownBy(() -> callMethod(frozen, "forward", box(ones(1, 4, 32, 32))))
                    .isInstanceOf(TorchException.class);
        }
    }

    @Test
    void optimisedForInferenceGivesTheSame() {
        Handle optimized = own(deep(() -> binding.optimizeForInference(load("classifier.pt"), List.of())));
        Handle input = npy("classifier.forward.input.0.npy");
        for (int i = 0; i < 4; i++) {
            assertThat(floatsOf(tensorOf(callMethod(optimized, "forward", box(input))))).containsExactly(
                    floatsOf(npy("classifier.forward.output.npy")), within(1e-4f));
        }
    }

    @Test
    void freezingATrainingModuleIsRefused() {
        Handle module = load("mlp.pt");
        binding.train(module, true);
        assertThatThrownBy(() -> deep(() -> binding.freeze(module, List.of(), true)))
                .isInstanceOf(BadArgumentException.class);
    }

    @Test
    void onednnGraphFusionGivesTheSameForEveryBatch() {
        Handle frozen = own(deep(() -> binding.freeze(hostLoad("classifier.pt"), List.of(), true)));
        Handle plain = hostLoad("classifier.pt");
        CallSettings fused = new CallSettings(GradMode.INFERENCE, 0, true);
        long tried = onednnGraphFacet().counts().tried();
        for (long batch : new long[] {1, 1, 1, 3, 3, 3, 1, 2}) {
            Handle input = tensorOf(call("aten::randn", longs(batch, 3, 32, 32)));
            float[] expected = floatsOf(tensorOf(callMethod(plain, "forward", box(input))));
            assertThat(floatsOf(tensorOf(callMethod(fused, frozen, "forward", box(input))))).containsExactly(expected,
                    within(1e-4f));
        }
        if (Boolean.parseBoolean(binding.describeRuntime().get("has_llga"))) {
            assertThat(onednnGraphFacet().counts().tried()).isGreaterThan(tried);
            assertThat(onednnGraphFacet().counts().groups()).isPositive();
        }
    }

    @Test
    void onednnGraphFusionLeavesTrainingAlone() {
        Handle module = hostLoad("classifier.pt");
        Handle frozen = own(deep(() -> binding.freeze(module, List.of(), true)));
        onednnGraphFacet();
        CallSettings fused = new CallSettings(GradMode.INFERENCE, 0, true);
        for (int i = 0; i < 3; i++) {
            callMethod(fused, frozen, "forward", box(hostOnes(1, 3, 32, 32)));
        }
        BoxedValue parameters = own(binding.parameters(module));
        Handle weight = tensorOf(elementsOf(elementsOf(parameters).getFirst()).get(1));
        call("aten::requires_grad_", box(weight), box(true));
        for (int i = 0; i < 3; i++) {
            BoxedValue output = callMethod(CallSettings.GRAD, module, "forward", box(hostOnes(2, 3, 32, 32)));
            Handle loss = tensorOf(own(binding.callOperator("aten::sum", CallSettings.GRAD, output)));
            own(binding.callOperator("aten::backward", CallSettings.GRAD, box(loss)));
        }
        Handle gradient = tensorOf(own(binding.callOperator("prim::grad", CallSettings.NO_GRAD, box(weight))));
        assertThat(floatsOf(gradient)).isNotEmpty();
    }

    // Archives

    @Test
    void savedArchivesLoadAgain(@TempDir Path directory) throws Exception {
        Handle module = load("structures.pt");
        binding.setAttribute(module, "counter", box(41));
        Path path = directory.resolve("again ż.pt");
        deep(() -> {
            binding.saveModule(module, path);
            return null;
        });
        try (Arena arena = Arena.ofShared()) {
            byte[] bytes = Files.readAllBytes(path);
            MemorySegment memory = arena.allocate(bytes.length).copyFrom(MemorySegment.ofArray(bytes));
            Handle again = own(deep(() -> binding.loadModule(memory, CPU, -1, false)));
            assertThat(callMethod(again, "increments")).isEqualTo(box(42));
        }
        Handle fromFile = own(deep(() -> binding.loadModule(path, CPU, -1, false)));
        assertThat(callMethod(fromFile, "increments")).isEqualTo(box(42));
        assertThat(Files.list(directory)).containsExactly(path);
    }

    @Test
    void anUnwritablePathIsAnErrorAndLeavesNothing(@TempDir Path directory) throws Exception {
        Handle module = load("mlp.pt");
        assertThatThrownBy(() -> deep(() -> {
            binding.saveModule(module, directory.resolve("no/such/place.pt"));
            return null;
        })).isInstanceOf(WickException.class).hasMessageContaining("place.pt");
        Path taken = Files.createDirectory(directory.resolve("taken.pt"));
        assertThatThrownBy(() -> deep(() -> {
            binding.saveModule(module, taken);
            return null;
        })).isInstanceOf(WickException.class);
        assertThat(Files.list(directory)).containsExactly(taken);
    }

    @Test
    void anOptimisedModuleCannotBeSaved(@TempDir Path directory) {
        Handle optimized = own(deep(() -> binding.optimizeForInference(load("classifier.pt"), List.of())));
        assertThatThrownBy(() -> deep(() -> {
            binding.saveModule(optimized, directory.resolve("optimised.pt"));
            return null;
        })).isInstanceOf(UnsupportedFeatureException.class).hasMessageContaining("optimised for inference");
    }

    @Test
    void whatIsNoArchiveIsUnreadable(@TempDir Path directory) throws Exception {
        Path file = directory.resolve("no archive.pt");
        assertThatThrownBy(() -> deep(() -> binding.loadModule(file, CPU, -1, false)))
                .isInstanceOf(ModelUnreadableException.class);
        for (byte[] bytes : List.of(new byte[0], "not a zip file".getBytes(), archive("statedict.pth"),
                java.util.Arrays.copyOf(archive("mlp.pt"), 1000))) {
            try (Arena arena = Arena.ofShared()) {
                MemorySegment memory = arena.allocate(Math.max(1, bytes.length)).asSlice(0, bytes.length);
                memory.copyFrom(MemorySegment.ofArray(bytes));
                assertThatThrownBy(() -> deep(() -> binding.loadModule(memory, CPU, -1, false)))
                        .isInstanceOf(ModelUnreadableException.class);
            }
            Files.write(file, bytes);
            assertThatThrownBy(() -> deep(() -> binding.loadModule(file, CPU, -1, false)))
                    .isInstanceOf(ModelUnreadableException.class);
        }
    }

    @Test
    void trainingModeIsSet() {
        Handle module = load("structures.pt");
        assertThat(binding.attribute(module, "training")).isEqualTo(box(false));
        binding.train(module, true);
        assertThat(binding.attribute(module, "encoder.training")).isEqualTo(box(true));
    }
}
