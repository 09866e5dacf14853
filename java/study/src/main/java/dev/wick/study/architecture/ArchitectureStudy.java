package dev.wick.study.architecture;

import dev.wick.error.BadArgumentException;
import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.vision.ArchitectureSummary;
import dev.wick.vision.ArchitectureSummary.Kind;
import dev.wick.vision.ArchitectureSummary.Layer;
import dev.wick.vision.ArchitectureSummary.Tower;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Puts architectures side by side: layers, parameters, heads, embeddings and costs; any thread.
 *
 * <p>All figures are {@link ArchitectureSummary}'s, which come of the walk that builds a model, without its tensors: LibTorch is
 * not loaded.
 */
public final class ArchitectureStudy {
    /** How its costs are counted. */
    static final String CONVENTION = "Costs are for one picture, or one text, at the architecture's own resolution: "
            + "multiply-adds of convolutions, linear layers, projections and the two products of attention. A multiply-add is "
            + "two FLOPs, as in open_clip's table of models (torchvision's counts one). An attention pool is counted with the "
            + "one query that is computed.";
    private static final List<Tower> TOWERS = List.of(Tower.IMAGE, Tower.TEXT);

    private final List<Compared> compared;

    /**
     * One of those compared.
     *
     * @param name    as the report calls it
     * @param origin  where it comes from: a file, or that it is built in
     * @param summary what it is made of
     */
    public record Compared(String name, String origin, ArchitectureSummary summary) {
    }

    /**
     * Takes architectures.
     *
     * @throws BadArgumentException unless there are two or more, of different names
     */
    public ArchitectureStudy(List<Compared> compared) {
        if (compared.size() < 2) {
            throw new BadArgumentException("expected two architectures or more to compare, got " + compared.size());
        }
        Set<String> names = new LinkedHashSet<>();
        for (Compared each : compared) {
            if (!names.add(each.name())) {
                throw new BadArgumentException("'" + each.name() + "' is given twice");
            }
        }
        this.compared = List.copyOf(compared);
    }

    /**
     * The comparison.
     *
     * @param listed whether the text lists all layers; the page always does
     */
    public StudyReport report(boolean listed) {
        StudyReport report = new StudyReport("Architectures: "
                + compared.stream().map(Compared::name).collect(Collectors.joining(" beside ")));
        compared.forEach(each -> report.fact(each.name(), each.origin()));
        overview(report);
        for (Tower tower : TOWERS) {
            List<Compared> having = having(tower);
            if (!having.isEmpty()) {
                stages(report, tower, having);
            }
        }
        heads(report);
        compared.forEach(each -> kinds(report, each));
        compared.forEach(each -> layers(report, each, listed));
        report.data("convention", CONVENTION).data("architectures", compared.stream().map(ArchitectureStudy::toMap).toList());
        return report;
    }

    private List<Compared> having(Tower tower) {
        return compared.stream().filter(each -> has(each, tower)).toList();
    }

    private static boolean has(Compared each, Tower tower) {
        return each.summary().layers().stream().anyMatch(layer -> layer.tower() == tower);
    }

    // Side by side

    private void overview(StudyReport report) {
        report.paragraph(CONVENTION);
        List<List<String>> rows = new ArrayList<>();
        row(rows, "input resolution", each -> each.imageResolution() + "x" + each.imageResolution());
        row(rows, "parameters", each -> Sizes.count(each.parameters()));
        for (Tower tower : TOWERS) {
            if (having(tower).isEmpty()) {
                continue;
            }
            String name = text(tower) + ": ";
            rowOf(rows, tower, name + "parameters", each -> Sizes.count(each.parameters(tower)));
            rowOf(rows, tower, name + "embedding", each -> Sizes.count(each.embeddingSizes().get(tower)));
            for (Kind kind : Kind.values()) {
                if (compared.stream().anyMatch(each -> count(each.summary(), tower, kind) > 0)) {
                    rowOf(rows, tower, name + plural(kind), each -> Sizes.count(count(each, tower, kind)));
                }
            }
            rowOf(rows, tower, name + "multiply-adds", each -> giga(each.multiplyAdds(tower)));
            rowOf(rows, tower, name + "FLOPs", each -> giga(each.flops(tower)));
        }
        List<Column> columns = new ArrayList<>(List.of(Column.text("")));
        compared.forEach(each -> columns.add(Column.number(each.name())));
        report.table(null, columns, rows);
    }

