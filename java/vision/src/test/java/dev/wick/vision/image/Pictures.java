package dev.wick.vision.image;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;

/** The pictures under {@code test/resources/pictures} and what Pillow makes of them. */
final class Pictures {
    static final Path FOLDER = Path.of("src/test/resources/pictures");
    static final Path PHOTO = Path.of("../../examples/photo.jpg");
    /** Of those in {@code kinds.zip.gz}. */
    static final int SIZE = 40;
    static final int RESIZED = 46;

    private static final Map<String, byte[]> KINDS = kinds();

    private Pictures() {
    }

    private static Map<String, byte[]> kinds() {
        Map<String, byte[]> kinds = new LinkedHashMap<>();
        try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(unzipped("kinds.zip.gz")))) {
            for (ZipEntry entry = zip.getNextEntry(); entry != null; entry = zip.getNextEntry()) {
                kinds.put(entry.getName(), zip.readAllBytes());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return kinds;
    }

    /** A file of the folder that is compressed. */
    static byte[] unzipped(String name) {
        try (InputStream in = new GZIPInputStream(Files.newInputStream(FOLDER.resolve(name)))) {
            return in.readAllBytes();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** A picture of one kind by its name, or what Pillow makes of it. */
    static byte[] kind(String name) {
        return KINDS.get(name);
    }

    /** Those of all kinds. */
    static java.util.List<String> names() {
        return KINDS.keySet().stream().filter(each -> !each.endsWith(".clip") && !each.endsWith(".imagenet")).toList();
    }

    static int largestDifference(byte[] pixels, byte[] expected) {
        if (pixels.length != expected.length) {
            throw new AssertionError(pixels.length + " samples, expected " + expected.length);
        }
        int largest = 0;
        for (int i = 0; i < pixels.length; i++) {
            largest = Math.max(largest, Math.abs((pixels[i] & 0xff) - (expected[i] & 0xff)));
        }
        return largest;
    }
}
