package dev.wick.study.zeroshot;

import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.binding.CacheDirectory;
import dev.wick.error.WickException;
import dev.wick.vision.file.Safetensors;
import dev.wick.vision.weights.StateDict;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Keeps text features in files, named after all that they depend on; any thread and process.
 *
 * <p>A file is there whole or not at all. One that cannot be read is made again.
 */
public final class TextFeatureCache {
    private static final String TENSOR = "features";

    private final Path directory;

    private TextFeatureCache(Path directory) {
        this.directory = directory;
    }

    /** In a directory, which is made when something is kept. */
    public static TextFeatureCache in(Path directory) {
        return new TextFeatureCache(directory);
    }

    /** Keeps nothing. */
    public static TextFeatureCache none() {
        return new TextFeatureCache(null);
    }

    /** Beside Wick's other caches: {@code WICK_CACHE}, or {@code ~/.cache/wick}. */
    public static TextFeatureCache inWicksCache() {
        return in(CacheDirectory.root().resolve("text-features"));
    }

    /** The SHA-256 of a file, as part of a key. */
    public static String hash(Path file) throws IOException {
        MessageDigest digest = sha256();
        try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest)) {
            in.transferTo(java.io.OutputStream.nullOutputStream());
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    /**
     * The rows of a key, from its file or made now.
     *
     * @param key all that they depend on, in one text
     */
    public float[][] get(String key, Supplier<float[][]> made) {
        if (directory == null) {
            return made.get();
        }
        Path file = directory.resolve(HexFormat.of().formatHex(sha256().digest(key.getBytes(StandardCharsets.UTF_8)))
                + ".safetensors");
        Optional<float[][]> kept = read(file);
        if (kept.isPresent()) {
            return kept.get();
        }
        float[][] rows = made.get();
        write(file, rows);
        return rows;
    }

    private static Optional<float[][]> read(Path file) {
        if (!Files.isRegularFile(file)) {
            return Optional.empty();
        }
        try (StateDict kept = StateDict.readIntoMemory(file)) {
            long[] shape = kept.shape(TENSOR);
            float[] all = kept.tensor(TENSOR).toFloatArray();
            float[][] rows = new float[Math.toIntExact(shape[0])][Math.toIntExact(shape[1])];
            for (int row = 0; row < rows.length; row++) {
                System.arraycopy(all, row * rows[row].length, rows[row], 0, rows[row].length);
            }
            return Optional.of(rows);
        } catch (WickException e) {
            return Optional.empty();
        }
    }

    private static void write(Path file, float[][] rows) {
        if (rows.length == 0) {
            return;
        }
        int width = rows[0].length;
        float[] all = new float[Math.multiplyExact(rows.length, width)];
        for (int row = 0; row < rows.length; row++) {
            System.arraycopy(rows[row], 0, all, row * width, width);
        }
        try (TensorScope _ = TensorScope.open()) {
            Files.createDirectories(file.getParent());
            Safetensors.write(file, Map.of(TENSOR, Tensor.of(all, rows.length, width)), Map.of());
        } catch (IOException e) {
            // The next run computes them again.
            System.getLogger(TextFeatureCache.class.getName()).log(System.Logger.Level.DEBUG, "not kept: " + file, e);
        }
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
