package dev.wick.vision.text;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Where nothing else is said, what ftfy 6.3.1 gives for the same strings. */
class TextFixingTest {
    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', value = {"l’humanitÃ© | l'humanité", "ÃƒÂ© | é", "â€œx” | \"x\"",
            "РџСЂРёРІРµС‚, РјРёСЂ | Привет, мир", "ÐŸÑ€Ð¸Ð²ÐµÑ‚ | Привет", "√©t√© | été", "fran√ßais ‚Äì √† | français – à",
            "Ã la carte, dÃ©jÃ  vu | à la carte, déjà vu", "doÄŸru GÃ¼neÅŸ | doğru Güneş", "â€� | �",
            "日本 Ã©tÃ© — “ok” | 日本 été — \"ok\"", "&eacute;t&eacute; &NTILDE; | été Ñ", "ﬁn ﬀ Ǆ ŉ | fin ff DŽ 'n",
            "ＦＵＬＬ　１２３ ｱｲｳ | FULL 123 アイウ", "ðŸ±ðŸ˜€ | ðŸ±😀"})
    void repairs(String garbled, String text) {
        assertThat(TextFixing.fix(garbled)).isEqualTo(text);
    }

    /** What ftfy leaves as it is. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"CafГ© | Café", "sobÄ› | sobě", "日本 Å›wiÄ™to | 日本 święto"})
    void repairsInItsOwnWay(String garbled, String text) {
        assertThat(TextFixing.fix(garbled)).isEqualTo(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"CAFÉ™ NESTLÉ®", "«СССР», США…", "fiancé…", "√π ≤ 3", "IKEA MARKÖR™", "AMANHÃ…", "Úžasný", "20°C, 100 µm, x²",
            "(-1/2)! = √π", "`¬´ :)", "Ω® Å® С° Р®", "«Р», «Ø» Ø…", "Ķ™ ĒRGĻI Ģ…", "PÅ® NÅ…",
            "├──┼──┤", "Рівне, Їжак", "ΕΛΛΆΔΑ… Ύψος", "ಠ_ಠ", "Việt Nam", "<b>&amp;</b>", "a\nb\tc", ""})
    void leavesGoodTextAlone(String text) {
        assertThat(TextFixing.fix(text)).isEqualTo(text);
    }

    @Test
    void controlsGoAndLineBreaksBecomeOne() {
        assertThat(TextFixing.fix("a\u001b[31mred\u001b[0m\u0000\u0007\u007f\uFEFFb")).isEqualTo("aredb");
        assertThat(TextFixing.fix("a\r\nb\rc\u2028d\u2029e\u0085f")).isEqualTo("a\nb\nc\nd\ne…f");
        assertThat(TextFixing.fix("e\u0301 \uD83D\uDC31 \uD83D x")).isEqualTo("é 🐱 � x");
        assertThat(TextFixing.fix("\u0093q\u0094")).isEqualTo("\"q\"");
    }

    @Test
    void entitiesStayFromTheFirstAngleBracketOn() {
        assertThat(TextFixing.fix("&amp;\n<\n&amp;")).isEqualTo("&\n<\n&amp;");
        assertThat(TextFixing.fix("&amp;amp;lt; &#59; &copyx;")).isEqualTo("< &#59; &copyx;");
    }
}
