package dev.wick.cli;

import dev.wick.study.report.TextTable;
import dev.wick.study.synset.ImageNetClass;
import dev.wick.study.synset.ImageNetClasses;
import dev.wick.study.synset.PartOfSpeech;
import dev.wick.study.synset.Sense;
import dev.wick.study.synset.Synset;
import dev.wick.study.synset.WordNet;
import java.io.PrintWriter;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * What was found for one query; one thread.
 *
 * @param query  as it was given
 * @param senses at least one
 */
record SynsetsReport(String query, List<Sense> senses) {
    private static final int INDENT = 12;
    private static final int WIDTH = 120;

    /** How many senses of which parts of speech: {@code 7 as a noun, 1 as a verb}. */
    static String counts(List<Sense> senses) {
        Map<PartOfSpeech, Long> counts = senses.stream().collect(Collectors.groupingBy(Sense::partOfSpeech,
                LinkedHashMap::new, Collectors.counting()));
        return counts.entrySet().stream().map(entry -> entry.getValue() + " as "
                + (entry.getKey().toString().startsWith("a") ? "an " : "a ") + entry.getKey())
                .collect(Collectors.joining(", "));
    }

    /** The query with how many senses it has. */
    String heading() {
        return query + ": " + (senses.size() == 1 ? "1 sense" : senses.size() + " senses, " + counts(senses));
    }

    /** A sense as it is headed: {@code noun 1 of dog}. */
    static String title(Sense sense) {
        return sense.partOfSpeech() + " " + sense.number() + " of " + sense.lemma();
    }

    /** What a synset is among the 1000 classes. */
    static String imageNet(Synset synset) {
        int count = ImageNetClasses.under(synset).size();
        Optional<ImageNetClass> own = ImageNetClasses.of(synset);
        if (own.isPresent()) {
            return "class " + own.get().index() + " of the 1000" + (count == 1 ? "" : ", and "
                    + classes(count - 1) + " under it");
        }
        return count == 0 ? "no class of the 1000, and none under it"
                : "no class of the 1000 itself; " + classes(count) + " under it";
    }

    private static String classes(int count) {
        return count + (count == 1 ? " class" : " classes");
    }

    /** A way up from its root, in one line. */
    static String chain(List<Synset> chain) {
        return chain.stream().map(synset -> synset.words().getFirst()).collect(Collectors.joining(" > "));
    }

    // Text

    void print(PrintWriter out, int limit) {
        out.println(heading());
        for (Sense sense : senses) {
            Synset synset = sense.synset();
            out.println();
            out.println(title(sense) + "  " + synset.name() + "  " + synset.id() + "  " + synset.id().wnid());
            line(out, "words", synset.label());
            line(out, "gloss", synset.gloss());
            WordNet.chains(synset).forEach(chain -> line(out, "chain", chain(chain)));
            line(out, "hyponyms", names(WordNet.hyponyms(synset), limit));
            line(out, "siblings", names(WordNet.siblings(synset), limit));
            line(out, "ImageNet", imageNet(synset));
            List<ImageNetClass> classes = ImageNetClasses.under(synset);
            TextTable table = new TextTable("rll");
            classes.stream().limit(limit).forEach(each -> table.row(each.index(), each.wnid(), each.label()));
            table.print(out, " ".repeat(INDENT));
            if (classes.size() > limit) {
                out.println(" ".repeat(INDENT) + "and " + (classes.size() - limit) + " more (--limit 0 shows all)");
            }
        }
    }

    private static String names(List<Synset> synsets, int limit) {
        if (synsets.isEmpty()) {
            return "none";
        }
        return synsets.size() + ": " + synsets.stream().limit(limit).map(synset -> synset.words().getFirst())
                .collect(Collectors.joining(", ")) + (synsets.size() > limit ? ", ..." : "");
    }

    /** A name and its text, which is broken between words where it is long. */
    private static void line(PrintWriter out, String name, String text) {
        StringBuilder line = new StringBuilder(String.format("  %-" + (INDENT - 2) + "s", name));
        boolean begun = false;
        for (String word : text.split(" ")) {
            if (begun && line.length() + 1 + word.length() > WIDTH) {
                out.println(line.toString().stripTrailing());
                line.setLength(0);
                line.append(" ".repeat(INDENT));
                begun = false;
            }
            line.append(begun ? " " : "").append(word);
            begun = true;
        }
        out.println(line.toString().stripTrailing());
    }

    // JSON

    static Map<String, Object> toMap(List<SynsetsReport> reports) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("wordnet", "3.0");
        map.put("queries", reports.stream().map(SynsetsReport::toMap).toList());
        return map;
    }

    private Map<String, Object> toMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("query", query);
        map.put("senses", senses.stream().map(SynsetsReport::toMap).toList());
        return map;
    }

    private static Map<String, Object> toMap(Sense sense) {
        Synset synset = sense.synset();
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("lemma", sense.lemma());
        map.put("partOfSpeech", sense.partOfSpeech().toString());
        map.put("sense", sense.number());
        map.putAll(brief(synset));
        map.put("words", synset.words());
        map.put("gloss", synset.gloss());
        map.put("chains", WordNet.chains(synset).stream().map(SynsetsReport::briefs).toList());
        map.put("hyponyms", briefs(WordNet.hyponyms(synset)));
        map.put("siblings", briefs(WordNet.siblings(synset)));
        Map<String, Object> imageNet = new LinkedHashMap<>();
        imageNet.put("index", ImageNetClasses.of(synset).map(ImageNetClass::index).orElse(null));
        List<ImageNetClass> classes = ImageNetClasses.under(synset);
        imageNet.put("count", classes.size());
        imageNet.put("classes", classes.stream().map(SynsetsReport::toMap).toList());
        map.put("imageNet", imageNet);
        return map;
    }

    private static Map<String, Object> toMap(ImageNetClass each) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("index", each.index());
        map.put("wnid", each.wnid());
        map.put("name", each.name());
        map.put("label", each.label());
        return map;
    }

    private static List<Map<String, Object>> briefs(List<Synset> synsets) {
        return synsets.stream().map(SynsetsReport::brief).toList();
    }

    private static Map<String, Object> brief(Synset synset) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", synset.id().toString());
        map.put("wnid", synset.id().wnid());
        map.put("name", synset.name());
        map.put("label", synset.label());
        map.put("imageNetClasses", ImageNetClasses.under(synset).size());
        return map;
    }
}
