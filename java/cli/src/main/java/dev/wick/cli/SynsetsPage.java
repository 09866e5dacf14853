package dev.wick.cli;

import dev.wick.study.report.HtmlPage;
import dev.wick.study.report.HtmlPage.Chart;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.synset.ImageNetClass;
import dev.wick.study.synset.ImageNetClasses;
import dev.wick.study.synset.Sense;
import dev.wick.study.synset.Synset;
import dev.wick.study.synset.WordNet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/** Writes what was found for queries as an HTML page; {@code synsets.js} draws its charts. Any thread. */
final class SynsetsPage {
    /** Spaces that HTML keeps. */
    private static final String STEP = "\u00a0\u00a0\u00a0";
    private static final String BRANCH = "\u2514\u00a0";

    private final HtmlPage.Parts parts = HtmlPage.Parts.load(SynsetsPage.class, "synsets.js");

    /**
     * The page.
     *
     * @param reports what was found
     * @param map     the same as it is written to {@code --json}
     */
    String html(List<SynsetsReport> reports, Object map) {
        HtmlPage page = new HtmlPage(reports.stream().map(SynsetsReport::query).collect(Collectors.joining(", "))
                + " in WordNet 3.0", parts);
        for (int query = 0; query < reports.size(); query++) {
            SynsetsReport report = reports.get(query);
            page.section(report.heading());
            page.table(null, List.of(Column.text("sense"), Column.text("name"), Column.text("id"), Column.text("words"),
                    Column.text("gloss"), Column.number("hyponyms"), Column.number("ImageNet classes")),
                    report.senses().stream().map(SynsetsPage::row).toList());
            for (int sense = 0; sense < report.senses().size(); sense++) {
                sense(page, report.senses().get(sense), "classes-" + query + "-" + sense);
            }
        }
        page.section("Where this comes from");
        page.paragraph("WordNet 3.0, Copyright 2006 by Princeton University. All rights reserved. Ids are offsets in "
                + "its files; with n before the offset they are ImageNet's. The classes are the 1000 of ILSVRC-2012; "
                + "one falls under a synset when it is that synset or, on any way up, a kind of it.");
        return page.html(map);
    }

    private static List<String> row(Sense sense) {
        Synset synset = sense.synset();
        return List.of(unbroken(SynsetsReport.title(sense)), synset.name(),
                synset.id().toString(), synset.label(), synset.gloss(), Sizes.count(synset.hyponyms().size()),
                Sizes.count(ImageNetClasses.under(synset).size()));
    }

    private static void sense(HtmlPage page, Sense sense, String chartId) {
        Synset synset = sense.synset();
        page.section(SynsetsReport.title(sense) + ": " + synset.label());
        page.paragraph(synset.gloss());
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("Id", synset.id() + ", " + synset.id().wnid() + ", " + synset.name());
        facts.put("ImageNet", SynsetsReport.imageNet(synset));
        facts.put("Hyponyms", names(WordNet.hyponyms(synset)));
        facts.put("Siblings", names(WordNet.siblings(synset)));
        page.facts(facts);
        List<List<Synset>> chains = WordNet.chains(synset);
        tree(page, chains);
        List<ImageNetClass> classes = ImageNetClasses.under(synset);
        if (!classes.isEmpty()) {
            page.charts(List.of(new Chart(chartId, "ImageNet classes under each hypernym"
                    + (chains.size() == 1 ? "" : ", all ways up together"))));
            page.table("ImageNet classes under it", List.of(Column.number("index"), Column.text("wnid"),
                    Column.text("words"), Column.text("gloss")), classes.stream().map(each -> List.of(
                            Integer.toString(each.index()), each.wnid(), each.label(), each.synset().gloss()))
                            .toList());
        }
    }

    /** Ways up that share their beginning share their rows. */
    private static void tree(HtmlPage page, List<List<Synset>> chains) {
        List<List<String>> rows = new ArrayList<>();
        LinkedHashSet<List<Synset>> shown = new LinkedHashSet<>();
        for (List<Synset> chain : chains.stream()
                .sorted((a, b) -> SynsetsReport.chain(a).compareTo(SynsetsReport.chain(b)))
                .toList()) {
            for (int depth = 0; depth < chain.size(); depth++) {
                if (shown.add(chain.subList(0, depth + 1))) {
                    Synset synset = chain.get(depth);
                    List<String> words = synset.words();
                    rows.add(List.of((depth == 0 ? "" : STEP.repeat(depth - 1) + BRANCH) + unbroken(words.getFirst()),
                            String.join(", ", words.subList(1, words.size())), synset.id().toString(),
                            Sizes.count(ImageNetClasses.under(synset).size()), synset.gloss()));
                }
            }
        }
        page.table(chains.size() == 1 ? "What it is a kind of" : "What it is a kind of, " + chains.size() + " ways",
                List.of(Column.text("synset"), Column.text("also"), Column.text("id"),
                Column.number("ImageNet classes"),
                        Column.text("gloss")), rows);
    }

    /** In one line, so that a branch stands before all of it. */
    private static String unbroken(String text) {
        return text.replace(' ', '\u00a0');
    }

    private static String names(List<Synset> synsets) {
        return synsets.isEmpty() ? "none" : synsets.size() + ": " + synsets.stream()
                .map(synset -> synset.words().getFirst()).collect(Collectors.joining(", "));
    }
}
