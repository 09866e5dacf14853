package dev.wick.vision;

import dev.wick.DType;
import dev.wick.ModuleBuilder;
import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.vision.ArchitectureSummary.Kind;
import dev.wick.vision.ArchitectureSummary.Tower;
import dev.wick.vision.ClipConfiguration.ResNetTower;
import dev.wick.vision.ClipConfiguration.TransformerTower;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * CLIP of any configuration, with the names and shapes of OpenAI's state dicts; any thread.
 *
 * <p>Its methods are {@code encode_image(image)}, of float [batch, 3, resolution, resolution], giving [batch, embedding
 * size]; {@code encode_text(text)}, of int32 or int64 [batch, context length], giving [batch, embedding size] as read
 * off at each text's largest token, which is the end of a text in CLIP's vocabulary; and {@code forward(image, text)},
 * giving the cosine similarities times the logit scale as {@code (logits_per_image, logits_per_text)}. Features are not
 * normalised.
 *
 * <p>A picture is cast to the dtype of the first convolution's weight, and layer normalisations compute in the dtype
 * of their own weights, so that nothing in its graphs names a dtype or a device: it computes in FP32, in halves, or in
 * the published mixture, as its weights are. The first weights are drawn in the order and with the distributions of
 * OpenAI's constructor: those it gives after {@code torch.manual_seed(seed)}.
 *
 * @param architectureName as a report is to call it
 * @param configuration    its sizes
 */
public record ClipArchitecture(String architectureName, ClipConfiguration configuration) implements Architecture {

    @Override
    public TorchScriptModel build(long seed) {
        try (TensorScope _ = TensorScope.open(); ModuleBuilder root = ModuleBuilder.of(Layers.className("CLIP"))) {
            Initialization initialization = new Initialization();
            new Construction(configuration, initialization).model(ModulePart.building(root));
            initialization.draw(seed);
            return root.build();
        }
    }

    @Override
    public ArchitectureSummary summary() {
        Construction construction = new Construction(configuration, new Initialization());
        ModulePart root = ModulePart.describing();
        construction.model(root);
        long embedding = configuration.embeddingSize();
        Map<Tower, Long> embeddings = new LinkedHashMap<>();
        embeddings.put(Tower.IMAGE, embedding);
        embeddings.put(Tower.TEXT, embedding);
        return ArchitectureSummary.of(architectureName, configuration.imageResolution(), construction.layers, root,
                embeddings);
    }

    /** One model while it is built; one thread. */
    private static final class Construction {
        /** Where it begins in training, as a softmax temperature. */
        private static final double TEMPERATURE = 0.07;
        private static final double TOKEN_DEVIATION = 0.02;
        private static final double POSITION_DEVIATION = 0.01;

        private final ClipConfiguration configuration;
        private final Initialization initialization;
        private final Layers layers;
        private final Transformer transformer;

        Construction(ClipConfiguration configuration, Initialization initialization) {
            this.configuration = configuration;
            this.initialization = initialization;
            layers = new Layers(initialization, configuration.imageResolution());
            transformer = new Transformer(layers, initialization);
        }

