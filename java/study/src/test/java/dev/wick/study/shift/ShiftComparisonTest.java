package dev.wick.study.shift;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Figures worked out by hand, from logits that no model made. */
class ShiftComparisonTest {
    private static final List<String> CLASSES = List.of("a", "b", "c", "d", "e", "f", "g");

    private static ModelAnswer answer(int... best) {
        float[] logits = new float[CLASSES.size()];
        for (int i = 0; i < best.length; i++) {
            logits[best[i]] = 10 - i;
        }
        return ModelAnswer.of(logits);
    }

    private static ComparedPicture picture(int shift, int truth, ModelAnswer resnet, ModelAnswer clip) {
        return new ComparedPicture(Path.of(shift + "-" + truth), shift, truth, resnet, clip);
    }

    /** Shift 0: four pictures of a and b, and one of c, which shift 1 lacks; shift 1: two of a and one of b. */
    private static ShiftComparison comparison(long seed) {
        return new ShiftComparison(List.of("original", "sketch"), 0, CLASSES, List.of(
                picture(0, 0, answer(0), answer(0)),
                picture(0, 0, answer(0), answer(1, 0)),
                picture(0, 1, answer(1), answer(2, 3, 4, 5, 6)),
                picture(0, 1, answer(0, 1), answer(1)),
                picture(0, 2, answer(2), answer(2)),
                picture(1, 0, answer(1, 2, 3, 4, 5), answer(0)),
                picture(1, 0, answer(3), answer(3)),
                picture(1, 1, answer(0, 1), answer(1))), seed);
    }

    @Test
    void accuracyIsOverTheClassesOfAllShifts() {
        ShiftComparison comparison = comparison(0);

        assertThat(comparison.commonClasses()).containsExactly(0, 1);
        assertThat(comparison.partialClasses()).containsExactly(2);
        ShiftComparison.Score resnet = comparison.score(ComparedModel.RESNET, 0);
        assertThat(resnet.pictures()).isEqualTo(4);
        assertThat(resnet.top1()).isEqualTo(3 / 4.0);
        assertThat(resnet.top5()).isEqualTo(1);
        assertThat(comparison.score(ComparedModel.CLIP, 0).top1()).isEqualTo(2 / 4.0);
        assertThat(comparison.score(ComparedModel.CLIP, 0).top5()).isEqualTo(3 / 4.0);
        assertThat(comparison.allClasses(ComparedModel.RESNET, 0).top1()).isEqualTo(4 / 5.0);
        assertThat(comparison.allClasses(ComparedModel.CLIP, 0).top1()).isEqualTo(3 / 5.0);
        assertThat(comparison.score(ComparedModel.RESNET, 1).top1()).isZero();
        assertThat(comparison.score(ComparedModel.RESNET, 1).top5()).isEqualTo(2 / 3.0);
        assertThat(comparison.score(ComparedModel.CLIP, 1).top1()).isEqualTo(2 / 3.0);
        assertThat(comparison.top1(ComparedModel.CLIP, 0, 1)).isEqualTo(1 / 2.0);
        assertThat(comparison.top1(ComparedModel.CLIP, 1, 2)).isNaN();
    }

    @Test
    void gapsAreFromTheReference() {
        ShiftComparison comparison = comparison(0);

        assertThat(comparison.gap(ComparedModel.RESNET, 1).top1()).isEqualTo(0.75);
        assertThat(comparison.gap(ComparedModel.RESNET, 1).relative()).isEqualTo(1);
        assertThat(comparison.gap(ComparedModel.RESNET, 1).top5()).isCloseTo(1 / 3.0, within(1e-12));
        assertThat(comparison.gap(ComparedModel.CLIP, 1).top1()).isCloseTo(-1 / 6.0, within(1e-12));
        assertThat(comparison.gap(ComparedModel.CLIP, 1).relative()).isCloseTo(-1 / 3.0, within(1e-12));
        assertThat(comparison.gap(ComparedModel.CLIP, 0).top1()).isZero();
        assertThat(comparison.gap(ComparedModel.CLIP, 0).interval()).isNull();
        assertThat(comparison.gap(ComparedModel.RESNET, 1).interval().low()).isLessThan(0.75);
    }

    @Test
    void whoIsRightIsCounted() {
        ShiftComparison comparison = comparison(0);

        assertThat(comparison.outcomes(0)).isEqualTo(new ShiftComparison.Outcomes(1, 2, 1, 0, 1));
        assertThat(comparison.outcomes(1)).isEqualTo(new ShiftComparison.Outcomes(0, 0, 2, 1, 1));
        assertThat(comparison.outcomes(1).agreement()).isEqualTo(1 / 3.0);
        assertThat(comparison.onlyRight(ComparedModel.RESNET)).extracting(ComparedPicture::shift).containsExactly(0, 0);
        assertThat(comparison.onlyRight(ComparedModel.CLIP)).extracting(ComparedPicture::truth).containsExactly(1, 0, 1);
    }

    @Test
    void intervalsAreThoseOfTheSeed() {
        assertThat(comparison(3).score(ComparedModel.CLIP, 1)).isEqualTo(comparison(3).score(ComparedModel.CLIP, 1));
        ShiftComparison.Score score = comparison(3).score(ComparedModel.CLIP, 1);
        assertThat(score.top1Interval().low()).isLessThanOrEqualTo(score.top1());
        assertThat(score.top1Interval().high()).isGreaterThanOrEqualTo(score.top1());
    }

    @Test
    void aScoreThatIsNoNumberIsWrong() {
        ModelAnswer none = ModelAnswer.of(new float[] {1, Float.NaN, 0});

        assertThat(none.best()).isEmpty();
        assertThat(none.isFirst(0)).isFalse();
        assertThat(none.has(0)).isFalse();
    }

    @Test
    void aSampleHasAllShiftsAndClassesAndOneSeedGivesOne() {
        List<ComparedPicture> pictures = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            // The first cell has nearly all of them.
            int cell = i < 280 ? 0 : i % 4;
            pictures.add(new ComparedPicture(Path.of("p" + i), cell / 2, cell % 2, answer(0), answer(1)));
        }
        ShiftComparison comparison = new ShiftComparison(List.of("x", "y"), 0, CLASSES, pictures, 0);

        List<ComparedPicture> sample = comparison.sample(pictures, 8, 5);
        for (int cell = 0; cell < 4; cell++) {
            int wanted = cell;
            assertThat(sample).filteredOn(each -> 2 * each.shift() + each.truth() == wanted).hasSize(2);
        }
        assertThat(comparison.sample(pictures, 8, 5)).isEqualTo(sample);
        assertThat(comparison.sample(pictures, 8, 6)).isNotEqualTo(sample);
        assertThat(comparison.sample(pictures, 1000, 5)).isEqualTo(pictures);
        assertThat(comparison.sample(pictures, 0, 5)).isEmpty();
    }
}
