package dev.wick.study.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;

/**
 * Builds a report as one HTML file that loads nothing: text, tables, and charts by Chart.js; one thread.
 *
 * <p>Style ({@code page.css}, which comes with the thin layer) and charting ({@code page.js}) are those of every report;
 * what a report draws is a script of its own, which reads the data that {@link #html} is given. All texts are escaped here:
 * no caller writes markup.
 */
public final class HtmlPage {
    private static final String LIBRARY = "META-INF/resources/webjars/chart.js/";
    private static final String LIBRARY_PROPERTIES = "META-INF/maven/org.webjars.npm/chart.js/pom.properties";
    /** In a cell for what does not exist. */
    public static final String NOTHING = "\u2013";

    private static final int SENTENCE = 40;
    /** Shades of a heat map that the style sheet has. */
    private static final int HEATS = 5;

    private final String title;
    private final Parts parts;
    private final StringBuilder body = new StringBuilder();
    private boolean hasPictures;

    /**
     * What every page of a kind has in common, read from the class path once.
     *
     * @param style   sheet of all reports
     * @param licence of the charting library
     * @param scripts to run, in their order
     */
    public record Parts(String style, String licence, List<String> scripts) {
        /**
         * Reads them.
         *
         * @param owner  the report's class
         * @param script its own script, a resource beside that class
         */
        public static Parts load(Class<?> owner, String script) {
            String library = LIBRARY + libraryVersion();
            return new Parts(fromClassPath("META-INF/wick/page.css"),
                    "Chart.js " + libraryVersion() + ", with @kurkle/color in it:\n\n" + fromClassPath(library + "/LICENSE.md"),
                    List.of(withoutSourceMap(fromClassPath(library + "/dist/chart.umd.min.js")), beside(HtmlPage.class, "page.js"),
                            beside(owner, script)));
        }
    }

    /**
     * A chart that the report's script draws.
     *
     * @param id      by which the script finds its place
     * @param caption above it
     */
    public record Chart(String id, String caption) {
    }

    /**
     * A column of a table.
     *
     * @param name   over it
     * @param number whether numbers are in it, which stand to the right
     */
    public record Column(String name, boolean number) {
        /** One of texts. */
        public static Column text(String name) {
            return new Column(name, false);
        }

        /** One of numbers. */
        public static Column number(String name) {
            return new Column(name, true);
        }
    }

    /** Begins a page with its title. */
    public HtmlPage(String title, Parts parts) {
        this.title = title;
        this.parts = parts;
        body.append("<h1>").append(escape(title)).append("</h1>\n");
    }

    /** Begins a section. */
    public void section(String heading) {
        body.append("<h2>").append(escape(heading)).append("</h2>\n");
    }

    /** A paragraph. */
    public void paragraph(String text) {
        body.append("<p>").append(escape(text)).append("</p>\n");
    }

    /** Something that a reader must not miss. */
    public void warning(String text) {
        body.append("<p class=\"warning\">").append(escape(text)).append("</p>\n");
    }

    /** Names with what belongs to them; a line break in a value stays one. */
    public void facts(Map<String, String> facts) {
        body.append("<dl>\n");
        facts.forEach((name, value) -> body.append("<div><dt>").append(escape(name)).append("</dt><dd>")
                .append(escape(value)).append("</dd></div>\n"));
        body.append("</dl>\n");
    }

