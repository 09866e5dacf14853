package dev.wick.vision.text;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.DType;
import dev.wick.Engine;
import dev.wick.Tensor;
import dev.wick.binding.NativesRequest;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Batches of texts as tensors. */
class TokenTensorTest {
    private static final List<String> TEXTS = List.of("a photo of a cat", "", "a dog");

    /** Skips the test where they are missing. */
    private final NativesRequest natives = NativesAtHand.request();
    private final ClipTokenizer tokenizer = TokenizerData.tokenizer();

    @Test
    void aBatchIsOneRowForEachText() {
        long before = Engine.get().liveHandles();
        try (Tensor ids = tokenizer.encode(TEXTS); Tensor wide = tokenizer.encode(TEXTS, DType.INT64);
                Tensor none = tokenizer.encode(List.of())) {
            assertThat(ids.dtype()).isEqualTo(DType.INT32);
            assertThat(ids.shape()).containsExactly(3, 77);
            assertThat(wide.dtype()).isEqualTo(DType.INT64);
            assertThat(none.shape()).containsExactly(0, 77);
            for (int row = 0; row < TEXTS.size(); row++) {
                int[] expected = tokenizer.encode(TEXTS.get(row)).ids();
                for (int i = 0; i < 77; i++) {
                    assertThat(ids.segment().getAtIndex(ValueLayout.JAVA_INT, row * 77L + i)).isEqualTo(expected[i]);
                    assertThat(wide.segment().getAtIndex(ValueLayout.JAVA_LONG, row * 77L + i)).isEqualTo(expected[i]);
                }
            }
        }
        assertThat(Engine.get().liveHandles()).isEqualTo(before);
    }

    @Test
    void whatCannotBeABatchIsRefused() {
        assertThatThrownBy(() -> tokenizer.encode(TEXTS, DType.FLOAT32)).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("int32 or int64");
        assertThatThrownBy(() -> tokenizer.encode(List.of("a", "cat ".repeat(90))))
                .isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("text 1 of 2").hasMessageContaining("92 tokens");
    }
}
