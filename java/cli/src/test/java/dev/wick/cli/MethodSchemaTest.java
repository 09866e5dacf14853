package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.wick.Model;
import org.junit.jupiter.api.Test;

class MethodSchemaTest {
    @Test
    void argumentsAreReadWithoutSelf() {
        MethodSchema schema = MethodSchema.of(new Model.Method("m",
                "m(__torch__.A self, Tensor x, (Tensor, int) y, Dict(str, Tensor) z, int n=3, float? f=None) -> ((Tensor))",
                5));

        assertThat(schema.arguments()).extracting(MethodSchema.Argument::name).containsExactly("x", "y", "z", "n", "f");
        assertThat(schema.arguments().get(1).type()).isEqualTo("(Tensor, int)");
        assertThat(schema.required()).isEqualTo(3);
        schema.requireCount(3);
        schema.requireCount(5);
        assertThatExceptionOfType(CliException.class).isThrownBy(() -> schema.requireCount(2))
                .withMessage("method 'm' takes 3 to 5 inputs, got 2");
    }

    @Test
    void aMethodMayTakeNothing() {
        MethodSchema schema = MethodSchema.of(new Model.Method("m", "m(__torch__.A self) -> NoneType", 0));

        assertThat(schema.arguments()).isEmpty();
    }
}