    /**
     * A table.
     *
     * @param caption over it; null for none
     * @param rows    texts; where a row is shorter than the table is wide, its last text takes what is left
     */
    public void table(String caption, List<Column> columns, List<List<String>> rows) {
        // Reachable by the keyboard, since a narrow screen scrolls it.
        body.append("<div class=\"table\" tabindex=\"0\">\n<table>\n");
        if (caption != null) {
            body.append("<caption>").append(escape(caption)).append("</caption>\n");
        }
        body.append("<thead><tr>");
        for (Column column : columns) {
            body.append("<th scope=\"col\"").append(column.number() ? " class=\"number\">" : ">")
                    .append(escape(column.name())).append("</th>");
        }
        body.append("</tr></thead>\n<tbody>\n");
        for (List<String> row : rows) {
            body.append("<tr>");
            for (int i = 0; i < row.size(); i++) {
                int left = i == row.size() - 1 ? columns.size() - i : 1;
                body.append("<td").append(left > 1 ? " colspan=\"" + left + "\"" : style(columns.get(i), row.get(i)))
                        .append('>').append(escape(row.get(i))).append("</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</tbody>\n</table>\n</div>\n");
    }

    /** A table that is shown when its caption is clicked on. */
    public void foldedTable(String caption, List<Column> columns, List<List<String>> rows) {
        body.append("<details>\n<summary>").append(escape(caption)).append("</summary>\n");
        table(null, columns, rows);
        body.append("</details>\n");
    }

    /** A name is not broken at its hyphens, and a sentence gets more room than a word. */
    private static String style(Column column, String text) {
        return column.number() ? " class=\"number\"" : text.length() > SENTENCE ? " class=\"prose\""
                : text.indexOf(' ') < 0 ? " class=\"word\"" : "";
    }

    /** Charts beside each other where there is room. */
    public void charts(List<Chart> charts) {
        body.append("<div class=\"charts\">\n");
        for (Chart chart : charts) {
            String id = escape(chart.id());
            String caption = escape(chart.caption());
            body.append("<figure><figcaption>").append(caption).append("</figcaption><div class=\"canvas\">")
                    .append("<canvas id=\"").append(id).append("\" role=\"img\" aria-label=\"").append(caption)
                    .append("\"></canvas></div></figure>\n");
        }
        body.append("</div>\n");
    }

    /**
     * A picture with what is said of it.
     *
     * @param jpeg    its file
     * @param name    under it, and read out in its place
     * @param columns of the lists beside each other
     */
    public record Picture(byte[] jpeg, String name, List<Answers> columns) {
    }

    /**
     * Answers to a picture, the best first.
     *
     * @param heading over them; null for none
     * @param answers a text and a share between 0 and 1 each
     */
    public record Answers(String heading, List<Answer> answers) {
    }

    /**
     * One answer.
     *
     * @param text  the label
     * @param share between 0 and 1, drawn as a bar
     * @param right whether it is the right one; null when that is not known
     */
    public record Answer(String text, double share, Boolean right) {
    }

    /** Pictures with their answers. */
    public void pictures(List<Picture> pictures) {
        hasPictures = true;
        body.append("<div class=\"pictures\">\n");
        for (Picture picture : pictures) {
            body.append("<figure class=\"picture\"><img alt=\"").append(escape(picture.name()))
                    .append("\" src=\"data:image/jpeg;base64,").append(Base64.getEncoder().encodeToString(picture.jpeg()))
                    .append("\"><figcaption>").append(escape(picture.name())).append("</figcaption><div>");
            for (Answers answers : picture.columns()) {
                answers(answers);
            }
            body.append("</div></figure>\n");
        }
        body.append("</div>\n");
    }

    private void answers(Answers answers) {
        body.append("<ol>");
        if (answers.heading() != null) {
            body.append("<li class=\"heading\">").append(escape(answers.heading())).append("</li>");
        }
        for (Answer answer : answers.answers()) {
            // A policy without inline styles: the bar's length is one of the meter's own.
            body.append("<li").append(answer.right() == null ? "" : answer.right() ? " class=\"right\"" : " class=\"wrong\"")
                    .append("><meter min=\"0\" max=\"1\" value=\"").append(String.format(Locale.ROOT, "%.4f", answer.share()))
                    .append("\"></meter> ").append(escape(answer.text())).append(" <span>")
                    .append(String.format(Locale.ROOT, "%.1f %%", 100 * answer.share())).append("</span></li>");
        }
        body.append("</ol>");
    }

    /**
     * A table whose cells are the darker the larger their counts are within their row.
     *
     * @param corner what rows and columns stand for
     */
    public void heatMap(String caption, String corner, List<String> rows, List<String> columns, long[][] counts) {
        body.append("<div class=\"table\" tabindex=\"0\">\n<table class=\"heat\">\n<caption>").append(escape(caption))
                .append("</caption>\n<thead><tr><th scope=\"col\">").append(escape(corner)).append("</th>");
        for (String column : columns) {
            body.append("<th scope=\"col\"><span>").append(escape(column)).append("</span></th>");
        }
        body.append("</tr></thead>\n<tbody>\n");
        for (int i = 0; i < rows.size(); i++) {
            long sum = Math.max(1, java.util.Arrays.stream(counts[i]).sum());
            body.append("<tr><th scope=\"row\">").append(escape(rows.get(i))).append("</th>");
            for (long count : counts[i]) {
                body.append("<td class=\"number heat-").append(Math.ceilDiv(HEATS * count, sum)).append("\">")
                        .append(count == 0 ? "" : Long.toString(count)).append("</td>");
            }
            body.append("</tr>\n");
        }
        body.append("</tbody>\n</table>\n</div>\n");
    }

    /**
     * The whole page.
     *
     * @param data for the scripts, as maps and lists
     */
    public String html(Object data) {
        StringBuilder page = new StringBuilder(300_000);
        page.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
        page.append("<meta http-equiv=\"Content-Security-Policy\" content=\"").append(policy()).append("\">\n");
        page.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        page.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
        page.append("<title>").append(escape(title)).append("</title>\n");
        page.append("<style>").append(parts.style()).append("</style>\n</head>\n<body>\n<main>\n");
        page.append(body);
        page.append("<noscript><p>The charts need JavaScript.</p></noscript>\n</main>\n");
        page.append("<script type=\"application/json\" id=\"data\">").append(Json.inScript(data)).append("</script>\n");
        page.append("<!--\n").append(parts.licence().replace("--", "- -")).append("-->\n");
        for (String script : parts.scripts()) {
            page.append("<script>").append(script).append("</script>\n");
        }
        return page.append("</body>\n</html>\n").toString();
    }

    /** Nothing is fetched, and no script runs but the page's own: not even one that slipped through the escaping. */
    private String policy() {
        StringBuilder policy = new StringBuilder("default-src 'none'; ").append(hasPictures ? "img-src data:; " : "")
                .append("style-src ").append(hash(parts.style())).append("; script-src");
        for (String script : parts.scripts()) {
            policy.append(' ').append(hash(script));
        }
        return policy.toString();
    }

    private static String hash(String text) {
        try {
            return "'sha256-" + Base64.getEncoder().encodeToString(
                    MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8))) + "'";
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /** A text as it stands in HTML, in an element or in quotes. */
    public static String escape(String text) {
        StringBuilder escaped = new StringBuilder(text.length());
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            switch (c) {
                case '&' -> escaped.append("&amp;");
                case '<' -> escaped.append("&lt;");
                case '>' -> escaped.append("&gt;");
                case '"' -> escaped.append("&quot;");
                case '\'' -> escaped.append("&#39;");
                // HTML has no other control characters, but file names may.
                default -> escaped.append(Character.isISOControl(c) && c != '\n' && c != '\t' ? '\ufffd' : c);
            }
        }
        return escaped.toString();
    }

    // The class path

    private static String libraryVersion() {
        Properties properties = new Properties();
        try (InputStream in = present(LIBRARY_PROPERTIES,
                HtmlPage.class.getClassLoader().getResourceAsStream(LIBRARY_PROPERTIES))) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    private static String beside(Class<?> owner, String name) {
        return text(name, owner.getResourceAsStream(name));
    }

    private static String fromClassPath(String name) {
        return text(name, HtmlPage.class.getClassLoader().getResourceAsStream(name));
    }

    private static String text(String name, InputStream found) {
        try (InputStream in = present(name, found)) {
            // A browser reads line ends so, and what it runs must have the hash that the policy names.
            return new String(in.readAllBytes(), StandardCharsets.UTF_8).replace("\r\n", "\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static InputStream present(String name, InputStream found) {
        if (found == null) {
            throw new IllegalStateException("HTML cannot be written: " + name + " is not on the class path");
        }
        return found;
    }

    /** The last line names a file beside the script, which is not there. */
    private static String withoutSourceMap(String script) {
        return script.replaceFirst("\\R//# sourceMappingURL=.*\\s*$", "\n");
    }
}