        void model(ModulePart root) {
            int width = configuration.textWidth();
            int context = configuration.contextLength();
            Weight positions = root.parameter("positional_embedding", context, width);
            Weight projection = root.parameter("text_projection", width, configuration.embeddingSize());
            root.parameter("logit_scale").fill(Math.log(1 / TEMPERATURE));
            number(root, "input_resolution", configuration.imageResolution());
            number(root, "context_length", context);
            number(root, "vocab_size", configuration.vocabularySize());
            layers.stage(Tower.JOINT, "logit_scale");
            layers.note(root, "logit_scale", Kind.SCALE, new long[0], 1, 0);

            List<Weight> pool = vision(root.child("visual", Layers.className("Visual")));

            layers.stage(Tower.TEXT, "embedding");
            layers.note(root, "positional_embedding", Kind.EMBEDDING, positions.shape(), positions.elementCount(), 0,
                    context, width);
            layers.stage(Tower.TEXT, "transformer");
            List<Transformer.Block> blocks = transformer.add(root, width, configuration.textLayers(),
                    configuration.textHeads(), Transformer.FEED_FORWARD * width, context, true,
                    configuration.activation());
            layers.stage(Tower.TEXT, "embedding");
            Weight tokens = embedding(root, width, context);
            layers.stage(Tower.TEXT, ArchitectureSummary.HEAD);
            layers.layerNormalization(root, "ln_final", width, 1);
            layers.note(root, "text_projection", Kind.PROJECTION, projection.shape(), projection.elementCount(),
                    projection.elementCount(), 1, configuration.embeddingSize());
            methods(root);

            // After all layers have initialised themselves, as OpenAI's constructor does.
            initialization.normal(tokens, 1);
            initialization.normal(tokens, TOKEN_DEVIATION);
            initialization.normal(positions, POSITION_DEVIATION);
            pool.forEach(weight -> initialization.normal(weight, Math.pow(weight.fanIn(), -0.5)));
            double attention = Math.pow(width, -0.5);
            double output = attention * Math.pow(2.0 * configuration.textLayers(), -0.5);
            for (Transformer.Block block : blocks) {
                initialization.normal(block.input(), attention);
                initialization.normal(block.output(), output);
                initialization.normal(block.widening(), Math.pow(2.0 * width, -0.5));
                initialization.normal(block.narrowing(), output);
            }
            initialization.normal(projection, attention);
        }

        /** A buffer that tells a reader of the archive what the model takes. */
        private static void number(ModulePart root, String name, long value) {
            root.buffer(name, () -> {
                Tensor tensor = Tensor.zeros(DType.INT64);
                Operator.call("aten::fill_", tensor, value).close();
                return tensor;
            });
        }

        private Weight embedding(ModulePart root, int width, int context) {
            Weight weight = root.child("token_embedding", Layers.className("Embedding")).parameter("weight",
                    configuration.vocabularySize(), width);
            layers.note(root, "token_embedding", Kind.EMBEDDING, weight.shape(), weight.elementCount(), 0, context,
                    width);
            return weight;
        }

        private void methods(ModulePart root) {
            // A view refuses lengths that adding would broadcast. Rows are chosen before the last normalisation, which
            // is by row, so that it is computed for one position of each text.
            root.define("""
                    def encode_image(self, image: Tensor) -> Tensor:
                        return self.visual.forward(image)

                    def encode_text(self, text: Tensor) -> Tensor:
                        dtype = self.visual.conv1.weight.dtype
                        x = torch.embedding(self.token_embedding.weight, text).to(dtype)
                        x = x + self.positional_embedding.to(dtype).view([x.size(1), x.size(2)])
                        x = self.transformer.forward(x)
                        x = x[torch.arange(x.size(0), device=x.device), torch.argmax(text, -1)]
                        return torch.matmul(self.ln_final.forward(x), self.text_projection)

                    def forward(self, image: Tensor, text: Tensor) -> Tuple[Tensor, Tensor]:
                        images = self.encode_image(image)
                        texts = self.encode_text(text)
                        images = images / torch.norm(images, 2, [1], True)
                        texts = texts / torch.norm(texts, 2, [1], True)
                        logits = torch.matmul(torch.exp(self.logit_scale) * images, texts.t())
                        return (logits, logits.t())
                    """);
        }

        // The image towers

        /** Adds the image tower; gives the weights of an attention pool, which are drawn again. */
        private List<Weight> vision(ModulePart visual) {
            layers.stage(Tower.IMAGE, "stem");
            return switch (configuration.vision()) {
                case ResNetTower tower -> new ResNetConstruction(tower).tower(visual);
                case TransformerTower tower -> {
                    transformerTower(visual, tower);
                    yield List.of();
                }
            };
        }

