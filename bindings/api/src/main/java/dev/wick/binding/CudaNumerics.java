package dev.wick.binding;

/**
 * What LibTorch lets cuBLAS and cuDNN do; immutable.
 *
 * @param tf32Matmul           cuBLAS may round float32 factors to TF32
 * @param tf32Cudnn            cuDNN may do so in convolutions
 * @param fp16ReducedReduction cuBLAS may sum products of float16 in float16
 * @param bf16ReducedReduction likewise of bfloat16
 * @param cudnnEnabled         whether cuDNN is used
 * @param cudnnBenchmark       cuDNN times its algorithms at the first call of each shape
 * @param cudnnDeterministic   only deterministic algorithms of cuDNN
 */
public record CudaNumerics(boolean tf32Matmul, boolean tf32Cudnn, boolean fp16ReducedReduction,
        boolean bf16ReducedReduction, boolean cudnnEnabled, boolean cudnnBenchmark, boolean cudnnDeterministic) {

    /** The same with TF32 allowed or forbidden, in cuBLAS and in cuDNN. */
    public CudaNumerics withTf32(boolean allowed) {
        return new CudaNumerics(allowed, allowed, fp16ReducedReduction, bf16ReducedReduction, cudnnEnabled,
                cudnnBenchmark, cudnnDeterministic);
    }

    /** The same with or without cuDNN's timing of its algorithms. */
    public CudaNumerics withCudnnBenchmark(boolean benchmark) {
        return new CudaNumerics(tf32Matmul, tf32Cudnn, fp16ReducedReduction, bf16ReducedReduction, cudnnEnabled,
                benchmark, cudnnDeterministic);
    }
}
