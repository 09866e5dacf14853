package dev.wick.study.training;

import dev.wick.DType;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/** The smallest model with a picture tower and a text tower, by the formulas of make_fixtures.py. */
final class TwoTowers {
    static final int BATCH = 6;
    static final int SIDE = 8;
    static final int VOCABULARY = 11;
    static final int CONTEXT = 3;
    private static final int CHANNELS = 4;
    private static final int EMBEDDING = 5;

    private TwoTowers() {
    }

    static TorchScriptModel build() {
        try (TensorScope _ = TensorScope.open(); ModuleBuilder root = ModuleBuilder.of("test.TwoTowers")) {
            root.child("conv", "test.Weight").parameter("weight", parameter(0.7, CHANNELS, 3, 3, 3));
            root.child("image", "test.Linear").parameter("weight", parameter(0.8, EMBEDDING, CHANNELS))
                    .parameter("bias", parameter(0.9, EMBEDDING));
            root.child("tokens", "test.Weight").parameter("weight", parameter(1.0, VOCABULARY, EMBEDDING));
            Tensor scale = Tensor.of(new float[] {(float) Math.log(1 / 0.07)});
            root.parameter("logit_scale", requiring(scale));
            root.define("""
                    def forward(self, image: Tensor, text: Tensor):
                        x = torch.conv2d(image, self.conv.weight, None, [2, 2]).relu().mean([2, 3])
                        images = torch.linear(x, self.image.weight, self.image.bias)
                        texts = torch.embedding(self.tokens.weight, text).mean(1)
                        images = images / torch.norm(images, 2, [1], True)
                        texts = texts / torch.norm(texts, 2, [1], True)
                        logits = torch.matmul(self.logit_scale.exp() * images, texts.t())
                        return logits, logits.t()
                    """);
            return root.build();
        }
    }

    private static Tensor parameter(double frequency, long... shape) {
        long count = 1;
        for (long size : shape) {
            count *= size;
        }
        return requiring(Tensor.of(formula(Math.toIntExact(count), frequency), shape));
    }

    private static Tensor requiring(Tensor tensor) {
        Operator.call("aten::requires_grad_", tensor, true).close();
        return tensor;
    }

    private static float[] formula(int count, double frequency) {
        float[] elements = new float[count];
        for (int i = 0; i < count; i++) {
            elements[i] = (float) (0.5 * Math.sin(i * frequency + 1));
        }
        return elements;
    }

    /** The same batch at every step. */
    static BatchSource batches() {
        return new BatchSource() {
            @Override
            public List<Part> parts() {
                return List.of(new Part(DType.FLOAT32, BATCH, 3, SIDE, SIDE), new Part(DType.INT64, BATCH, CONTEXT));
            }

            @Override
            public void fill(long step, List<MemorySegment> memory) {
                memory.get(0).copyFrom(MemorySegment.ofArray(formula(BATCH * 3 * SIDE * SIDE, 0.37)));
                for (int i = 0; i < BATCH * CONTEXT; i++) {
                    memory.get(1).setAtIndex(ValueLayout.JAVA_LONG, i, i * 7 % VOCABULARY);
                }
            }
        };
    }
}
