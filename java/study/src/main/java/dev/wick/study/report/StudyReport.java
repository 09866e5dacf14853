package dev.wick.study.report;

import dev.wick.study.report.HtmlPage.Column;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.SequencedMap;

/**
 * A study's result, which is shown in three ways: as text, as JSON, as an HTML page that loads nothing; one thread.
 *
 * <p>What is added is shown in its order. Charts, heat maps and pictures are on the page alone; tables and paragraphs are in
 * the text too; JSON has what {@link #data} was given.
 */
public final class StudyReport {
    private static final String SCRIPT = "study.js";

    private final String title;
    private final SequencedMap<String, String> facts = new LinkedHashMap<>();
    private final Map<String, Object> data = new LinkedHashMap<>();
    private final List<Part> parts = new ArrayList<>();
    private int charts;

    private sealed interface Part {
    }

    private record Section(String heading) implements Part {
    }

    private record Paragraph(String text, boolean warning) implements Part {
    }

    private record Table(String caption, List<Column> columns, List<List<String>> rows, boolean onPageAlone) implements Part {
    }

    private record Bars(String id, String caption, String axis, Double most, List<String> groups, List<Series> series)
            implements Part {
    }

    private record Heat(String caption, String corner, List<String> rows, List<String> columns, long[][] counts)
            implements Part {
    }

    private record Pictures(List<HtmlPage.Picture> pictures) implements Part {
    }

    /**
     * Bars of one kind, one for each group.
     *
     * @param name   of the kind
     * @param values null where there is none
     * @param texts  beside the bars
     */
    public record Series(String name, List<Double> values, List<String> texts) {
        /** Shares between 0 and 1, drawn and written as percentages; NaN is none. */
        public static Series percentages(String name, List<Double> shares) {
            return new Series(name, shares.stream().map(share -> share.isNaN() ? null : Double.valueOf(100 * share)).toList(),
                    shares.stream().map(StudyReport::percent).toList());
        }
    }

    /** Begins a report. */
    public StudyReport(String title) {
        this.title = title;
    }

    /** Says how the result was made, on the page; a line break in a value stays one. */
    public StudyReport fact(String name, String value) {
        facts.put(name, value);
        return this;
    }

    /** Says which command line made it: the first of the facts on the page. */
    public StudyReport command(String line) {
        facts.putFirst("Command line", line);
        return this;
    }

    /** Adds {@link Provenance}, once LibTorch is loaded. */
    public StudyReport provenance() {
        facts.putAll(Provenance.facts());
        data.put("made", Provenance.toMap());
        return this;
    }

    /** Adds to the JSON: maps, lists, texts, numbers. */
    public StudyReport data(String name, Object value) {
        data.put(name, value);
        return this;
    }

    /** Begins a section. */
    public StudyReport section(String heading) {
        parts.add(new Section(heading));
        return this;
    }

    /** A paragraph. */
    public StudyReport paragraph(String text) {
        parts.add(new Paragraph(text, false));
        return this;
    }

    /** Something that a reader must not miss. */
    public StudyReport warning(String text) {
        parts.add(new Paragraph(text, true));
        return this;
    }

    /** A table, with a caption or null. */
    public StudyReport table(String caption, List<Column> columns, List<List<String>> rows) {
        parts.add(new Table(caption, List.copyOf(columns), List.copyOf(rows), false));
        return this;
    }

    /** A table that would be too much for a terminal; the page shows it when its caption is clicked on. */
    public StudyReport longTable(String caption, List<Column> columns, List<List<String>> rows) {
        parts.add(new Table(caption, List.copyOf(columns), List.copyOf(rows), true));
        return this;
    }

    /** Bars of percentages. */
    public StudyReport percentages(String caption, List<String> groups, List<Series> series) {
        return bars(caption, "%", 100.0, groups, series);
    }

    /**
     * Bars.
     *
     * @param axis what they measure
     * @param most the end of the axis; null for the largest value
     */
    public StudyReport bars(String caption, String axis, Double most, List<String> groups, List<Series> series) {
        parts.add(new Bars("chart-" + ++charts, caption, axis, most, List.copyOf(groups), List.copyOf(series)));
        return this;
    }

