package dev.wick.binding.javacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.LongPointer;
import org.bytedeco.javacpp.PointerScope;
import org.junit.jupiter.api.Test;

/**
 * Functions that the presets do not map: their exceptions are caught, and their records laid out as JavaCPP has them.
 */
class UnmappedFunctionTest {

    /** {@code c10::Symbol::fromQualString(const std::string&)}, which throws for a name without colons. */
    private static final String FROM_QUAL_STRING =
            "_ZN3c106Symbol14fromQualStringERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";

    private static void call(String name) {
        Bindings.opened();
        try (PointerScope _ = new PointerScope()) {
            byte[] bytes = (name + "\0").getBytes(StandardCharsets.US_ASCII);
            BytePointer text = new BytePointer(bytes);
            // A std::string: text, length, and room for a short one.
            LongPointer string = new LongPointer(text.address(), name.length(), 0, 0);
            new UnmappedFunction(FROM_QUAL_STRING).call(string, 0);
        }
    }

    @Test
    void whatCppThrowsIsAnException() {
        for (int i = 0; i < 100; i++) {
            assertThatThrownBy(() -> call("nocolons")).isExactlyInstanceOf(RuntimeException.class)
                    .hasMessageContaining("nocolons");
        }
    }

    @Test
    void aCallArrives() {
        call("aten::add");
    }

    @Test
    void aFunctionThatIsNotThereIsNamed() {
        Bindings.opened();
        assertThatThrownBy(() -> new UnmappedFunction("_ZN5torch3jit6NowhereEv"))
                .hasMessageContaining("_ZN5torch3jit6NowhereEv");
        assertThat(NativeFunctions.get().find("_ZN5torch3jit6InlineERNS0_5GraphE")).isPresent();
    }
}