    private void row(List<List<String>> rows, String name, Function<ArchitectureSummary, String> value) {
        List<String> row = new ArrayList<>(List.of(name));
        compared.forEach(each -> row.add(value.apply(each.summary())));
        rows.add(row);
    }

    private void rowOf(List<List<String>> rows, Tower tower, String name, Function<ArchitectureSummary, String> value) {
        List<String> row = new ArrayList<>(List.of(name));
        compared.forEach(each -> row.add(has(each, tower) ? value.apply(each.summary()) : HtmlPage.NOTHING));
        rows.add(row);
    }

    private static long count(ArchitectureSummary summary, Tower tower, Kind kind) {
        return summary.layers().stream().filter(layer -> layer.tower() == tower && layer.kind() == kind).count();
    }

    private static void stages(StudyReport report, Tower tower, List<Compared> having) {
        report.section("Stages of the " + text(tower) + "s");
        Set<String> union = new LinkedHashSet<>();
        having.forEach(each -> union.addAll(each.summary().parametersByStage(tower).keySet()));
        // Every tower ends with its head.
        union.remove(ArchitectureSummary.HEAD);
        union.add(ArchitectureSummary.HEAD);
        List<String> stages = List.copyOf(union);
        List<Column> columns = new ArrayList<>(List.of(Column.text("stage")));
        for (Compared each : having) {
            String before = having.size() == 1 ? "" : each.name() + " ";
            columns.addAll(List.of(Column.number(before + "layers"), Column.number("parameters"), Column.number("FLOPs"),
                    Column.number("gives")));
        }
        List<List<String>> rows = new ArrayList<>();
        for (String stage : stages) {
            List<String> row = new ArrayList<>(List.of(stage));
            for (Compared each : having) {
                List<Layer> layers = each.summary().layers().stream()
                        .filter(layer -> layer.tower() == tower && layer.stage().equals(stage)).toList();
                row.addAll(layers.isEmpty() ? List.of(HtmlPage.NOTHING, HtmlPage.NOTHING, HtmlPage.NOTHING, HtmlPage.NOTHING)
                        : List.of(Sizes.count(layers.size()),
                                Sizes.count(layers.stream().mapToLong(Layer::parameters).sum()),
                                giga(2 * layers.stream().mapToLong(Layer::multiplyAdds).sum()),
                                sizes(layers.getLast().output())));
            }
            rows.add(row);
        }
        report.table(null, columns, rows);
        report.bars("Parameters by stage, " + text(tower), "million", null, stages, having.stream()
                .map(each -> series(each, stages, each.summary().parametersByStage(tower), 1e6, Sizes::count)).toList());
        report.bars("FLOPs by stage, " + text(tower), "GFLOP", null, stages, having.stream()
                .map(each -> series(each, stages, each.summary().multiplyAddsByStage(tower), 0.5e9,
                        adds -> giga(2 * adds))).toList());
    }

    private static StudyReport.Series series(Compared each, List<String> stages, Map<String, Long> byStage, double unit,
            Function<Long, String> text) {
        List<Double> values = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        for (String stage : stages) {
            Long value = byStage.get(stage);
            values.add(value == null ? null : Double.valueOf(value / unit));
            texts.add(value == null ? HtmlPage.NOTHING : text.apply(value));
        }
        return new StudyReport.Series(each.name(), values, texts);
    }

    private void heads(StudyReport report) {
        report.section("Heads");
        for (Tower tower : TOWERS) {
            for (Compared each : having(tower)) {
                report.paragraph(each.name() + (tower == Tower.IMAGE ? "" : ", " + text(tower)) + ": "
                        + HeadDescription.of(each.summary(), tower) + ".");
            }
        }
        for (Compared each : compared) {
            report.table("The head of " + each.name() + "'s image tower", LAYER_COLUMNS,
                    each.summary().head(Tower.IMAGE).stream().map(ArchitectureStudy::row).toList());
        }
    }

    // Of one