    /** Counts of two kinds of classes against each other, on the page. */
    public StudyReport heatMap(String caption, String corner, List<String> rows, List<String> columns, long[][] counts) {
        parts.add(new Heat(caption, corner, List.copyOf(rows), List.copyOf(columns), counts));
        return this;
    }

    /** Pictures with their answers, on the page. */
    public StudyReport pictures(List<HtmlPage.Picture> pictures) {
        if (!pictures.isEmpty()) {
            parts.add(new Pictures(List.copyOf(pictures)));
        }
        return this;
    }

    /** Adds all of another report, each of its sections below this one's; its JSON under a name of its own. */
    public StudyReport include(String name, StudyReport other) {
        section(other.title);
        for (Part part : other.parts) {
            // Charts are found by their number, which is of a page.
            parts.add(part instanceof Bars bars ? new Bars("chart-" + ++charts, bars.caption(), bars.axis(), bars.most(),
                    bars.groups(), bars.series()) : part);
        }
        data.put(name, other.data);
        return this;
    }

    /** A share as a percentage; an en dash for NaN. */
    public static String percent(double share) {
        return Double.isNaN(share) ? HtmlPage.NOTHING : String.format(Locale.ROOT, "%.1f %%", 100 * share);
    }

    // Three ways to show it

    /** Prints it for a terminal. */
    public void print(PrintWriter out) {
        out.println(title);
        for (Part part : parts) {
            switch (part) {
                case Section section -> {
                    out.println();
                    out.println(section.heading());
                }
                case Paragraph paragraph -> out.println((paragraph.warning() ? "warning: " : "") + paragraph.text());
                case Table table when !table.onPageAlone() -> {
                    out.println();
                    print(table, out);
                }
                case Table _, Bars _, Heat _, Pictures _ -> {
                }
            }
        }
        out.flush();
    }

    private static void print(Table table, PrintWriter out) {
        if (table.caption() != null) {
            out.println(table.caption());
        }
        StringBuilder alignment = new StringBuilder();
        table.columns().forEach(column -> alignment.append(column.number() ? 'r' : 'l'));
        TextTable text = new TextTable(alignment.toString());
        text.row(table.columns().stream().map(Column::name).toArray());
        table.rows().forEach(row -> text.row(row.toArray()));
        text.print(out, "");
    }

    /** JSON: what {@link #data} was given, behind the title and the time. */
    public String json() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("study", title);
        map.put("time", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
        map.putAll(data);
        return Json.text(map) + "\n";
    }

    /** The page. */
    public String html() {
        HtmlPage page = new HtmlPage(title, HtmlPage.Parts.load(StudyReport.class, SCRIPT));
        page.facts(facts);
        List<Object> drawn = new ArrayList<>();
        for (Part part : parts) {
            switch (part) {
                case Section section -> page.section(section.heading());
                case Paragraph(String text, boolean warning) when warning -> page.warning(text);
                case Paragraph paragraph -> page.paragraph(paragraph.text());
                case Table table when table.onPageAlone() -> page.foldedTable((table.caption() == null ? "All"
                        : table.caption()) + " (" + Sizes.count(table.rows().size()) + " rows)", table.columns(), table.rows());
                case Table table -> page.table(table.caption(), table.columns(), table.rows());
                case Heat heat -> page.heatMap(heat.caption(), heat.corner(), heat.rows(), heat.columns(), heat.counts());
                case Pictures pictures -> page.pictures(pictures.pictures());
                case Bars bars -> {
                    page.charts(List.of(new HtmlPage.Chart(bars.id(), bars.caption())));
                    drawn.add(script(bars));
                }
            }
        }
        return page.html(Map.of("charts", drawn));
    }

    private static Map<String, Object> script(Bars bars) {
        Map<String, Object> chart = new LinkedHashMap<>();
        chart.put("id", bars.id());
        chart.put("axis", bars.axis());
        chart.put("most", bars.most());
        chart.put("groups", bars.groups());
        chart.put("series", bars.series().stream().map(series -> {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("name", series.name());
            map.put("values", series.values());
            map.put("texts", series.texts());
            return map;
        }).toList());
        return chart;
    }
}
