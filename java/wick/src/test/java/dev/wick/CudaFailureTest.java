package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.error.CudaException;
import java.io.IOException;
import org.junit.jupiter.api.Test;

/** A kernel that fails takes the context with it: in a process of its own. */
class CudaFailureTest extends CudaCase {

    @Test
    void aLostContextIsToldAsOne() throws IOException, InterruptedException {
        assumeRealKernels();
        OwnProcess process = OwnProcess.run(Losing.class);
        String output = process.output();
        assertThat(output).contains("sticky 710").contains("restart the process").contains("still 710");
        assertThat(process.status()).as(output).isZero();
    }

    /** Looks an element up that is not there: the kernel asserts. */
    static final class Losing {
        public static void main(String[] arguments) {
            try (CudaStream stream = CudaStream.take(DEVICE);
                    Tensor table = Tensor.zeros(DType.FLOAT32, 4, 4).to(DEVICE);
                    Tensor index = Tensor.of(new long[] {99}, 1).to(DEVICE)) {
                fail("sticky ", () -> {
                    Operator.call(stream.noGrad(), "aten::index_select", table, 0L, index).close();
                    stream.synchronize();
                });
                fail("still ", () -> Operator.call("aten::add", table, table).close());
            } catch (CudaException e) {
                System.out.println("at the end: " + e.getMessage());
            }
        }

        private static void fail(String word, Runnable call) {
            try {
                call.run();
                System.out.println("no error");
            } catch (CudaException e) {
                System.out.println((e.sticky() ? word : "not sticky: ") + e.code() + " " + e.getMessage());
            }
        }
    }
}
