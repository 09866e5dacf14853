package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {

    @ParameterizedTest
    @CsvSource({"1, 1", "536870912, 536870912", "512m, 536870912", "512M, 536870912", "2g, 2147483648", "3k, 3072",
        "1t, 1099511627776", "' 7k ', 7168", "9223372036854775807, 9223372036854775807"})
    void sizesAsTheJvmTakesThem(String text, long bytes) {
        assertThat(ByteSize.parse("p", text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0", "0g", "-1", "1.5g", "2gb", "g", "9223372036854775808", "9999999t", "0x10", "٣"})
    void whatIsNone(String text) {
        assertThatThrownBy(() -> ByteSize.parse("wick.memory.cpuLimit", text)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("-Dwick.memory.cpuLimit=" + text).hasMessageContaining("512m");
    }

    @Test
    void itIsThePropertyThatIsNamed() {
        assertThatThrownBy(() -> ByteSize.parse("a.b", "x")).hasMessageStartingWith("-Da.b=x ");
    }
}
