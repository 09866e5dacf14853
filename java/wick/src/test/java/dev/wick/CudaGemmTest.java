package dev.wick;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.wick.binding.CublasComputeType;
import dev.wick.binding.GemmEpilogue;
import dev.wick.binding.TorchBinding;
import dev.wick.error.BadArgumentException;
import dev.wick.error.CublasException;
import dev.wick.error.UnsupportedFeatureException;
import java.lang.management.ManagementFactory;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** On a CUDA device, where cuBLAS and cuBLASLt do the work. */
@Tag("gpu")
class CudaGemmTest extends GemmCase {

    @Override
    Device device() {
        return Device.cuda(0);
    }

    /** For float64 the heuristic may name no algorithm. */
    @Override
    boolean hasEpilogues(DType dtype) {
        return dtype != DType.FLOAT64;
    }

    /** A device's tanh instruction is off by 2^-11. */
    @Override
    double geluError(double epsilon) {
        return 0x1p-11;
    }

    @BeforeEach
    void needsADevice() {
        assumeFeature(TorchBinding.CUDA);
        assumeFeature(TorchBinding.CUBLAS);
        assumeFalse(Engine.get().cudaDevices().isEmpty(), "LibTorch sees no CUDA device");
        assumeRealKernels();
    }

    @Test
    void aStreamOfOnesChoiceAndAGraphOfIt() {
        try (CudaStream stream = CudaStream.take(device()); TensorScope _ = TensorScope.open()) {
            Tensor a = random(DType.FLOAT32, 64, 64);
            Tensor b = random(DType.FLOAT32, 64, 64);
            Tensor expected = Gemm.of(a, b).multiply();
            Cuda.synchronize(device());
            try (Gemm gemm = Gemm.of(a, b).on(stream).prepare()) {
                gemm.run();
                stream.synchronize();
                assertThat(TensorDifference.between(gemm.result(), expected).maximum()).isZero();
                try (CudaGraph graph = CudaGraph.capture(stream, gemm::run)) {
                    Operator.call(stream.noGrad(), "aten::zero_", gemm.result()).close();
                    graph.run();
                    assertThat(TensorDifference.between(gemm.result(), expected).maximum()).isZero();
                }
            }
            CudaStream closed = CudaStream.take(device());
            try (Gemm left = Gemm.of(a, b).on(closed).prepare()) {
                closed.close();
                assertThatThrownBy(left::run).isInstanceOf(IllegalStateException.class).hasMessageContaining("stream");
            }
        }
    }

    @Test
    void tensorsOfTwoDevicesAreRefused() {
        Tensor here = Tensor.zeros(DType.FLOAT32, 2, 2);
        Tensor there = random(DType.FLOAT32, 2, 2);
        assertThatThrownBy(() -> Gemm.of(there, here).multiply()).isInstanceOf(BadArgumentException.class)
                .hasMessageContaining("one device, got cuda:0, cpu and cuda:0");
    }

    @Test
    void aVirtualThreadIsRefused() {
        Tensor a = random(DType.FLOAT32, 2, 2);
        try (Gemm gemm = Gemm.of(a, a).prepare(); var threads = Executors.newVirtualThreadPerTaskExecutor()) {
            assertThatThrownBy(() -> threads.submit(gemm::run).get()).isInstanceOf(ExecutionException.class)
                    .hasCauseInstanceOf(UnsupportedFeatureException.class);
        }
    }

    @Test
    void aRunAllocatesNothingInJava() {
        assumeTrue(Engine.get().calls().equals("panama"), "promised for panama alone");
        com.sun.management.ThreadMXBean threads =
                (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
        Tensor a = random(DType.FLOAT16, 128, 128);
        Tensor bias = random(DType.FLOAT16, 128);
        try (Gemm plain = Gemm.of(a, a).prepare();
                Gemm finished = Gemm.of(a, a).epilogue(GemmEpilogue.GELU_BIAS, bias).prepare()) {
            for (Gemm gemm : new Gemm[] {plain, finished}) {
                int runs = 20_000;
                for (int i = 0; i < runs; i++) {
                    gemm.run();
                }
                long before = threads.getCurrentThreadAllocatedBytes();
                for (int i = 0; i < runs; i++) {
                    gemm.run();
                }
                assertThat((threads.getCurrentThreadAllocatedBytes() - before) / (double) runs).isLessThan(0.1);
            }
        }
    }

    @Test
    void anEpilogueOfFloat64IsRightOrRefused() {
        try {
            compare(random(DType.FLOAT64, 64, 64), random(DType.FLOAT64, 64, 64), null, CublasComputeType.FLOAT64, 1, 0,
                    false, false, GemmEpilogue.RELU, null);
        } catch (CublasException e) {
            assertThat(e).hasMessageContainingAll("no algorithm", "FLOAT64", "RELU");
        }
    }

    /** The rounding of TF32 shows that it was used where it was asked for, and nowhere else. */
    @Test
    void tf32IsUsedWhereItIsAskedForAndNowhereElse() {
        Tensor a = Tensor.of(new float[] {1 + 0x1p-20f}, 1, 1).to(device());
        Tensor wide = Operator.call("aten::expand", a, new long[] {1024, 1024}).tensor().copy();
        Tensor one = Operator.call("aten::eye", 1024L).tensor().to(device());
        assertThat(Gemm.of(wide, one).multiply().toFloatArray()).containsOnly(1 + 0x1p-20f);
        assumeTrue(Integer.parseInt(Engine.get().cudaDevices().getFirst().computeCapability().split("\\.")[0]) >= 8,
                "TF32 is for Ampere and later");
        assertThat(Gemm.of(wide, one).compute(CublasComputeType.FLOAT32_FAST_TF32).multiply().toFloatArray())
                .containsOnly(1);
    }
}