    private static void kinds(StudyReport report, Compared each) {
        ArchitectureSummary summary = each.summary();
        List<Kind> kinds = Arrays.stream(Kind.values()).filter(kind -> summary.layers().stream()
                .anyMatch(layer -> layer.kind() == kind)).toList();
        List<Column> columns = new ArrayList<>(List.of(Column.text("tower"), Column.text("stage")));
        kinds.forEach(kind -> columns.add(Column.number(plural(kind))));
        Map<String, List<Layer>> byStage = new LinkedHashMap<>();
        summary.layers().forEach(layer -> byStage.computeIfAbsent(layer.tower() + "\n" + layer.stage(), _ -> new ArrayList<>())
                .add(layer));
        List<List<String>> rows = new ArrayList<>();
        byStage.values().forEach(layers -> {
            List<String> row = new ArrayList<>(List.of(text(layers.getFirst().tower()), layers.getFirst().stage()));
            kinds.forEach(kind -> {
                long count = layers.stream().filter(layer -> layer.kind() == kind).count();
                row.add(count == 0 ? "" : Sizes.count(count));
            });
            rows.add(row);
        });
        report.section("Layers of " + each.name());
        report.table(Sizes.count(summary.layers().size()) + " layers by stage and kind", columns, rows);
    }

    private static final List<Column> LAYER_COLUMNS = List.of(Column.text("layer"), Column.text("stage"), Column.text("kind"),
            Column.number("weight"), Column.number("gives"), Column.number("parameters"), Column.number("multiply-adds"));

    private static void layers(StudyReport report, Compared each, boolean listed) {
        String caption = "All layers of " + each.name();
        List<List<String>> rows = each.summary().layers().stream().map(ArchitectureStudy::row).toList();
        if (listed) {
            report.table(caption, LAYER_COLUMNS, rows);
        } else {
            report.longTable(caption, LAYER_COLUMNS, rows);
        }
    }

    private static List<String> row(Layer layer) {
        return List.of(layer.name(), layer.stage(), singular(layer.kind()), sizes(layer.shape()), sizes(layer.output()),
                Sizes.count(layer.parameters()), Sizes.count(layer.multiplyAdds()));
    }

    // As a person reads it

    private static String text(Tower tower) {
        return switch (tower) {
            case IMAGE -> "image tower";
            case TEXT -> "text tower";
            case JOINT -> "both";
        };
    }

    private static String singular(Kind kind) {
        return kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }

    private static String plural(Kind kind) {
        return switch (kind) {
            case LINEAR -> "linear layers";
            case ATTENTION -> "attentions";
            default -> singular(kind) + "s";
        };
    }

    private static String sizes(List<Long> sizes) {
        return sizes.isEmpty() ? HtmlPage.NOTHING : sizes.stream().map(String::valueOf).collect(Collectors.joining("x"));
    }

    private static String giga(long count) {
        return String.format(Locale.ROOT, "%.3f G", count / 1e9);
    }

    // For a program

    private static Map<String, Object> toMap(Compared each) {
        ArchitectureSummary summary = each.summary();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", each.name());
        map.put("architecture", summary.name());
        map.put("origin", each.origin());
        map.put("imageResolution", summary.imageResolution());
        map.put("parameters", summary.parameters());
        Map<String, Object> towers = new LinkedHashMap<>();
        for (Tower tower : TOWERS) {
            if (has(each, tower)) {
                towers.put(tower.name().toLowerCase(Locale.ROOT), toMap(summary, tower));
            }
        }
        map.put("towers", towers);
        map.put("layers", summary.layers().stream().map(ArchitectureStudy::toMap).toList());
        return map;
    }

    private static Map<String, Object> toMap(ArchitectureSummary summary, Tower tower) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("parameters", summary.parameters(tower));
        map.put("multiplyAdds", summary.multiplyAdds(tower));
        map.put("flops", summary.flops(tower));
        map.put("embeddingSize", summary.embeddingSizes().get(tower));
        map.put("parametersByStage", summary.parametersByStage(tower));
        map.put("multiplyAddsByStage", summary.multiplyAddsByStage(tower));
        Map<String, Object> kinds = new LinkedHashMap<>();
        for (Kind kind : Kind.values()) {
            long count = count(summary, tower, kind);
            if (count > 0) {
                kinds.put(kind.name().toLowerCase(Locale.ROOT), count);
            }
        }
        map.put("layersByKind", kinds);
        map.put("head", summary.head(tower).stream().map(ArchitectureStudy::toMap).toList());
        return map;
    }

    private static Map<String, Object> toMap(Layer layer) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("name", layer.name());
        map.put("tower", layer.tower().name().toLowerCase(Locale.ROOT));
        map.put("stage", layer.stage());
        map.put("kind", layer.kind().name().toLowerCase(Locale.ROOT));
        map.put("shape", layer.shape());
        map.put("output", layer.output());
        map.put("parameters", layer.parameters());
        map.put("multiplyAdds", layer.multiplyAdds());
        return map;
    }
}