        private void transformerTower(ModulePart visual, TransformerTower tower) {
            int width = tower.width();
            long side = configuration.imageResolution() / tower.patch();
            long rows = side * side + 1;
            double scale = Math.pow(width, -0.5);
            Weight first = visual.parameter("class_embedding", width);
            Weight positions = visual.parameter("positional_embedding", rows, width);
            Weight projection = visual.parameter("proj", width, configuration.embeddingSize());
            layers.convolution(visual, "conv1", 3, width, tower.patch(), tower.patch(), 0);
            layers.note(visual, "class_embedding", Kind.EMBEDDING, first.shape(), width, 0, 1, width);
            layers.note(visual, "positional_embedding", Kind.EMBEDDING, positions.shape(), positions.elementCount(), 0,
                    rows, width);
            initialization.normal(first, scale);
            initialization.normal(positions, scale);
            layers.layerNormalization(visual, "ln_pre", width, rows);
            layers.stage(Tower.IMAGE, "transformer");
            transformer.add(visual, width, tower.layers(), tower.heads(), tower.feedForwardWidth(), rows, false,
                    configuration.activation());
            layers.stage(Tower.IMAGE, ArchitectureSummary.HEAD);
            layers.layerNormalization(visual, "ln_post", width, 1);
            layers.note(visual, "proj", Kind.PROJECTION, projection.shape(), projection.elementCount(),
                    projection.elementCount(), 1, configuration.embeddingSize());
            initialization.normal(projection, scale);
            // Positions are added before the rows are joined: the TensorExpr fuser of some builds never comes back
            // from cat(...) + tensor. A view refuses pictures of another size, which adding would broadcast.
            visual.define("""
                    def forward(self, x: Tensor) -> Tensor:
                        x = torch.flatten(self.conv1.forward(x.to(self.conv1.weight.dtype)), 2).transpose(1, 2)
                        positions = self.positional_embedding.to(x.dtype)
                        first = (self.class_embedding.to(x.dtype) + positions[0]).expand([x.size(0), 1, -1])
                        x = x + positions[1:].view([x.size(1), x.size(2)])
                        x = self.transformer.forward(self.ln_pre.forward(torch.cat([first, x], 1)))
                        return torch.matmul(self.ln_post.forward(x[:, 0]), self.proj)
                    """);
        }

        /** The residual network and its attention pool. */
        private final class ResNetConstruction {
            private static final int EXPANSION = 4;

            private final ResNetTower tower;
            private int channels;

            ResNetConstruction(ResNetTower tower) {
                this.tower = tower;
                channels = tower.width();
            }

            List<Weight> tower(ModulePart visual) {
                int half = tower.width() / 2;
                normalizedConvolution(visual, 1, 3, half, 3, 2);
                normalizedConvolution(visual, 2, half, half, 3, 1);
                normalizedConvolution(visual, 3, half, tower.width(), 3, 1);
                layers.side(layers.side() / 2);
                for (int i = 0; i < tower.layers().size(); i++) {
                    stage(visual, "layer" + (i + 1), tower.width() << i, tower.layers().get(i), i == 0 ? 1 : 2);
                }
                layers.stage(Tower.IMAGE, ArchitectureSummary.HEAD);
                List<Weight> pool = attentionPool(visual);
                visual.define("""
                        def forward(self, x: Tensor) -> Tensor:
                            x = x.to(self.conv1.weight.dtype)
                            x = torch.relu_(self.bn1.forward(self.conv1.forward(x)))
                            x = torch.relu_(self.bn2.forward(self.conv2.forward(x)))
                            x = torch.relu_(self.bn3.forward(self.conv3.forward(x)))
                            x = self.layer1.forward(torch.avg_pool2d(x, [2, 2]))
                            x = self.layer2.forward(x)
                            x = self.layer3.forward(x)
                            x = self.layer4.forward(x)
                            return self.attnpool.forward(x)
                        """);
                return pool;
            }

            private void stage(ModulePart visual, String name, int width, int blocks, int stride) {
                layers.stage(Tower.IMAGE, name);
                ModulePart stage = Layers.sequential(visual, name);
                for (int i = 0; i < blocks; i++) {
                    block(stage, Integer.toString(i), width, i == 0 ? stride : 1);
                }
                Layers.inSequence(stage, blocks);
            }

