package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Engine;
import dev.wick.Optimization;
import dev.wick.Runner;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.Json;
import dev.wick.study.report.Machine;
import dev.wick.study.report.Sizes;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** The page of a benchmark whose numbers are known. */
class BenchPageTest {
    private static final ObjectMapper MAPPER = new ObjectMapper();
    private static final String HOSTILE = "</script><img src=x onerror=alert(1)>\"'&.pt";

    private final BenchReport report = report("models/" + HOSTILE);

    private static BenchReport report(String model) {
        BenchMeasurement measurement = new BenchMeasurement(new ModelSource.Converter().convert(model), "forward", Device.CPU,
                List.of(new InputShape(DType.FLOAT32, new long[] {1, 3, 224, 224})), null, Optimization.AUTO, 100, 5,
                1_500_000_000L, Transfers.NONE, false);
        return new BenchReport(measurement, null, List.of(DType.FLOAT32, DType.BFLOAT16), List.of(1L, 8L),
                List.of("bench", model, "--shape", "1x3x224x224"));
    }

    private static BenchCell cell(DType dtype, long batch, long[] samples, boolean cut) {
        return cell(dtype, batch, samples, null, cut);
    }

    private static BenchCell cell(DType dtype, long batch, long[] samples, BenchCell.DeviceTimes device, boolean cut) {
        List<Runner.Trial> trials = List.of(
                new Runner.Trial(Optimization.OFI, 1_234_567, 0.25, "its outputs do not agree"),
                new Runner.Trial(Optimization.ONEDNN, -1, Double.NaN, "it failed"));
        return new BenchCell(dtype, batch, samples, device, 4, cut,
                new Runner.Preparation(Optimization.FREEZE, "fastest", trials, 7_654_321, 3, device == null ? 0 : 17), "fastest that agrees",
                1.25, 34_567_890, 12_345_678, "allocator", 0.0125, 0.00375, 0.875, 42);
    }

    /** Milliseconds from 1 to 100, the slowest first. */
    private static long[] hundred() {
        return LongStream.rangeClosed(1, 100).map(i -> (101 - i) * 1_000_000).toArray();
    }

    private String page(boolean complete) {
        return new BenchPage().html(report, report.toMap(complete));
    }

    private static JsonNode data(String page) throws IOException {
        Matcher matcher = Pattern.compile("(?s)<script type=\"application/json\" id=\"data\">(.*?)</script>")
                .matcher(page);
        assertThat(matcher.find()).isTrue();
        return MAPPER.readTree(matcher.group(1));
    }

    /** Rows of the tables, as texts with a bar between cells. */
    private static List<String> rows(String page) {
        List<String> rows = new ArrayList<>();
        Matcher matcher = Pattern.compile("<tr>(.*?)</tr>").matcher(page);
        while (matcher.find()) {
            rows.add(matcher.group(1).replaceAll("</t[dh]><t[dh][^>]*>", "|").replaceAll("<[^>]*>", ""));
        }
        return rows;
    }

    /** What a CUDA device's host and device do of a run is told apart; on the CPU there is no such table. */
    @Test
    void partsOfARunOnADeviceAreTold() throws IOException {
        report.add(cell(DType.FLOAT32, 1, new long[] {5_000_000, 6_000_000}, new BenchCell.DeviceTimes(Transfers.PINNED,
                new long[] {40_000, 60_000}, new long[] {4_100_000, 4_300_000}), false));
        String page = page(true);
        assertThat(page).contains("Milliseconds of its parts").contains("4.10000").contains("0.04000").contains(">17<");
        JsonNode result = data(page).get("results").get(0);
        assertThat(result.get("transfers").asText()).isEqualTo("pinned");
        assertThat(result.get("enqueueMs").get("p50").asDouble()).isEqualTo(0.04);
        assertThat(result.get("deviceMs").get("p90").asDouble()).isEqualTo(4.3);
        assertThat(result.get("deviceSamplesMs")).hasSize(2);
    }

