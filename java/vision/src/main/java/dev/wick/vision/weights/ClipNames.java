package dev.wick.vision.weights;

import dev.wick.Operator;
import dev.wick.Tensor;
import dev.wick.error.ModelUnreadableException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Brings a CLIP state dict to OpenAI's names, the ones that Wick's models have; any thread.
 *
 * <p>What has no place among OpenAI's names keeps its own, so that loading it lists it as unexpected: nothing is
 * guessed.
 */
public final class ClipNames {
    /** Whose names a state dict has. */
    public enum Family {
        /** OpenAI's archives, and OpenCLIP's models of class CLIP: {@code visual.conv1.weight}. */
        OPENAI("OpenAI's CLIP"),
        /** OpenCLIP's models of class CustomTextCLIP: the text tower is below {@code text.}. */
        OPEN_CLIP_TEXT("OpenCLIP's CustomTextCLIP"),
        /** Transformers' CLIPModel, or one of its towers: {@code vision_model.pre_layrnorm.weight}. */
        HUGGING_FACE("Hugging Face's CLIPModel");

        private final String description;

        Family(String description) {
            this.description = description;
        }

        /** In words. */
        @Override
        public String toString() {
            return description;
        }
    }

    /**
     * A state dict under OpenAI's names.
     *
     * @param family  whose names it had
     * @param weights made of the one that was given: close both, this one first. Tensors that had to be joined are
     *                copies
     * @param dropped names without a weight, which have no place: {@code position_ids}
     * @param unknown names that are none of OpenAI's: they are kept as they are. {@code logit_bias} is one
     */
    public record Canonical(Family family, StateDict weights, List<String> dropped, List<String> unknown) {
    }

    private static final String TEXT = "text.";
    private static final List<String> TEXT_TOWER = List.of("token_embedding.weight", "positional_embedding",
            "transformer.resblocks.", "ln_final.", "text_projection");
    private static final Pattern HUGGING_FACE_LAYER =
            Pattern.compile("(text_model|vision_model)\\.encoder\\.layers\\.(\\d{1,4})\\.(.+)");
    private static final Pattern JOINED = Pattern.compile("self_attn\\.([qkv])_proj\\.(weight|bias)");
    private static final Map<String, String> HUGGING_FACE_LAYER_NAMES = Map.of("self_attn.out_proj", "attn.out_proj",
            "layer_norm1", "ln_1", "layer_norm2", "ln_2", "mlp.fc1", "mlp.c_fc", "mlp.fc2", "mlp.c_proj");
    private static final Map<String, String> HUGGING_FACE_NAMES = Map.ofEntries(
            Map.entry("text_model.embeddings.token_embedding.weight", "token_embedding.weight"),
            Map.entry("text_model.embeddings.position_embedding.weight", "positional_embedding"),
            Map.entry("text_model.final_layer_norm.weight", "ln_final.weight"),
            Map.entry("text_model.final_layer_norm.bias", "ln_final.bias"),
            Map.entry("vision_model.embeddings.class_embedding", "visual.class_embedding"),
            Map.entry("vision_model.embeddings.patch_embedding.weight", "visual.conv1.weight"),
            Map.entry("vision_model.embeddings.position_embedding.weight", "visual.positional_embedding"),
            // Misspelt in the published files; the spelling that was meant is taken too.
            Map.entry("vision_model.pre_layrnorm.weight", "visual.ln_pre.weight"),
            Map.entry("vision_model.pre_layrnorm.bias", "visual.ln_pre.bias"),
            Map.entry("vision_model.pre_layernorm.weight", "visual.ln_pre.weight"),
            Map.entry("vision_model.pre_layernorm.bias", "visual.ln_pre.bias"),
            Map.entry("vision_model.post_layernorm.weight", "visual.ln_post.weight"),
            Map.entry("vision_model.post_layernorm.bias", "visual.ln_post.bias"),
            Map.entry("logit_scale", "logit_scale"));
    private static final Map<String, String> HUGGING_FACE_TRANSPOSED =
            Map.of("text_projection.weight", "text_projection",
            "visual_projection.weight", "visual.proj");
    private static final Set<String> HUGGING_FACE_POSITIONS = Set.of("text_model.embeddings.position_ids",
            "vision_model.embeddings.position_ids");

    private static final String BLOCK = "transformer\\.resblocks\\.\\d+\\.(attn\\.(in_proj_(weight|bias)"
            + "|out_proj\\.(weight|bias))|ln_[12]\\.(weight|bias)|mlp\\.c_(fc|proj)\\.(weight|bias))";
    private static final String NORMALIZATION = "(weight|bias|running_mean|running_var|num_batches_tracked)";
    private static final Pattern CANONICAL = Pattern.compile("(visual\\.)?" + BLOCK
            + "|token_embedding\\.weight|positional_embedding|ln_final\\.(weight|bias)|text_projection|logit_scale"
            + "|input_resolution|context_length|vocab_size"
            + "|visual\\.(conv1\\.weight|class_embedding|positional_embedding|ln_(pre|post)\\.(weight|bias)|proj)"
            + "|visual\\.(layer[1-4]\\.\\d+\\.)?(conv[1-3]\\.weight|bn[1-3]\\." + NORMALIZATION + ")"
            + "|visual\\.layer[1-4]\\.\\d+\\.downsample\\.(0\\.weight|1\\." + NORMALIZATION + ")"
            + "|visual\\.attnpool\\.(positional_embedding|[qkvc]_proj\\.(weight|bias))");

    private ClipNames() {
    }

