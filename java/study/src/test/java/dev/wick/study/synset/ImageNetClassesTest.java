package dev.wick.study.synset;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The 1000 classes in WordNet. */
class ImageNetClassesTest {
    private static List<ImageNetClass> under(String synset) {
        return ImageNetClasses.under(WordNet.synset(synset));
    }

    @Test
    void theListIsWhole() throws Exception {
        List<String> wnids = ImageNetClasses.wnids();

        assertThat(wnids).hasSize(1000).isSorted().doesNotHaveDuplicates().allMatch(wnid -> wnid.matches("n[0-9]{8}"));
        assertThat(HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256")
                .digest((String.join("\n", wnids) + "\n").getBytes(StandardCharsets.US_ASCII))))
                .isEqualTo("70002b0ff5de60a3a17a82dbfcff291931f96225ddf941ad2e182fc39e183d15");
    }

    @Test
    void allThousandResolve() {
        List<ImageNetClass> classes = ImageNetClasses.all();

        assertThat(classes).hasSize(1000);
        for (int i = 0; i < 1000; i++) {
            ImageNetClass each = classes.get(i);
            assertThat(each.index()).isEqualTo(i);
            assertThat(each.wnid()).isEqualTo(ImageNetClasses.wnids().get(i));
            assertThat(each.synset().words()).isNotEmpty();
            assertThat(each.synset().gloss()).isNotBlank();
            assertThat(ImageNetClasses.byIndex(i)).isSameAs(each);
            assertThat(ImageNetClasses.byWnid(each.wnid())).containsSame(each);
            assertThat(ImageNetClasses.of(each.synset())).containsSame(each);
            assertThat(ImageNetClasses.under(each.synset())).contains(each);
        }
        assertThat(under("entity.n.01")).isEqualTo(classes);
    }

    /** As the lists that classifiers come with have them. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"0 | n01440764 | tench, Tinca tinca",
            "1 | n01443537 | goldfish, Carassius auratus", "2 | n01484850 | great white shark, white shark, man-eater, "
                    + "man-eating shark, Carcharodon carcharias",
            "134 | n02012849 | crane", "151 | n02085620 | Chihuahua", "207 | n02099601 | golden retriever",
            "281 | n02123045 | tabby, tabby cat", "282 | n02123159 | tiger cat",
            "409 | n02708093 | analog clock", "517 | n03126707 | crane", "638 | n03710637 | maillot",
            "639 | n03710721 | maillot, tank suit", "744 | n04008634 | projectile, missile",
            "657 | n03773504 | missile", "836 | n04355933 | sunglass",
            "837 | n04356056 | sunglasses, dark glasses, shades",
            "999 | n15075141 | toilet tissue, toilet paper, bathroom tissue"})
    void namesAreTheSynsetsWords(int index, String wnid, String label) {
        ImageNetClass found = ImageNetClasses.byIndex(index);

        assertThat(found.wnid()).isEqualTo(wnid);
        assertThat(found.label()).isEqualTo(label);
    }

    /** CLIP's tokenizer knows no case. */
    @Test
    void noTwoClassesHaveTheSameName() {
        assertThat(ImageNetClasses.all().stream().map(each -> each.name().toLowerCase(Locale.ROOT)))
                .doesNotHaveDuplicates();
        assertThat(ImageNetClasses.all().stream().filter(each -> !each.name().equals(each.synset().words().getFirst()))
                .map(each -> each.index() + " " + each.name())).containsExactly("134 crane (wading bird)",
                        "264 Cardigan (corgi)", "474 cardigan (sweater)", "517 crane (lifting device)",
                        "638 maillot (tights)", "639 maillot (swimsuit)");
    }

    @Test
    void classesFallUnderSynsets() {
        List<ImageNetClass> dogs = under("n02084071");

        assertThat(dogs).hasSize(118);
        assertThat(dogs.getFirst().index()).isEqualTo(151);
        assertThat(dogs.getLast().index()).isEqualTo(268);
        assertThat(dogs).extracting(each -> each.synset().name()).contains("dalmatian.n.02", "chihuahua.n.03");
        assertThat(under("domestic_cat.n.01")).extracting(ImageNetClass::index)
                .containsExactly(281, 282, 283, 284, 285);
        assertThat(under("bird.n.01")).hasSize(59);
        assertThat(under("animal.n.01")).hasSize(398);
        assertThat(under("chase.v.01")).isEmpty();
        assertThat(under("able.a.01")).isEmpty();
    }

    @Test
    void whatIsNoClassIsSaid() {
        assertThat(ImageNetClasses.byWnid("n02084071")).isEmpty();
        assertThat(ImageNetClasses.byWnid("tench")).isEmpty();
        assertThat(ImageNetClasses.of(WordNet.synset("n02084071"))).isEmpty();
        assertThatThrownBy(() -> ImageNetClasses.byIndex(1000)).isInstanceOf(BadArgumentException.class)
                .hasMessage("an index of an ImageNet class is 0 to 999, got 1000");
        assertThatThrownBy(() -> ImageNetClasses.byIndex(-1)).isInstanceOf(BadArgumentException.class);
    }
}