    @Test
    void onTheCpuThereAreNoParts() throws IOException {
        report.add(cell(DType.FLOAT32, 1, hundred(), false));
        assertThat(page(true)).doesNotContain("Milliseconds of its parts");
        assertThat(data(page(true)).get("results").get(0).get("enqueueMs").isNull()).isTrue();
    }

    @Test
    void tablesHoldEveryNumberOfACell() {
        report.add(cell(DType.FLOAT32, 1, hundred(), false));
        report.add(cell(DType.BFLOAT16, 8, new long[] {2_000_000, 4_000_000}, false));

        assertThat(rows(page(true))).contains(
                "dtype|batch|runs|discarded|mean|std|min|p50|p90|p95|p99|max|p50 of fp32|note",
                "fp32|1|100|4|50.500|29.011|1.000|50.000|90.000|95.000|99.000|100.000|1.00|",
                "bf16|8|2|4|3.000|1.414|2.000|2.000|4.000|4.000|4.000|4.000|\u2013|",
                "fp32|1|19.80|50.5000", "bf16|8|2,666.67|0.3750",
                "fp32|1|11.8 MiB|12,345,678|allocator|33.0 MiB|34,567,890|7,654,321",
                "fp32|1|1.25e-02|3.75e-03|0.8750|42",
                "fp32|1|freeze|fastest that agrees|1.250",
                "fp32|1|ofi|1.235|2.50e-01|its outputs do not agree", "fp32|1|onednn|\u2013|NaN|it failed");
    }

    @Test
    void headerSaysHowTheNumbersWereMade() {
        assertThat(page(true)).contains("100 timed runs after 5 discarded, within 1.5 s; optimisation asked for: auto",
                "<dt>Method</dt><dd>forward</dd>", "1x3x224x224\nrandom, the same for every dtype (seed 1)",
                HtmlPage.escape(Machine.cpu()), Sizes.bytes(Machine.memoryBytes()) + " of memory",
                HtmlPage.escape(Machine.jvm()), "<dt>LibTorch</dt><dd>2.10.0", "<dt>Calls</dt><dd>" + Engine.get().calls() + ": ")
                .contains("<dd>wick bench &#39;models/&lt;/script&gt;");
    }

    @Test
    void aCellThatFailedOrWasCutOrIsMissingShowsAsSuch() {
        report.add(cell(DType.FLOAT32, 1, new long[] {9_000_000}, true));
        report.add(new BenchReport.Failed(DType.BFLOAT16, 1, "no <kernel>"));

        assertThat(page(false)).contains(
                "<p class=\"warning\">Incomplete: when this was written, 2 of 4 cells were done",
                "<p class=\"warning\">fp32, batch 1: cut after 1 run: outran the budget of 1.5 s</p>",
                "<p class=\"warning\">bf16, batch 1 failed: no &lt;kernel&gt;</p>");
        assertThat(rows(page(false))).contains("bf16|1|failed: no &lt;kernel&gt;")
                .anyMatch(row -> row.startsWith("fp32|1|1|4|9.000|\u2013|9.000|")
                        && row.endsWith("|cut after 1 run: outran the budget of 1.5 s"));
        assertThat(page(true)).doesNotContain("Incomplete");
    }

    @Test
    void nothingIsFetchedAndOnlyThePagesOwnScriptsRun() throws Exception {
        report.add(cell(DType.FLOAT32, 1, hundred(), false));
        String page = page(true);
        String markup = page.replaceAll("(?s)<script.*?</script>", "");
        Matcher scripts = Pattern.compile("<script>(.*?)</script>", Pattern.DOTALL).matcher(page);
        Matcher policy = Pattern.compile("Content-Security-Policy\" content=\"(.*?)\"").matcher(page);

        assertThat(markup).doesNotContainPattern("(?i)<[a-z][^>]*\\s(src|href|action|data|style|on[a-z]+)\\s*=")
                .doesNotContainPattern("(?i)@import|url\\(|<link|<iframe|<base");
        assertThat(page).doesNotContain("sourceMappingURL");
        assertThat(policy.find()).isTrue();
        assertThat(policy.group(1)).startsWith("default-src 'none'; style-src 'sha256-")
                .doesNotContain("unsafe", "http");
        int count = 0;
        while (scripts.find()) {
            byte[] digest = MessageDigest.getInstance("SHA-256")
                    .digest(scripts.group(1).getBytes(StandardCharsets.UTF_8));
            assertThat(policy.group(1)).contains("'sha256-" + Base64.getEncoder().encodeToString(digest) + "'");
            count++;
        }
        assertThat(count).isEqualTo(3);
    }