            /** All convolutions have stride 1: what is strided is pooled. */
            private void block(ModulePart stage, String name, int width, int stride) {
                ModulePart block = stage.child(name, Layers.className("Bottleneck"));
                int outputs = EXPANSION * width;
                long side = layers.side();
                normalizedConvolution(block, 1, channels, width, 1, 1);
                normalizedConvolution(block, 2, width, width, 3, 1);
                layers.side(side / stride);
                Weight last = normalizedConvolution(block, 3, width, outputs, 1, 1);
                // Each block begins as the identity.
                last.fill(0);
                boolean downsampled = stride > 1 || channels != outputs;
                if (downsampled) {
                    ModulePart downsample = Layers.sequential(block, "downsample");
                    Layers.function(downsample, "-1", stride > 1 ? "AvgPool2d" : "Identity",
                            stride > 1 ? pooled("x", stride) : "x");
                    layers.convolution(downsample, "0", channels, outputs, 1, 1, 0);
                    layers.batchNormalization(downsample, "1", outputs);
                    Layers.inSequence(downsample, "-1", "0", "1");
                }
                block.define("def forward(self, x: Tensor) -> Tensor:\n"
                        + "    out = torch.relu_(self.bn1.forward(self.conv1.forward(x)))\n"
                        + "    out = torch.relu_(self.bn2.forward(self.conv2.forward(out)))\n"
                        + (stride > 1 ? "    out = " + pooled("out", stride) + "\n" : "")
                        + "    out = self.bn3.forward(self.conv3.forward(out))\n"
                        + "    return torch.relu_(out.add_(" + (downsampled ? "self.downsample.forward(x)" : "x")
                        + "))\n");
                channels = outputs;
            }

            private static String pooled(String name, int stride) {
                return String.format(Locale.ROOT, "torch.avg_pool2d(%1$s, [%2$d, %2$d])", name, stride);
            }

            private List<Weight> attentionPool(ModulePart visual) {
                ModulePart pool = visual.child("attnpool", Layers.className("AttentionPool2d"));
                long rows = layers.side() * layers.side() + 1;
                Weight positions = pool.parameter("positional_embedding", rows, channels);
                initialization.normalDivided(positions, Math.sqrt(channels));
                layers.note(pool, "positional_embedding", Kind.EMBEDDING, positions.shape(), positions.elementCount(),
                        0, rows, channels);
                Weight keys = layers.linear(pool, "k_proj", channels, channels, rows).getFirst();
                Weight queries = layers.linear(pool, "q_proj", channels, channels, 1).getFirst();
                Weight values = layers.linear(pool, "v_proj", channels, channels, rows).getFirst();
                Transformer.noteProducts(layers, pool, tower.heads(), channels, 1, rows);
                Weight output = layers.linear(pool, "c_proj", channels, configuration.embeddingSize(), 1).getFirst();
                // Only the mean's row is given, so that it alone asks. Positions are added before the rows are joined,
                // through a view, for the reasons that the vision transformer has.
                pool.define(String.format(Locale.ROOT, """
                        def heads(self, x: Tensor) -> Tensor:
                            return x.reshape([x.size(0), x.size(1), %1$d, %2$d]).transpose(1, 2)

                        def forward(self, x: Tensor) -> Tensor:
                            x = torch.flatten(x, 2).transpose(1, 2)
                            positions = self.positional_embedding.to(x.dtype)
                            query = torch.mean(x, [1], True) + positions[:1]
                            x = torch.cat([query, x + positions[1:].view([x.size(1), x.size(2)])], 1)
                            x = torch.scaled_dot_product_attention(self.heads(self.q_proj.forward(query)),
                                                                   self.heads(self.k_proj.forward(x)),
                                                                   self.heads(self.v_proj.forward(x)))
                            return self.c_proj.forward(torch.flatten(x.transpose(1, 2), 1))
                        """, tower.heads(), channels / tower.heads()));
                return List.of(queries, keys, values, output);
            }

            /** {@code convN}, which keeps the size but for its stride, and {@code bnN}; gives the latter's weight. */
            private Weight normalizedConvolution(ModulePart parent, int number, int inputs, int outputs, int kernel,
                    int stride) {
                layers.convolution(parent, "conv" + number, inputs, outputs, kernel, stride, kernel / 2);
                return layers.batchNormalization(parent, "bn" + number, outputs);
            }
        }
    }
}
