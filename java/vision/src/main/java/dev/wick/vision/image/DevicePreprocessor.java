package dev.wick.vision.image;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.ModuleBuilder;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.binding.CallSettings;
import dev.wick.error.BadArgumentException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * An {@link ImagePreprocessor} as a TorchScript module on a device: from 8-bit pixels to the resized, cropped,
 * normalised and cast input of a model, without a trip through the host; any thread.
 *
 * <pre>{@code
 * try (var fused = DevicePreprocessor.of(ImagePreprocessor.clip(224), Device.cuda(0), DType.FLOAT16);
 *         Tensor input = fused.apply(stream.inference(), pixels)) {    // uint8 [batch, height, width, 3] on the device
 * }
 * }</pre>
 *
 * <p>Each direction is a product with the matrix of Pillow's own fixed-point weights, rounded to 8 bits in between. In
 * float64, which is what it computes in, no sum is rounded: the 8-bit pixels are those of the host path, whatever
 * library multiplies. What is added by normalising is a rounding in float32, and by the cast one in the output's dtype.
 *
 * <p>Pictures must be RGB: those of other modes are resized otherwise (see {@link ImagePreprocessor#clip}). Matrices
 * are made on the device from a few kilobytes for each call; {@link #forSize} makes a module that has them already, for
 * pictures of one size and a {@link dev.wick.Runner}.
 */
public final class DevicePreprocessor implements AutoCloseable {
    private static final String MATRIX = """
            def matrix(self, starts: Tensor, weights: Tensor, size: int) -> Tensor:
                taps = torch.arange(weights.size(1), device=weights.device)
                at = torch.clamp(starts.unsqueeze(1) + taps, 0, size - 1)
                zeros = torch.zeros([weights.size(0), size], dtype=weights.dtype, device=weights.device)
                return zeros.scatter_add(1, at, weights)
            """;
    /** 6 is float32 and 7 is float64, which TorchScript has no names for here. */
    private static final String PREPARE = """
            def prepare(self, pixels: Tensor, rows: Tensor, columns: Tensor) -> Tensor:
                x = pixels.permute(0, 3, 1, 2).to(7)
                x = torch.clamp(torch.floor(torch.matmul(x, columns.t()) + 0.5), 0, 255)
                x = torch.clamp(torch.floor(torch.matmul(rows, x) + 0.5), 0, 255)
                x = (x.to(6) / self.levels - self.mean) / self.deviation
                return x.to(%d)
            """;

    private final ImagePreprocessor recipe;
    private final Device device;
    private final DType output;
    private final TorchScriptModel module;

    private DevicePreprocessor(ImagePreprocessor recipe, Device device, DType output, TorchScriptModel module) {
        this.recipe = recipe;
        this.device = device;
        this.output = output;
        this.module = module;
    }

    /**
     * Prepares a recipe for a device.
     *
     * @param output a floating dtype
     */
    public static DevicePreprocessor of(ImagePreprocessor recipe, Device device, DType output) {
        if (!output.isFloating()) {
            throw new BadArgumentException("expected a floating dtype, got " + output.torchName());
        }
        try (TensorScope _ = TensorScope.open(); ModuleBuilder builder = builder(recipe, device)) {
            builder.define(MATRIX);
            builder.define(String.format(PREPARE, output.code()));
            builder.define("""
                    def forward(self, pixels: Tensor, top: int, bottom: int, left: int, right: int, row_starts: Tensor,
                                row_weights: Tensor, column_starts: Tensor, column_weights: Tensor) -> Tensor:
                        x = pixels[:, top:bottom, left:right]
                        rows = self.matrix(row_starts, row_weights, x.size(1))
                        columns = self.matrix(column_starts, column_weights, x.size(2))
                        return self.prepare(x, rows, columns)
                    """);
            return new DevicePreprocessor(recipe, device, output, builder.build());
        }
    }

    private static ModuleBuilder builder(ImagePreprocessor recipe, Device device) {
        ModuleBuilder builder = ModuleBuilder.of("wick.vision.ImagePreprocessor");
        // Tensors, since CUDA divides by a number by multiplying with its inverse, which rounds otherwise.
        builder.buffer("levels", Tensor.of(new float[] {255}, 1).to(device));
        builder.buffer("mean", Tensor.of(recipe.mean(), 3, 1, 1).to(device));
        builder.buffer("deviation", Tensor.of(recipe.deviation(), 3, 1, 1).to(device));
        return builder;
    }

    public ImagePreprocessor recipe() {
        return recipe;
    }

    public Device device() {
        return device;
    }

    /** Prepares an RGB picture from the host: [1, 3, height, width] on the device, the caller's to close. */
    public Tensor apply(PixelImage image) {
        try (Tensor pixels = Tensor.empty(DType.UINT8, 1, image.height(), image.width(), 3)) {
            MemorySegment.copy(image.pixels(), 0, pixels.segment(), ValueLayout.JAVA_BYTE, 0, image.pixels().length);
            try (Tensor placed = pixels.to(device)) {
                return apply(CallSettings.INFERENCE, placed);
            }
        }
    }

    /**
     * Prepares RGB pictures of one size that are on the device.
     *
     * @param settings of the call; {@code stream.inference()} enqueues it on a stream of CUDA's
     * @param pixels   uint8 of [batch, height, width, 3]
     * @return [batch, 3, height, width] of the recipe's size, the caller's to close
     * @throws BadArgumentException if the pixels are of another dtype, shape or device, or the recipe would pad
     */
    public Tensor apply(CallSettings settings, Tensor pixels) {
        long[] shape = pixels.shape();
        if (pixels.dtype() != DType.UINT8 || shape.length != 4 || shape[3] != 3 || shape[1] < 1 || shape[2] < 1
                || !pixels.device().equals(device)) {
            throw new BadArgumentException("expected uint8 [batch, height, width, 3] on " + device + ", got "
                    + pixels.dtype().torchName() + " " + java.util.Arrays.toString(shape) + " on " + pixels.device());
        }
        Weights weights = Weights.of(recipe, Math.toIntExact(shape[2]), Math.toIntExact(shape[1]));
        try (Tensor rowStarts = starts(weights.rows()); Tensor rowWeights = weights(weights.rows());
                Tensor columnStarts = starts(weights.columns()); Tensor columnWeights = weights(weights.columns());
                Tensor rowStartsThere = rowStarts.to(device); Tensor rowWeightsThere = rowWeights.to(device);
                Tensor columnStartsThere = columnStarts.to(device); Tensor columnWeightsThere =
                        columnWeights.to(device)) {
            return module.call(settings, "forward", pixels, weights.rows().first(), weights.rows().end(),
                    weights.columns().first(), weights.columns().end(), rowStartsThere, rowWeightsThere,
                    columnStartsThere, columnWeightsThere).tensor();
        }
    }

    /**
     * The module for RGB pictures of one size, with its matrices: {@code forward(pixels)} of uint8 [batch, height,
     * width, 3]. A {@link dev.wick.Runner} on it takes pixels from page-locked memory and can be a CUDA graph.
     *
     * @return the caller's to close
     * @throws BadArgumentException if there is no such size, or the recipe would pad it
     */
    public TorchScriptModel forSize(int width, int height) {
        if (width < 1 || height < 1) {
            throw new BadArgumentException("expected a size of at least 1 x 1, got " + width + " x " + height);
        }
        Weights weights = Weights.of(recipe, width, height);
        try (TensorScope _ = TensorScope.open(); ModuleBuilder builder = builder(recipe, device)) {
            builder.buffer("rows", matrix(weights.rows()).to(device));
            builder.buffer("columns", matrix(weights.columns()).to(device));
            builder.define(String.format(PREPARE, output.code()));
            builder.define(String.format(java.util.Locale.ROOT, """
                    def forward(self, pixels: Tensor) -> Tensor:
                        return self.prepare(pixels[:, %d:%d, %d:%d], self.rows, self.columns)
                    """, weights.rows().first(), weights.rows().end(), weights.columns().first(),
                    weights.columns().end()));
            return builder.build();
        }
    }

    /** Frees the module; those of {@link #forSize} stay. */
    @Override
    public void close() {
        module.close();
    }

    /** The weights of both directions. */
    private record Weights(ResizeWeights rows, ResizeWeights columns) {
        static Weights of(ImagePreprocessor recipe, int width, int height) {
            PreprocessedSize size = PreprocessedSize.of(width, height, recipe.resized(), recipe.width(),
                    recipe.height());
            if (size.isPadded()) {
                throw new BadArgumentException("the crop of " + recipe.width() + " x " + recipe.height()
                        + " is larger than the resized picture: what is padded is prepared on the host");
            }
            PillowResize.Window window = size.window();
            return new Weights(
                    ResizeWeights.of(recipe.filter(), height, Math.toIntExact(size.height()), window.top(),
                    window.height()),
                    ResizeWeights.of(recipe.filter(), width, Math.toIntExact(size.width()), window.left(),
                    window.width()));
        }
    }

    private static Tensor starts(ResizeWeights weights) {
        long[] starts = new long[weights.starts().length];
        for (int i = 0; i < starts.length; i++) {
            starts[i] = weights.starts()[i] - weights.first();
        }
        return Tensor.of(starts, starts.length);
    }

    /** Whole numbers of units, so that products and sums are exact in float64. */
    private static Tensor weights(ResizeWeights weights) {
        int[] fixed = weights.fixed();
        double[] exact = new double[fixed.length];
        for (int i = 0; i < exact.length; i++) {
            exact[i] = (double) fixed[i] / (1 << ResizeWeights.PRECISION_BITS);
        }
        return Tensor.of(exact, weights.starts().length, weights.taps());
    }

    private static Tensor matrix(ResizeWeights weights) {
        int outputs = weights.starts().length;
        int inputs = weights.end() - weights.first();
        Tensor matrix = Tensor.zeros(DType.FLOAT64, outputs, inputs);
        MemorySegment memory = matrix.segment();
        int[] fixed = weights.fixed();
        for (int i = 0; i < outputs; i++) {
            for (int j = 0; j < weights.counts()[i]; j++) {
                memory.setAtIndex(ValueLayout.JAVA_DOUBLE, (long) i * inputs + weights.starts()[i] - weights.first()
                        + j, (double) fixed[i * weights.taps() + j] / (1 << ResizeWeights.PRECISION_BITS));
            }
        }
        return matrix;
    }
}
