package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.wick.error.BadArgumentException;
import org.junit.jupiter.api.Test;

class TensorScopeTest extends WickCase {

    @Test
    void aScopeFreesWhatWasMadeInIt() {
        Tensor made;
        try (TensorScope scope = TensorScope.open()) {
            made = Tensor.zeros(DType.FLOAT32, 2);
            Tensor sum = Operator.call("aten::add", made, made).tensor();
            assertThat(scope.size()).isEqualTo(2);
            sum.close();
            assertThat(scope.size()).isEqualTo(1);
        }
        assertThat(made.isClosed()).isTrue();
    }

    @Test
    void detachMovesATensorOut() {
        Tensor kept;
        try (TensorScope scope = TensorScope.open()) {
            kept = scope.detach(Tensor.of(new float[] {3}));
            assertThatThrownBy(() -> scope.detach(kept)).isInstanceOf(BadArgumentException.class);
        }
        assertThat(kept.item()).isEqualTo(3);
        kept.close();
    }

    @Test
    void scopesNest() {
        try (TensorScope outer = TensorScope.open()) {
            Tensor ofOuter = Tensor.zeros(DType.FLOAT32, 1);
            TensorScope inner = TensorScope.open();
            Tensor ofInner = Tensor.zeros(DType.FLOAT32, 1);
            assertThatThrownBy(outer::close).isInstanceOf(IllegalStateException.class);
            inner.close();
            inner.close();
            assertThat(ofInner.isClosed()).isTrue();
            assertThat(ofOuter.isClosed()).isFalse();
        }
    }

    @Test
    void closingManyEarlyKeepsTheScopeSmall() {
        try (TensorScope scope = TensorScope.open()) {
            Tensor kept = Tensor.zeros(DType.FLOAT32, 1);
            for (int i = 0; i < 10_000; i++) {
                Tensor.zeros(DType.FLOAT32, 1).close();
            }
            assertThat(scope.size()).isEqualTo(1);
            assertThat(kept.isClosed()).isFalse();
        }
    }

    @Test
    void anotherThreadsTensorsAreNotTaken() throws Exception {
        try (TensorScope scope = TensorScope.open()) {
            Tensor[] other = new Tensor[1];
            Thread thread = Thread.ofVirtual().start(() -> other[0] = Tensor.zeros(DType.FLOAT32, 1));
            thread.join();
            assertThat(scope.size()).isZero();
            other[0].close();
            Thread closer = new Thread(() -> assertThatThrownBy(scope::close)
                    .isInstanceOf(IllegalStateException.class));
            closer.start();
            closer.join();
        }
    }

    @Test
    void whatIsForgottenIsFreed() throws Exception {
        long forgotten = Engine.forgotten();
        Tensor.zeros(DType.FLOAT32, 1);
        for (int i = 0; i < 200 && Engine.forgotten() == forgotten; i++) {
            System.gc();
            Thread.sleep(10);
        }
        assertThat(Engine.forgotten()).isEqualTo(forgotten + 1);
    }
}
