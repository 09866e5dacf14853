package dev.wick.study.measurement;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.Runner;
import dev.wick.Tensor;
import dev.wick.error.BadArgumentException;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

class InterleavedRoundsTest {
    private static final long MUCH = 60_000_000_000L;

    private final List<String> order = new ArrayList<>();

    /** Notes its runs; fails from a given one on. */
    private final class Call implements TimedCall {
        private final String name;
        private final int failing;
        private final LongSupplier enqueue;
        private int runs;

        Call(String name, int failing, LongSupplier enqueue) {
            this.name = name;
            this.failing = failing;
            this.enqueue = enqueue;
        }

        @Override
        public void run() {
            if (++runs >= failing) {
                throw new BadArgumentException(name + " failed");
            }
            order.add(name);
        }

        @Override
        public Parts runInParts() {
            return enqueue == null ? null : new Parts(enqueue.getAsLong(), 2 * enqueue.getAsLong());
        }

        @Override
        public List<Tensor> outputs() {
            return List.of();
        }

        @Override
        public Runner.Preparation preparation() {
            return null;
        }

        @Override
        public void close() {
            // Holds nothing.
        }
    }

    private Call call(String name) {
        return new Call(name, Integer.MAX_VALUE, null);
    }

    @Test
    void callsTakeTurnsAndAnotherBeginsEachRound() {
        List<Integer> told = new ArrayList<>();
        List<InterleavedRounds.Times> times = new InterleavedRounds(3, 1).time(List.of(call("a"), call("b"), call("c")),
                new long[] {MUCH, MUCH, MUCH}, told::add);

        assertThat(String.join("", order)).isEqualTo("abc" + "abc" + "bca" + "cab");
        assertThat(told).containsExactly(0, 1, 2, 1, 2, 0, 2, 0, 1);
        assertThat(times).allSatisfy(each -> {
            assertThat(each.endToEnd()).hasSize(3);
            assertThat(each.rounds()).containsExactly(0, 1, 2);
            assertThat(each.enqueue()).isNull();
            assertThat(each.device()).isNull();
            assertThat(each.warmedUp()).isEqualTo(1);
            assertThat(each.cut()).isFalse();
            assertThat(each.failure()).isNull();
        });
    }

    @Test
    void manyRunsMakeTenRounds() {
        InterleavedRounds.Times times = new InterleavedRounds(25, 0).time(List.of(call("a"), call("b")),
                new long[] {MUCH, MUCH}, _ -> { }).getFirst();

        assertThat(InterleavedRounds.rounds(25)).isEqualTo(9);
        assertThat(InterleavedRounds.rounds(100)).isEqualTo(10);
        assertThat(InterleavedRounds.rounds(4)).isEqualTo(4);
        assertThat(times.roundCount()).isEqualTo(9);
        assertThat(times.round(0)).hasSize(3);
        assertThat(times.round(8)).hasSize(1);
        assertThat(String.join("", order)).startsWith("aaabbb" + "bbbaaa");
    }

    @Test
    void aBudgetCutsOneCallAndLeavesItOneRun() {
        List<InterleavedRounds.Times> times = new InterleavedRounds(20, 2).time(List.of(call("a"), call("b")),
                new long[] {0, MUCH}, _ -> { });

        assertThat(times.get(0).cut()).isTrue();
        assertThat(times.get(0).endToEnd()).hasSize(1);
        assertThat(times.get(0).warmedUp()).isZero();
        assertThat(times.get(1).cut()).isFalse();
        assertThat(times.get(1).endToEnd()).hasSize(20);
    }

    @Test
    void aFailureEndsOneCallAlone() {
        List<InterleavedRounds.Times> times = new InterleavedRounds(4, 1).time(List.of(new Call("a", 3, null), call("b")),
                new long[] {MUCH, MUCH}, _ -> { });

        assertThat(times.get(0).failure()).hasMessage("a failed");
        assertThat(times.get(0).cut()).isFalse();
        assertThat(times.get(1).endToEnd()).hasSize(4);
    }

    @Test
    void partsAreOfARunBesideEach() {
        long[] clock = {0};
        InterleavedRounds.Times times = new InterleavedRounds(3, 0).time(List.of(new Call("a", Integer.MAX_VALUE,
                () -> clock[0] += 1)), new long[] {MUCH}, _ -> { }).getFirst();

        assertThat(times.enqueue()).containsExactly(1, 3, 5);
        assertThat(times.device()).containsExactly(4, 8, 12);
    }
}
