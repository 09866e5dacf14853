package dev.wick.memory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.core.JsonFactory;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HtmlWriterTest {
    private static final String HOSTILE = "</script><script>document.title='broken'</script><!--\u2028\"'";

    @TempDir
    private Path directory;

    private static String page(MemoryTimeline timeline, int most) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        HtmlWriter.write(timeline, most, out);
        return out.toString(StandardCharsets.UTF_8);
    }

    private static String element(String page, String id) {
        Matcher matcher = Pattern.compile("(?s)<script type=\"[a-z/]+\" id=\"" + id + "\">(.*?)</script>").matcher(page);
        assertThat(matcher.find()).isTrue();
        return matcher.group(1);
    }

    private static Map<String, Object> data(String page) throws IOException {
        return JsonTree.read(new JsonFactory().createParser(element(page, "data")));
    }

    private static ByteBuffer column(String page, String name) {
        return ByteBuffer.wrap(Base64.getDecoder().decode(element(page, "column-" + name)))
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    private static double[] numbers(String page, String name) {
        ByteBuffer raw = column(page, name);
        double[] numbers = new double[raw.remaining() / Double.BYTES];
        raw.asDoubleBuffer().get(numbers);
        return numbers;
    }

    private static int[] indexes(String page, String name) {
        ByteBuffer raw = column(page, name);
        int[] indexes = new int[raw.remaining() / Integer.BYTES];
        raw.asIntBuffer().get(indexes);
        return indexes;
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> object(Object value) {
        return (Map<String, Object>) value;
    }

    /** Adds the columns up as the page's script does. */
    private static double[] totals(String page) throws IOException {
        double[] bytes = numbers(page, "bytes");
        int[] allocation = indexes(page, "allocation");
        double[] leftOut = numbers(page, "left-out");
        double[] totals = new double[bytes.length + 1];
        double kept = (Long) data(page).get("unrecordedBytes");
        totals[0] = kept;
        for (int i = 0; i < bytes.length; i++) {
            if (allocation[i] >= 0 && allocation[i] != i) {
                assertThat(bytes[allocation[i]]).isEqualTo(bytes[i]);
                assertThat(allocation[allocation[i]]).isEqualTo(allocation[i]);
            }
            kept += allocation[i] == i ? bytes[i] : -bytes[i];
            totals[i + 1] = kept + (leftOut.length == 0 ? 0 : leftOut[i]);
        }
        return totals;
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void totalsAreTheTimelines(long seed) throws IOException {
        int size = (int) (seed * 500);
        RandomTimeline made = RandomTimeline.of(seed, size);
        String page = page(made.build(), HtmlWriter.MOST_EVENTS);
        double[] totals = totals(page);
        Map<String, Object> peak = object(data(page).get("peak"));

        assertThat(totals[totals.length - 1]).isEqualTo(made.bytesAfter(size));
        assertThat(totals).startsWith(made.bytesAfter(0));
        assertThat(java.util.Arrays.stream(totals).max()).hasValue(made.peakBytes());
        assertThat(totals[Math.toIntExact((Long) peak.get("moment"))]).isEqualTo(made.peakBytes());
        assertThat(numbers(page, "left-out")).isEmpty();
        for (Object grouping : (List<?>) data(page).get("groupings")) {
            assertThat(((List<?>) object(grouping).get("peak")).stream()
                    .mapToLong(share -> (Long) object(share).get("bytes")).sum()).isEqualTo(made.peakBytes());
        }
    }

    /** The largest are drawn, the others are in one sum, and the peak is where it was. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void ofTooManyEventsTheLargestAreDrawn(long seed) throws IOException {
        RandomTimeline made = RandomTimeline.of(seed, 4000);
        MemoryTimeline timeline = made.build();
        String page = page(timeline, 1000);
        double[] totals = totals(page);

        assertThat(totals.length).isBetween(300, 1300);
        assertThat(totals[Math.toIntExact((Long) object(data(page).get("peak")).get("moment"))])
                .isEqualTo(made.peakBytes());
        assertThat(java.util.Arrays.stream(totals).max()).hasValue(made.peakBytes());
        assertThat(totals[totals.length - 1]).isCloseTo(made.bytesAfter(4000), within(made.peakBytes() * 0.02));
        assertThat((List<?>) data(page).get("warnings")).hasSize(1);
        long largest = MemoryPeak.of(timeline).allocations(1).getFirst().bytes();
        assertThat(numbers(page, "bytes")).contains((double) largest);
    }

    /** All alike: no size tells which to keep. */
    @Test
    void ofLikeAllocationsSomeAreDrawn() throws IOException {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu");
        for (int i = 0; i < 5000; i++) {
            builder.free(2L * i + 1, builder.alloc(2L * i, i, 4096, 0));
        }
        assertThat(totals(page(builder.build(), 1000)).length).isBetween(400, 1200);
    }

    @Test
    void missingEventsAreTold() throws IOException {
        MemoryTimeline timeline = new MemoryTimeline.Builder("cpu").dropped(1234, 77).build();
        assertThat((List<?>) data(page(timeline, 10)).get("warnings")).singleElement().asString().contains("1,234");
    }

    @Test
    void noTextEndsItsElementAndNoOtherScriptMayRun() throws Exception {
        MemoryTimeline.Builder builder = new MemoryTimeline.Builder("cpu");
        builder.alloc(1, 1, 1, builder.context(new MemoryContext(HOSTILE, HOSTILE, HOSTILE,
                List.of(new MemoryFrame(HOSTILE, HOSTILE, 1)), List.of(new MemoryFrame(HOSTILE, HOSTILE, 1)))));
        builder.mark(HOSTILE, 1);
        String page = page(builder.build(), 10);
        Map<String, Object> context = object(((List<?>) data(page).get("contexts")).get(1));
        assertThat(context).containsEntry("operator", HOSTILE);
        assertThat(page).doesNotContain("document.title='broken'</script>");

        Matcher policy = Pattern.compile("default-src 'none'; style-src '([^']+)'; script-src '([^']+)'").matcher(page);
        assertThat(policy.find()).isTrue();
        assertThat(policy.group(1)).isEqualTo(hash(page, "<style>(.*?)</style>"));
        assertThat(policy.group(2)).isEqualTo(hash(page, "<script>(.*?)</script>"));
        assertThat(page).doesNotContainPattern("(src|href)=").doesNotContain("${");
    }

    private static String hash(String page, String element) throws Exception {
        Matcher matcher = Pattern.compile("(?s)" + element).matcher(page);
        assertThat(matcher.find()).isTrue();
        return "sha256-" + Base64.getEncoder().encodeToString(MessageDigest.getInstance("SHA-256")
                .digest(matcher.group(1).getBytes(StandardCharsets.UTF_8)));
    }

    /** In a real browser: the script runs to its end and says nothing on the console. */
    @Test
    void aBrowserDrawsIt() throws Exception {
        Path browser = java.util.Arrays.stream(System.getenv("PATH").split(File.pathSeparator))
                .flatMap(path -> List.of("chromium", "chromium-browser", "google-chrome").stream().map(Path.of(path)::resolve))
                .filter(Files::isExecutable).findFirst().orElse(null);
        assumeTrue(browser != null, "there is no Chromium to open a page with");
        RandomTimeline made = RandomTimeline.of(4, 100_000);
        Path file = directory.resolve("timeline.html");
        HtmlWriter.write(made.build(), file);
        Path seen = directory.resolve("seen.html");
        Path console = directory.resolve("console");
        Process process = new ProcessBuilder(browser.toString(), "--headless", "--no-sandbox", "--disable-gpu",
                "--user-data-dir=" + directory.resolve("browser"), "--enable-logging=stderr", "--virtual-time-budget=5000",
                "--dump-dom", file.toUri().toString()).redirectOutput(seen.toFile()).redirectError(console.toFile()).start();
        try {
            assumeTrue(process.waitFor(120, TimeUnit.SECONDS), "Chromium does not come to an end here");
        } finally {
            process.destroyForcibly().waitFor();
        }
        assumeTrue(process.exitValue() == 0, "Chromium does not run here");
        assertThat(Files.readString(console)).doesNotContain("CONSOLE");
        String dom = Files.readString(seen);
        assertThat(dom).contains(String.format(java.util.Locale.ROOT, "%,d B", made.peakBytes()));
        assertThat(dom.substring(dom.indexOf("id=\"allocations\""), dom.indexOf("<noscript>")).split("<tr>"))
                .hasSizeGreaterThan(90);
        assertThat(dom).containsPattern("<li><i style=\"background: var\\(--series-1\\)");
    }
}
