package dev.wick.vision.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.DType;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.NotFoundException;
import dev.wick.vision.VisionCase;
import dev.wick.vision.file.Safetensors;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class StateDictTest extends VisionCase {
    @TempDir
    private Path directory;

    private StateDict read(String name) {
        return StateDict.read(WeightsFiles.file(directory, name));
    }

    private static void assertSame(StateDict one, StateDict other) {
        assertThat(other.names()).containsExactlyInAnyOrderElementsOf(one.names());
        for (String name : one.names()) {
            assertThat(other.dtype(name)).as(name).isEqualTo(one.dtype(name));
            assertThat(other.shape(name)).as(name).isEqualTo(one.shape(name));
            assertThat(other.tensor(name).segment().mismatch(one.tensor(name).segment())).as(name).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @CsvSource({"clip.pth, ZIP", "clip.legacy.pth, LEGACY", "clip.safetensors, SAFETENSORS"})
    void everyContainerHoldsWhatTheArchiveHolds(String name, StateDict.Container container) {
        try (StateDict archive = read("clip.pt"); StateDict dict = read(name);
                StateDict inMemory = StateDict.readIntoMemory(directory.resolve(name))) {
            assertThat(archive.container()).isEqualTo(StateDict.Container.TORCHSCRIPT);
            assertThat(dict.container()).isEqualTo(container);
            assertThat(dict.names()).hasSize(53).contains("visual.proj", "logit_scale", "input_resolution");
            assertThat(dict.shapes().get("visual.conv1.weight")).containsExactly(64, 3, 8, 8);
            assertThat(dict.isMapped()).isTrue();
            assertThat(inMemory.isMapped()).isFalse();
            assertSame(archive, dict);
            assertSame(archive, inMemory);
        }
    }

    @Test
    void tensorsLookIntoTheMappedFileAndNeverChangeIt() throws IOException {
        Path file = WeightsFiles.file(directory, "clip.safetensors");
        byte[] before = Files.readAllBytes(file);
        try (StateDict dict = StateDict.read(file)) {
            long first = dict.tensor("visual.proj").segment().address();
            for (String name : dict.names()) {
                long distance = dict.tensor(name).segment().address() - first;
                assertThat(Math.abs(distance)).as(name).isLessThan(before.length);
            }
            assertThat(dict.tensor("visual.proj")).isSameAs(dict.tensor("visual.proj"));
            Operator.call("aten::fill_", dict.tensor("visual.proj"), 7).close();
            assertThat(dict.tensor("visual.proj").toFloatArray()).containsOnly(7);
        }
        assertThat(Files.readAllBytes(file)).isEqualTo(before);
    }

    @Test
    void aTensorScopeTakesNothingOfTheStateDicts() {
        try (StateDict dict = read("clip.safetensors")) {
            Tensor tensor;
            try (TensorScope _ = TensorScope.open()) {
                tensor = dict.tensor("logit_scale");
            }
            assertThat(tensor.item()).isEqualTo((float) Math.log(1 / 0.07));
        }
    }

    @Test
    void memoryStaysForAsLongAsATensorUsesIt() {
        Tensor view;
        try (StateDict dict = read("clip.safetensors")) {
            view = dict.tensor("visual.proj").view(-1);
        }
        System.gc();
        try (view) {
            assertThat(view.toFloatArray()).hasSize(64 * 16);
        }
    }

    @Test
    void whatIsClosedOrNotThereSaysSo() {
        StateDict dict = read("clip.pth");
        assertThatExceptionOfType(NotFoundException.class).isThrownBy(() -> dict.tensor("nothing"))
                .withMessageContaining("clip.pth").withMessageContaining("nothing");
        dict.close();
        dict.close();
        assertThatExceptionOfType(IllegalStateException.class).isThrownBy(() -> dict.tensor("logit_scale"));
        assertThat(dict.names()).isNotEmpty();
    }

    @Test
    void aFileThatWasCutShortIsRefusedBeforeItIsTouched() throws IOException {
        Path file = WeightsFiles.file(directory, "clip.safetensors");
        try (StateDict dict = StateDict.read(file); StateDict copy = StateDict.readIntoMemory(file)) {
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
                channel.truncate(4096);
            }
            assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> dict.tensor("visual.proj"))
                    .withMessageContaining("became shorter");
            assertThat(copy.tensor("visual.proj").elementCount()).isEqualTo(64 * 16);
        }
    }

    @Test
    void aFileThatIsReplacedStaysAsItWas() throws IOException {
        Path file = WeightsFiles.file(directory, "clip.safetensors");
        try (StateDict dict = StateDict.read(file)) {
            Path other = Files.writeString(directory.resolve("other"), "short");
            Files.move(other, file, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            assertThat(dict.tensor("logit_scale").item()).isEqualTo((float) Math.log(1 / 0.07));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"checkpoint.pth", "checkpoint.legacy.pth", "checkpoint.protocol4.pth"})
    void trainingCheckpointsAreReadWithoutTheOptimizer(String name) {
        try (StateDict dict = read(name)) {
            assertThat(dict.unwrapped()).containsExactly("state_dict", "module.");
            assertThat(dict.ignored()).containsExactly("epoch", "name", "optimizer", "scaler");
            assertThat(dict.names()).containsExactly("fc.weight", "fc.bias", "bn.weight", "bn.bias", "bn.running_mean",
                    "bn.running_var", "bn.num_batches_tracked");
            assertThat(dict.tensor("bn.num_batches_tracked").itemLong()).isEqualTo(1);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"everything.pth", "everything.legacy.pth", "everything.big_endian.pth",
            "everything.packed.pth"})
    void dtypesViewsAndByteOrdersAreRead(String name) {
        try (StateDict dict = read(name)) {
            float[] base = new float[24];
            for (int i = 0; i < base.length; i++) {
                base[i] = i;
            }
            assertThat(dict.tensor("base").toFloatArray()).containsExactly(base);
            assertThat(dict.tensor("transposed").shape()).containsExactly(6, 4);
            assertThat(dict.tensor("transposed").toFloatArray()).startsWith(0, 6, 12, 18, 1);
            assertThat(dict.tensor("column").toFloatArray()).containsExactly(2, 8, 14, 20);
            assertThat(dict.tensor("row").toFloatArray()).containsExactly(6, 7, 8, 9, 10, 11);
            assertThat(dict.tensor("scalar").item()).isEqualTo(7);
            assertThat(dict.tensor("empty").shape()).containsExactly(0, 3);
            assertThat(dict.tensor("parameter").toFloatArray()).containsExactly(1, 1);
            for (String each : List.of("f16", "bf16", "f64")) {
                assertThat(dict.tensor(each).toFloatArray()).as(each).containsExactly(1.5f, -2);
            }
            for (String each : List.of("i64", "i32", "i16", "i8")) {
                assertThat(dict.tensor(each).toLongArray()).as(each).containsExactly(1, -2);
            }
            assertThat(dict.tensor("u8").toLongArray()).containsExactly(1, 254);
            assertThat(dict.dtype("bool")).isEqualTo(DType.BOOL);
            assertThat(dict.tensor("bool").toLongArray()).containsExactly(1, 0);
            for (String each : List.of("c64", "c128")) {
                try (Tensor parts = Operator.call("aten::view_as_real", dict.tensor(each)).tensor()) {
                    assertThat(parts.toFloatArray()).as(each).containsExactly(1, 2, -3, -4);
                }
            }
        }
    }

    @Test
    void writtenSafetensorsAreRead() throws IOException {
        Path file = directory.resolve("w.safetensors");
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (StateDict dict = read("everything.pth")) {
            dict.names().stream().filter(name -> !name.equals("c128"))
                    .forEach(name -> tensors.put(name, dict.tensor(name)));
            Safetensors.write(file, tensors, Map.of("seed", "3"));
            try (StateDict again = StateDict.read(file)) {
                assertThat(again.names()).hasSameElementsAs(tensors.keySet());
                for (String name : tensors.keySet()) {
                    assertThat(again.dtype(name)).isEqualTo(dict.dtype(name));
                    assertThat(Operator.call("aten::equal", again.tensor(name), dict.tensor(name)).asBoolean()).as(name)
                            .isTrue();
                }
            }
            MemorySegment bytes = MemorySegment.ofArray(Files.readAllBytes(file));
            assertThat(Safetensors.header(bytes, "w").metadata()).containsEntry("seed", "3")
                    .containsEntry("format", "pt");
            assertThat(bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, 0) % 8).isZero();
            assertThat(Safetensors.header(bytes, "w").tensors().values()).allMatch(entry ->
                    entry.offset() % entry.dtype().byteSize() == 0);
            assertThatThrownBy(() -> Safetensors.write(file, Map.of("c", dict.tensor("c128")), Map.of()))
                    .hasMessageContaining("complex128");
        }
    }

    @Test
    void unalignedTensorsAreCopied() throws IOException {
        byte[] header = ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                + "\"b\":{\"dtype\":\"BOOL\",\"shape\":[2],\"data_offsets\":[8,10]}}")
                .getBytes(StandardCharsets.UTF_8);
        assertThat(header.length % 4).isNotZero();
        Path file = directory.resolve("odd.safetensors");
        Files.write(file, safetensors(header, ByteBuffer.allocate(10).order(ByteOrder.LITTLE_ENDIAN).putFloat(1)
                .putFloat(2).put((byte) 5).array()));
        try (StateDict dict = StateDict.read(file)) {
            assertThat(dict.tensor("a").toFloatArray()).containsExactly(1, 2);
            assertThat(dict.tensor("a").segment().address() % 4).isZero();
            assertThat(dict.tensor("b").toLongArray()).containsExactly(1, 0);
        }
    }

    private static byte[] safetensors(byte[] header, byte[] data) {
        return ByteBuffer.allocate(8 + header.length + data.length).order(ByteOrder.LITTLE_ENDIAN)
                .putLong(header.length)
                .put(header).put(data).array();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9]}} ; needs 8",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}} ; needs 12",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,16]}} ; leaves a gap",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}} ; no beginning and end",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]},"
                    + "\"b\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[4,16]}} ; overlaps",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}} ; stands behind",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[200],\"data_offsets\":[0,800]}} ; cut off",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,16]}} ; 64-bit",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[0,4611686018427387904,4],\"data_offsets\":[0,0]}} ; 64-bit",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[99999999999999999999],\"data_offsets\":[0,16]}} ; 64-bit",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[-4],\"data_offsets\":[0,16]}} ; 64-bit numbers from 0",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4.0],\"data_offsets\":[0,16]}} ; 64-bit numbers from 0",
            "{\"a\":{\"dtype\":\"F4\",\"shape\":[4],\"data_offsets\":[0,16]}} ; 'F4'",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":4,\"data_offsets\":[0,16]}} ; no list",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4]}} ; lacks",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16],\"x\":1}} ; unknown key",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]},"
                    + "\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} ; Duplicate",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"shape\":[4],\"data_offsets\":[0,16]}} ; Duplicate",
            "{\"__metadata__\":{\"a\":1},\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} ; other than "
                    + "texts",
            "{\"a\":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]} ; no JSON object",
            "{\"a\":{\"shape\":[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]}} ; 64-bit numbers from 0",
            "{\"a\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}} {} ; stands behind the JSON",
            "{\"a\":{\"dtype\":\"F32\" ; JSON"})
    void hostileHeadersAreRefused(String header, String reason) {
        Path file = WeightsFiles.write(directory, "h.safetensors", safetensors(header.strip()
                .getBytes(StandardCharsets.UTF_8), new byte[16]));

        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> StateDict.read(file))
                .withMessageContaining("h.safetensors").withMessageContaining(reason);
    }

    @Test
    void headersOfOtherEncodingsOrLengthsAreRefused() {
        byte[] latin = "{\"\u00e4\":{\"dtype\":\"F32\",\"shape\":[4],\"data_offsets\":[0,16]}}"
                .getBytes(StandardCharsets.ISO_8859_1);
        assertRefused("h.safetensors", safetensors(latin, new byte[16]), "UTF-8");
        byte[] claims = safetensors("{}".getBytes(StandardCharsets.UTF_8), new byte[16]);
        claims[2] = 100;
        assertRefused("h.safetensors", claims, "reaches beyond");
        claims[3] = 100;
        assertRefused("h.safetensors", claims, "the format allows");
    }

    private void assertRefused(String name, byte[] bytes, String reason) {
        Path file = WeightsFiles.write(directory, name, bytes);
        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> StateDict.read(file))
                .withMessageContaining(name).withMessageContaining(reason);
    }

    @Test
    void whatIsNoFileOfWeightsSaysWhatItIs() {
        assertThatThrownBy(() -> StateDict.read(directory.resolve("none.pth"))).hasMessageContaining("no such file");
        assertThatThrownBy(() -> StateDict.read(directory)).hasMessageContaining("directory");
        assertRefused("empty.pth", new byte[0], "empty");
        assertRefused("text.pth", "this is a text, and nothing more".getBytes(StandardCharsets.UTF_8), "neither");
        assertRefused("tar.pth", tar(), "tar");
        assertRefused("json.pth", "{\"a\": 1, \"b\": [2, 3]}".getBytes(StandardCharsets.UTF_8), "weight_map");
    }

    private static byte[] tar() {
        byte[] bytes = new byte[512];
        java.util.Arrays.fill(bytes, (byte) 'x');
        System.arraycopy("ustar".getBytes(StandardCharsets.US_ASCII), 0, bytes, 257, 5);
        return bytes;
    }

    @Test
    void shardsAreReadThroughTheirIndex() throws IOException {
        Map<String, Tensor> first = new LinkedHashMap<>();
        Map<String, Tensor> second = new LinkedHashMap<>();
        List<String> places = new ArrayList<>();
        try (StateDict whole = read("clip.safetensors")) {
            for (String name : whole.names()) {
                boolean one = first.size() < 20;
                (one ? first : second).put(name, whole.tensor(name));
                places.add("\"" + name + "\": \"model-0000" + (one ? 1 : 2) + "-of-00002.safetensors\"");
            }
            Safetensors.write(directory.resolve("model-00001-of-00002.safetensors"), first, Map.of());
            Safetensors.write(directory.resolve("model-00002-of-00002.safetensors"), second, Map.of());
            Path index = index(String.join(",\n", places));
            try (StateDict sharded = StateDict.read(index)) {
                assertThat(sharded.container()).isEqualTo(StateDict.Container.SHARDED);
                assertThat(sharded.isMapped()).isTrue();
                assertThat(sharded.names()).isEqualTo(whole.names());
                assertSame(whole, sharded);
            }
            places.removeLast();
            assertThatThrownBy(() -> StateDict.read(index(String.join(",\n", places))))
                    .hasMessageContaining("the index does not say so");
            places.add("\"nothing\": \"model-00002-of-00002.safetensors\"");
            assertThatThrownBy(() -> StateDict.read(index(String.join(",\n", places))))
                    .hasMessageContaining("it does not");
        }
    }

    private Path index(String places) throws IOException {
        return Files.writeString(directory.resolve("model.safetensors.index.json"),
                "{\"metadata\": {\"total_size\": 1}, \"weight_map\": {" + places + "}}");
    }

    @ParameterizedTest
    @ValueSource(strings = {"../clip.pth", "/etc/passwd", "", ".", "..\\\\x", "model.safetensors.index.json", "none"})
    void anIndexNamesOnlyFilesBesideIt(String shard) throws IOException {
        Path index = index("\"a\": \"" + shard + "\"");
        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> StateDict.read(index));
    }
}
