package dev.wick.bench;

import dev.wick.vision.image.ImagePreprocessor;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Times decoding and preparing of pictures on one thread, a line for each that is asked for; {@code preprocess.py}
 * measures Pillow in turn with it.
 *
 * <p>A request is {@code RECIPE REPETITIONS FILE}, the answer the nanoseconds of one picture, from the file to
 * normalised float32 in memory. {@code RECIPE 0 FILE} writes {@code FILE.wick} with the 8-bit pixels instead.
 */
public final class PreprocessRound {
    private PreprocessRound() {
    }

    public static void main(String[] arguments) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        try (Arena arena = Arena.ofConfined()) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] parts = line.split(" ", 3);
                ImagePreprocessor recipe = parts[0].equals("clip") ? ImagePreprocessor.clip(224)
                        : ImagePreprocessor.imagenet(224);
                int repetitions = Integer.parseInt(parts[1]);
                Path file = Path.of(parts[2]);
                if (repetitions == 0) {
                    Files.write(Path.of(parts[2] + ".wick"), recipe.pixels(file).pixels());
                    System.out.println(0);
                    continue;
                }
                MemorySegment memory = arena.allocate(recipe.byteSize(), 64);
                long start = System.nanoTime();
                for (int i = 0; i < repetitions; i++) {
                    recipe.write(file, memory);
                }
                System.out.println((System.nanoTime() - start) / repetitions);
            }
        }
    }
}