    /** Whose names they are; empty when they are no CLIP's. */
    public static Optional<Family> family(Set<String> names) {
        if (names.stream().anyMatch(name -> name.startsWith("text_model.") || name.startsWith("vision_model."))) {
            return Optional.of(Family.HUGGING_FACE);
        }
        if (names.stream().anyMatch(name -> name.startsWith(TEXT) && isOfTextTower(name.substring(TEXT.length())))) {
            return Optional.of(Family.OPEN_CLIP_TEXT);
        }
        boolean visual = names.stream().anyMatch(name -> name.startsWith("visual.")
                && CANONICAL.matcher(name).matches());
        boolean text = names.contains("token_embedding.weight") && names.contains("positional_embedding");
        return visual || text ? Optional.of(Family.OPENAI) : Optional.empty();
    }

    private static boolean isOfTextTower(String name) {
        return TEXT_TOWER.stream().anyMatch(name::startsWith);
    }

    /**
     * Brings a state dict to OpenAI's names.
     *
     * @param weights stays the caller's, and must stay open as long as the result is used
     * @return empty when the names are no CLIP's
     * @throws ModelUnreadableException if parts that belong together do not fit each other
     */
    public static Optional<Canonical> canonical(StateDict weights) {
        Optional<Family> family = family(new LinkedHashSet<>(weights.names()));
        return family.map(known -> {
            Conversion conversion = new Conversion(weights);
            switch (known) {
                case OPENAI -> weights.names().forEach(name -> conversion.rename(name, name));
                case OPEN_CLIP_TEXT -> weights.names().forEach(conversion::openClip);
                case HUGGING_FACE -> conversion.huggingFace();
            }
            return conversion.result(known);
        });
    }

    /** One state dict under way; one thread. */
    private static final class Conversion {
        private final StateDict weights;
        private final SequencedMap<String, StateDict.Entry> entries = new LinkedHashMap<>();
        private final List<String> dropped = new ArrayList<>();

        Conversion(StateDict weights) {
            this.weights = weights;
        }

        Canonical result(Family family) {
            List<String> unknown = entries.keySet().stream().filter(name -> !CANONICAL.matcher(name).matches())
                    .toList();
            return new Canonical(family, weights.with(entries, List.of()), List.copyOf(dropped), unknown);
        }

        void rename(String old, String name) {
            put(name, weights.again(old));
        }

        private void put(String name, StateDict.Entry entry) {
            if (entries.put(name, entry) != null) {
                throw new ModelUnreadableException(weights.source(), "two of its tensors would be named '" + name
                        + "'");
            }
        }

        void openClip(String name) {
            String below = name.startsWith(TEXT) ? name.substring(TEXT.length()) : "";
            if (below.equals("text_projection.weight")) {
                // A linear layer's weight, where OpenAI has a matrix that features are multiplied by.
                transpose(name, "text_projection");
            } else if (isOfTextTower(below)) {
                rename(name, below);
            } else {
                rename(name, name);
            }
        }

        void huggingFace() {
            for (String name : weights.names()) {
                if (HUGGING_FACE_POSITIONS.contains(name)) {
                    dropped.add(name);
                } else if (HUGGING_FACE_NAMES.containsKey(name)) {
                    rename(name, HUGGING_FACE_NAMES.get(name));
                } else if (HUGGING_FACE_TRANSPOSED.containsKey(name)) {
                    transpose(name, HUGGING_FACE_TRANSPOSED.get(name));
                } else {
                    Matcher layer = HUGGING_FACE_LAYER.matcher(name);
                    if (layer.matches()) {
                        layer(name, (layer.group(1).equals("vision_model") ? "visual." : "") + "transformer.resblocks."
                                + layer.group(2) + ".", layer.group(3));
                    } else {
                        rename(name, name);
                    }
                }
            }
        }

        private void layer(String name, String block, String part) {
            Matcher joined = JOINED.matcher(part);
            if (joined.matches()) {
                String stem = name.substring(0, name.length() - part.length()) + "self_attn.";
                List<String> parts = List.of(stem + "q_proj." + joined.group(2), stem + "k_proj." + joined.group(2),
                        stem + "v_proj." + joined.group(2));
                if (!parts.stream().allMatch(weights::contains)) {
                    rename(name, name);
                } else if (joined.group(1).equals("q")) {
                    join(parts, block + "attn.in_proj_" + joined.group(2));
                }
                return;
            }
            int dot = part.lastIndexOf('.');
            String module = dot < 0 ? null : HUGGING_FACE_LAYER_NAMES.get(part.substring(0, dot));
            rename(name, module == null ? name : block + module + part.substring(dot));
        }

        /** Query, key and value, one below the other, as PyTorch's attention has them in one matrix. */
        private void join(List<String> parts, String name) {
            long[] shape = weights.shape(parts.getFirst());
            for (String part : parts) {
                if (shape.length == 0 || !Arrays.equals(weights.shape(part), shape)
                        || weights.dtype(part) != weights.dtype(parts.getFirst())) {
                    throw new ModelUnreadableException(weights.source(), parts.getFirst() + " and " + part
                            + " differ in shape or dtype, and belong into one matrix");
                }
            }
            shape[0] = Math.multiplyExact(shape[0], parts.size());
            put(name, new StateDict.Entry(weights.dtype(parts.getFirst()), shape, () -> {
                List<Tensor> tensors = parts.stream().map(weights::tensor).toList();
                return Operator.call("aten::cat", tensors, 0L).tensor();
            }));
        }

        private void transpose(String old, String name) {
            long[] shape = weights.shape(old);
            if (shape.length != 2) {
                throw new ModelUnreadableException(weights.source(), old + " is no matrix: its shape is "
                        + Arrays.toString(shape));
            }
            put(name, new StateDict.Entry(weights.dtype(old), new long[] {shape[1], shape[0]},
                    () -> weights.tensor(old).permute(1, 0)));
        }
    }
}
