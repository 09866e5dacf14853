package dev.wick.study.precision;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/** Figures computed by hand. */
class AgreementTest {
    private static final UnaryOperator<float[]> AS_THEY_ARE = row -> row;

    @Test
    void differencesAreOfProbabilitiesAndCosinesOfOutputs() {
        Agreement agreement = Agreement.of(new float[][] {{0.5f, 0.25f, 0.25f}, {3, 4, 0}},
                new float[][] {{0.5f, 0.5f, 0}, {4, 3, 0}}, AS_THEY_ARE);

        assertThat(agreement.inputs()).isEqualTo(2);
        assertThat(agreement.probabilityMaximum()).isEqualTo(1);
        assertThat(agreement.probabilityMean()).isCloseTo((0.25 + 0.25 + 1 + 1) / 6, within(1e-9));
        assertThat(agreement.top5()).isNaN();
        // The first row's largest is the first of both; the second's is not.
        assertThat(agreement.top1()).isEqualTo(0.5);
        double first = (0.25 + 0.125) / Math.sqrt((0.25 + 0.0625 + 0.0625) * 0.5);
        assertThat(agreement.cosineMinimum()).isCloseTo(first, within(1e-9));
        assertThat(agreement.cosineMean()).isCloseTo((first + 24.0 / 25) / 2, within(1e-9));
        assertThat(agreement.nanOutputs()).isZero();
    }

    @Test
    void topFiveIsTheShareThatBothHave() {
        float[] reference = {10, 9, 8, 7, 6, 5, 4};
        float[] swapped = {9, 10, 8, 7, 6, 5, 4};
        float[] two = {10, 9, 8, 1, 2, 7, 6};

        assertThat(Agreement.of(new float[][] {swapped}, new float[][] {reference}, AS_THEY_ARE).top5()).isEqualTo(1);
        assertThat(Agreement.of(new float[][] {swapped}, new float[][] {reference}, AS_THEY_ARE).top1()).isZero();
        assertThat(Agreement.of(new float[][] {two, reference}, new float[][] {reference, reference}, AS_THEY_ARE).top5())
                .isCloseTo((0.6 + 1) / 2, within(1e-12));
    }

    @Test
    void whatIsNotANumberIsSaid() {
        Agreement agreement = Agreement.of(new float[][] {{Float.NaN, 1}, {0, 1}}, new float[][] {{1, 1}, {0, 1}}, AS_THEY_ARE);

        assertThat(agreement.nanOutputs()).isEqualTo(1);
        assertThat(agreement.probabilityMaximum()).isNaN();
        assertThat(agreement.cosineMinimum()).isNaN();
    }
}