    @Test
    void theLibrarysLicenceIsKept() {
        assertThat(page(true)).containsPattern("(?s)<!--\\nChart\\.js [0-9.]+, .*The MIT License.*"
                + "Chart\\.js Contributors.*Permission is hereby granted.*-->")
                .contains("@kurkle/color v", "Jukka Kurkela");
    }

    @Test
    void textsFromOutsideAreNoMarkup() throws IOException {
        report.add(new BenchReport.Failed(DType.FLOAT32, 1, HOSTILE + "\u2028\u2029\u0007<!--"));
        String page = page(true);

        assertThat(page).doesNotContain("<img", "\u2028<", "\u0007").contains(HtmlPage.escape(HOSTILE));
        assertThat(HtmlPage.escape("<a b='\"'>&\u0000\n")).isEqualTo("&lt;a b=&#39;&quot;&#39;&gt;&amp;\ufffd\n");
        assertThat(data(page).at("/failures/0/error").asText()).isEqualTo(HOSTILE + "\u2028\u2029\u0007<!--");
        assertThat(Json.inScript(Map.of("k", "</script>\u2028\u2029<!--"))).doesNotContain("<", "\u2028", "\u2029");
    }

    @Test
    void theDataAreThoseOfTheReport() throws IOException {
        report.add(cell(DType.FLOAT32, 1, hundred(), false));
        report.add(cell(DType.BFLOAT16, 1, hundred(), true));
        report.add(new BenchReport.Failed(DType.BFLOAT16, 8, HOSTILE));
        Map<String, Object> map = report.toMap(true);

        assertThat(data(new BenchPage().html(report, map))).isEqualTo(MAPPER.readTree(Json.text(map)));
    }

    @Test
    void longSeriesAreThinnedOutAndThePageSaysSo() throws IOException {
        long[] samples = LongStream.rangeClosed(1, 20_000).map(i -> 1_000_000 + i * 7919 % 20_000).toArray();
        samples[12_345] = 900_000_000;
        report.add(cell(DType.FLOAT32, 1, samples, false));
        report.add(cell(DType.BFLOAT16, 1, hundred(), false));
        String page = page(true);
        JsonNode result = data(page).at("/results/0");
        JsonNode thinned = result.get("thinnedSamples");

        assertThat(page).contains("fp32, batch 1: the charts show 2,000 points", "of 20,000 runs. The table is of all.")
                .doesNotContain("bf16, batch 1: the charts");
        assertThat(result.has("samplesMs")).isFalse();
        assertThat(data(page).at("/results/1/samplesMs")).hasSize(100);
        assertThat(thinned.get("ranks")).hasSize(2001);
        assertThat(thinned.at("/ranks/0").asInt()).isEqualTo(1);
        assertThat(thinned.at("/ranks/2000").asInt()).isEqualTo(20_000);
        assertThat(thinned.at("/rankedMs/1000").asDouble()).isEqualTo(result.at("/latencyMs/p50").asDouble());
        assertThat(thinned.at("/rankedMs/1980").asDouble()).isEqualTo(result.at("/latencyMs/p99").asDouble());
        assertThat(thinned.at("/rankedMs/2000").asDouble()).isEqualTo(900);
        assertThat(thinned.get("runs")).hasSize(2000).isSubsetOf(ints(1, 20_000)).doesNotHaveDuplicates();
        assertThat(IntStream.range(0, 2000).filter(i -> thinned.at("/runs/" + i).asInt() == 12_346)
                .mapToDouble(i -> thinned.at("/runsMs/" + i).asDouble())).containsExactly(900.0);
    }

    private static List<JsonNode> ints(int from, int to) {
        return IntStream.rangeClosed(from, to).<JsonNode>mapToObj(MAPPER.getNodeFactory()::numberNode).toList();
    }
}
