package dev.wick.study.shift;

import dev.wick.Optimization;
import dev.wick.error.BadArgumentException;
import dev.wick.study.StudyProgress;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.embedding.PictureEncoding;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.study.zeroshot.Labels;
import dev.wick.study.zeroshot.LogitScale;
import dev.wick.study.zeroshot.PromptTemplates;
import dev.wick.study.zeroshot.TextFeatureCache;
import dev.wick.study.zeroshot.ZeroShotClassifier;
import dev.wick.vision.BatchEncoder;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.image.ImagePreprocessor;
import dev.wick.vision.image.PictureFailure;
import dev.wick.vision.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A trained classifier beside CLIP on the same pictures, shift by shift; one thread.
 *
 * <pre>{@code
 * var folders = ShiftFolders.nested(Path.of("pictures"));
 * var classes = OutputClasses.of(resnet.classCount(), Optional.empty(), Optional.empty(), folders.classFolders());
 * var pictures = ShiftPictures.of(folders, classes, "original");
 * var report = new ShiftStudy(resnet, clip, tokenizer, PromptTemplates.SEVEN).compare(folders, pictures, ClassScope.PRESENT);
 * }</pre>
 *
 * <p>Each model reads each picture once, with its own preprocessing. A picture counts when both have an answer to it. The
 * answer is the largest score between the classes of the scope: of the classifier's logits, and of CLIP's cosines.
 */
public final class ShiftStudy {
    private final ImageClassifier resnet;
    private final ClipModel clip;
    private final Tokenizer tokenizer;
    private final PromptTemplates templates;
    private TextFeatureCache cache = TextFeatureCache.none();
    private String identity = "";
    private UnfinishedRuns runs = UnfinishedRuns.none();
    private String resnetIdentity = "";
    private String clipIdentity = "";
    private int batch = 32;
    private Optimization optimization = Optimization.NONE;
    private StudyProgress progress = StudyProgress.NONE;
    private long seed;
    private int shown = 24;

    /** Compares two models, which stay the caller's. */
    public ShiftStudy(ImageClassifier resnet, ClipModel clip, Tokenizer tokenizer, PromptTemplates templates) {
        this.resnet = resnet;
        this.clip = clip;
        this.tokenizer = tokenizer;
        this.templates = templates;
    }

    /**
     * Keeps features of labels.
     *
     * @param name what CLIP and the tokenizer are
     */
    public ShiftStudy cache(TextFeatureCache where, String name) {
        cache = where;
        identity = name;
        return this;
    }

    /**
     * Keeps both models' outputs until it ends, so that one that is killed goes on.
     *
     * @param ofResnet all that its outputs depend on beside the pictures: model, dtype, device, optimisation, release
     * @param ofClip   the same of CLIP's
     */
    public ShiftStudy keeping(UnfinishedRuns where, String ofResnet, String ofClip) {
        runs = where;
        resnetIdentity = ofResnet;
        clipIdentity = ofClip;
        return this;
    }

    /** How many pictures are encoded at once, and what is done to both image models for speed. */
    public ShiftStudy batch(int pictures, Optimization how) {
        batch = pictures;
        optimization = how;
        return this;
    }

    /** Who is told how far it is. */
    public ShiftStudy progress(StudyProgress listener) {
        progress = listener;
        return this;
    }

    /** Of the bootstrap's resamples and of the pictures on the page. */
    public ShiftStudy seed(long value) {
        seed = value;
        return this;
    }

    /** How many pictures the page shows with both models' answers; others show where the models differ. */
    public ShiftStudy shown(int pictures) {
        if (pictures < 0) {
            throw new BadArgumentException("expected 0 or more pictures to show, got " + pictures);
        }
        shown = pictures;
        return this;
    }

    /** Where a picture belongs. */
    private record Place(int shift, int truth) {
    }

