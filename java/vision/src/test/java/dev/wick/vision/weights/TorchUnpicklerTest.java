package dev.wick.vision.weights;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.error.ModelUnreadableException;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Pickles written by hand, opcode by opcode. */
class TorchUnpicklerTest {
    private static final String STORAGE = "(U\7storagectorch\nFloatStorage\nU\0010U\3cpuK\6tQ";
    private static final String REBUILD = "ctorch._utils\n_rebuild_tensor_v2\n";

    private static Object read(String pickle) {
        return new TorchUnpickler(MemorySegment.ofArray(("\u0080\2" + pickle).getBytes(StandardCharsets.ISO_8859_1)),
                "a.pth").read();
    }

    @Test
    void plainObjectsAreRead() {
        assertThat(read("}(U\1aK\5U\1b]N\u0088eu.".replace("]N\u0088e", "](N\u0088e"))).isEqualTo(
                Map.of("a", 5L, "b", List.of(TorchUnpickler.NONE, true)));
        assertThat(read("\u008a\1\u00ff.")).isEqualTo(-1L);
        assertThat(read("\u008a\0.")).isEqualTo(0L);
        assertThat(read("}q\0U\1ah\0s.")).isInstanceOf(Map.class);
    }

    @Test
    void tensorsAreRead() {
        TorchUnpickler.Strided tensor = (TorchUnpickler.Strided) read(REBUILD + "(" + STORAGE
                + "K\1K\2K\2\u0086K\2K\1\u0086\u0089}tR.");

        assertThat(tensor.offset()).isEqualTo(1);
        assertThat(tensor.shape()).containsExactly(2, 2);
        assertThat(tensor.strides()).containsExactly(2, 1);
    }

    @ParameterizedTest
    @CsvSource({"os, system", "posix, system", "builtins, eval", "__builtin__, getattr", "torch, load",
            "torch._utils, _rebuild_tensor_v3", "numpy.core.multiarray, _reconstruct",
            "torch.serialization, _get_layout", "collections, defaultdict", "torch, FloatStorage.__init__",
            "argparse, Namespace"})
    void everyOtherNameIsRefusedByName(String module, String name) {
        for (String pickle : List.of("c" + module + "\n" + name + "\nU\4true\u0085R.",
                "U" + (char) module.length() + module + "U" + (char) name.length() + name + "\u0093.")) {
            assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> read(pickle))
                    .withMessageContaining("a.pth").withMessageContaining(module + "." + name)
                    .withMessageContaining("nothing was executed");
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {
            "K\\7K\\2\\x85K\\1\\x85 ; reaches outside", "K\\5K\\2\\x85K\\1\\x85 ; reaches outside",
            "K\\0K\\7\\x85K\\1\\x85 ; reaches outside", "K\\0K\\2\\x85K\\6\\x85 ; reaches outside",
            "J\\xff\\xff\\xff\\xffK\\1\\x85K\\1\\x85 ; reaches outside",
            "K\\0J\\xff\\xff\\xff\\xff\\x85K\\1\\x85 ; numbers from 0",
            "K\\0K\\1\\x85J\\xff\\xff\\xff\\xff\\x85 ; numbers from 0", "K\\0K\\1\\x85) ; 1 sizes and 0 strides",
            "K\\0]] ; no tuple", "K\\0\\x8a\\10\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\x85K\\2\\x85 ; 64-bit",
            "K\\0\\x8a\\11\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\xff\\x7f\\x85K\\0\\x85 ; 64-bit"})
    void tensorsOutsideOfTheirStorageAreRefused(String geometry, String reason) {
        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> read(REBUILD + "(" + STORAGE
                + unescaped(geometry) + "\u0089}tR.")).withMessageContaining(reason);
    }

    private static String unescaped(String text) {
        StringBuilder result = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) != '\\') {
                result.append(text.charAt(i));
            } else if (text.charAt(i + 1) == 'x') {
                result.append((char) Integer.parseInt(text.substring(i + 2, i + 4), 16));
                i += 3;
            } else {
                int end = i + 1;
                while (end < text.length() && end < i + 4 && Character.isDigit(text.charAt(end))) {
                    end++;
                }
                result.append((char) Integer.parseInt(text.substring(i + 1, end), 8));
                i = end - 1;
            }
        }
        return result.toString();
    }

    @ParameterizedTest
    @CsvSource(delimiter = ';', quoteCharacter = '`', value = {". ; nothing on the stack", "K ; ends inside",
            "K\\1 ; ends inside", "K\\1K\\2. ; more than one", "t. ; no mark", "h\\0. ; not remembered",
            "}]K\\1s. ; no text or number", "}(K\\1u. ; no value", "}(K\\1K\\2K\\1K\\3u. ; twice",
            "K\\1K\\2a. ; other than a list", "K\\1}b. ; state", "K\\1)R. ; no function", "i ; instruction 'i'",
            "P1 ; instruction 'P'", "\\x82\\1. ; instruction 0x82", "X\\xff\\xff\\xff\\x7f. ; a text of",
            "X\\377\\0\\0\\0a. ; ends inside", "\\x8b\\xff\\xff\\xff\\x7f. ; an integer of", "X\\1\\0\\0\\0\\xff. ; "
                    + "UTF-8", "K\\1Q. ; reference to a storage", "(U\\7storageK\\1U\\10U\\3cpuK\\6tQ. ; reference",
            "ctorch\\12FloatStorage\\12)R. ; it calls torch.FloatStorage"})
    void malformedPicklesAreRefused(String pickle, String reason) {
        assertThatExceptionOfType(ModelUnreadableException.class)
                .isThrownBy(() -> read(unescaped(pickle))).withMessageContaining(reason);
    }

    @Test
    void oneStorageIsOfOneSize() {
        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() -> read("]" + STORAGE + "a"
                + STORAGE.replace("K\6", "K\7") + "a.")).withMessageContaining("storage 0");
    }

    @Test
    @Timeout(20)
    void depthAndLengthAreNoTrouble() {
        ByteArrayOutputStream deep = new ByteArrayOutputStream();
        deep.write(0x80);
        deep.write(2);
        for (int i = 0; i < 1_000_000; i++) {
            deep.write(']');
        }
        for (int i = 0; i < 999_999; i++) {
            deep.write('a');
        }
        deep.write('.');
        assertThat(new TorchUnpickler(MemorySegment.ofArray(deep.toByteArray()), "deep").read() instanceof List)
                .isTrue();
        byte[] endless = new byte[6_000_000];
        java.util.Arrays.fill(endless, (byte) 'N');
        assertThatExceptionOfType(ModelUnreadableException.class).isThrownBy(() ->
                new TorchUnpickler(MemorySegment.ofArray(endless), "endless").read())
                        .withMessageContaining("instructions");
    }
}