    /**
     * Runs both models.
     *
     * @throws BadArgumentException if no picture can be read, there is one class alone to choose from, or the
     *                              classifier's scores are not one for each class
     */
    public StudyReport compare(ShiftFolders folders, ShiftPictures pictures, ClassScope scope) {
        List<Integer> candidates = pictures.candidates(scope);
        if (candidates.size() == 1) {
            throw new BadArgumentException("models would choose between one class alone, '"
                    + pictures.classes().labels().names().get(candidates.getFirst()) + "', and always be right: "
                    + "more known classes are needed, or the scope 'all'"
                    + (pictures.unknown().isEmpty() ? "" : "; folders of no known class: " + String.join(", ",
                            pictures.unknown().subList(0, Math.min(5, pictures.unknown().size())))));
        }
        Labels labels = new Labels(candidates.stream().map(pictures.classes().labels().names()::get).toList());
        List<Path> files = new ArrayList<>();
        List<Place> places = new ArrayList<>();
        for (int shift = 0; shift < pictures.shifts().size(); shift++) {
            for (int truth = 0; truth < candidates.size(); truth++) {
                for (Path file : pictures.pictures().get(shift).get(candidates.get(truth))) {
                    files.add(file);
                    places.add(new Place(shift, truth));
                }
            }
        }
        List<PictureFailure> failures = new ArrayList<>();
        ModelAnswer[] ofResnet = new ModelAnswer[files.size()];
        PictureEncoding byResnet;
        try (BatchEncoder encoder = resnet.images(Math.min(batch, files.size()), optimization)) {
            if (encoder.width() != pictures.classes().size()) {
                throw new BadArgumentException("expected " + pictures.classes().size() + " scores for a picture, got "
                        + encoder.width());
            }
            byResnet = encoding(encoder, resnet.preprocessor(), "ResNet", resnetIdentity, failures);
            answer(byResnet, files, ofResnet, row -> {
                float[] kept = new float[candidates.size()];
                for (int i = 0; i < kept.length; i++) {
                    kept[i] = row[candidates.get(i)];
                }
                return ModelAnswer.of(kept);
            });
        }
        // What one model cannot read the other cannot either: it is not tried, nor reported, twice.
        List<Path> readable = new ArrayList<>();
        List<Integer> indices = new ArrayList<>();
        for (int i = 0; i < ofResnet.length; i++) {
            if (ofResnet[i] != null) {
                readable.add(files.get(i));
                indices.add(i);
            }
        }
        if (readable.isEmpty()) {
            throw new BadArgumentException("none of the " + files.size() + " pictures can be read: " + failures.getFirst());
        }
        ZeroShotClassifier classifier = ZeroShotClassifier.of(clip, tokenizer, labels, templates, LogitScale.MODEL, cache,
                identity, progress);
        ModelAnswer[] ofClip = new ModelAnswer[readable.size()];
        PictureEncoding byClip;
        try (BatchEncoder encoder = clip.images(Math.min(batch, readable.size()), optimization)) {
            byClip = encoding(encoder, clip.preprocessor(), "CLIP", clipIdentity, failures);
            answer(byClip, readable, ofClip, row -> {
                float[] logits = classifier.cosines(row);
                for (int i = 0; i < logits.length; i++) {
                    logits[i] *= (float) classifier.scale();
                }
                return ModelAnswer.of(logits);
            });
        }
        List<ComparedPicture> compared = new ArrayList<>();
        for (int i = 0; i < ofClip.length; i++) {
            int index = indices.get(i);
            if (ofClip[i] != null) {
                compared.add(new ComparedPicture(files.get(index), places.get(index).shift(), places.get(index).truth(),
                        ofResnet[index], ofClip[i]));
            }
        }
        ShiftComparison comparison = new ShiftComparison(pictures.shifts(), pictures.reference(), labels.names(), compared,
                seed);
        Map<String, String> preprocessing = new LinkedHashMap<>();
        preprocessing.put("ResNet", recipe(resnet.preprocessor()));
        preprocessing.put("CLIP", recipe(clip.preprocessor()));
        StudyReport report = new ShiftReport(folders, pictures, scope, comparison, failures, preprocessing, seed, shown).report();
        report.data("resumed", Map.of("resnet", byResnet.resumed(), "clip", byClip.resumed()));
        if (byResnet.resumed() + byClip.resumed() > 0) {
            report.paragraph("Went on where an earlier run ended: " + Sizes.count(byResnet.resumed()) + " of "
                    + Sizes.count(files.size()) + " pictures were through the ResNet, " + Sizes.count(byClip.resumed())
                    + " through CLIP.");
        }
        byResnet.forget();
        byClip.forget();
        return report;
    }

    private static String recipe(ImagePreprocessor preprocessor) {
        return preprocessor + "\n" + preprocessor.normalization();
    }

    /** Makes an answer of a model's output. */
    @FunctionalInterface
    private interface Answers {
        ModelAnswer of(float[] row);
    }

    private PictureEncoding encoding(BatchEncoder encoder, ImagePreprocessor recipe, String name, String identity,
            List<PictureFailure> failures) {
        return new PictureEncoding(encoder, recipe).progress(name + " on pictures", progress).failures(failures::add)
                .keeping(runs, identity);
    }

    private static void answer(PictureEncoding encoding, List<Path> files, ModelAnswer[] answers, Answers maker) {
        // Rows come in the order of the files, without those that failed.
        int[] next = new int[1];
        encoding.encode(files, (file, row) -> {
            while (!files.get(next[0]).equals(file)) {
                next[0]++;
            }
            answers[next[0]++] = maker.of(row);
        });
    }
}
