package dev.wick.study.demo;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.file.WholeFile;
import dev.wick.study.StudyProgress;
import dev.wick.study.architecture.ArchitectureStudy;
import dev.wick.study.precision.PrecisionInputs;
import dev.wick.study.precision.PrecisionStudy;
import dev.wick.study.report.HtmlPage.Column;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.StudyReport;
import dev.wick.study.shift.ClassScope;
import dev.wick.study.shift.OutputClasses;
import dev.wick.study.shift.ShiftFolders;
import dev.wick.study.shift.ShiftPictures;
import dev.wick.study.shift.ShiftStudy;
import dev.wick.study.synset.PartOfSpeech;
import dev.wick.study.synset.Sense;
import dev.wick.study.synset.Synset;
import dev.wick.study.synset.WordNet;
import dev.wick.study.training.TrainingProgress;
import dev.wick.study.training.TrainingResult;
import dev.wick.study.world.Colour;
import dev.wick.study.world.DrawnWorld;
import dev.wick.study.world.Shape;
import dev.wick.study.world.Split;
import dev.wick.study.world.Style;
import dev.wick.study.world.WorldFolder;
import dev.wick.study.world.WorldModels;
import dev.wick.study.world.WorldTraining;
import dev.wick.study.zeroshot.ClassFolders;
import dev.wick.study.zeroshot.Labels;
import dev.wick.study.zeroshot.LogitScale;
import dev.wick.study.zeroshot.PromptStudy;
import dev.wick.study.zeroshot.PromptTemplates;
import dev.wick.study.zeroshot.TextFeatureCache;
import dev.wick.study.zeroshot.ZeroShotClassifier;
import dev.wick.study.zeroshot.ZeroShotStudy;
import dev.wick.vision.Architecture;
import dev.wick.vision.Clip;
import dev.wick.vision.ClipModel;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.ResNet;
import dev.wick.vision.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Draws pictures that neither model has seen, runs every study on them, and puts all into one report; one thread.
 *
 * <p>In its folder it leaves the pictures, both models' weights and the vocabulary, on which every command can be tried.
 */
public final class Demo {
    /** Weights of the CLIP, in the folder. */
    public static final String CLIP = "clip.safetensors";
    /** Weights of the classifier. */
    public static final String CLASSIFIER = "classifier.safetensors";
    /** The classifier's classes in the order of its outputs, one a line. */
    public static final String CLASSIFIER_LABELS = "classifier-labels.txt";
    /** The CLIP's vocabulary. */
    public static final String VOCABULARY = "vocabulary.txt.gz";
    /** Pictures by shape, each in three styles. */
    public static final String PICTURES = "pictures";
    /** Pictures of the pairs of colour and shape that no training picture shows, by pair. */
    public static final String PAIRS = "held-back-pairs";

    private static final PromptTemplates TEMPLATES = new PromptTemplates(List.of("a photo of a {}.", "a {}", "{}",
            "a drawing of a {}", "a picture of a {}", "an image without any {} in it"));
    private static final int PICTURES_OF_EACH_SHAPE = 48;
    private static final int PICTURES_OF_EACH_PAIR = 48;
    private static final int BATCH = 32;
    private static final int TOP = 3;
    private static final long PRECISION_BUDGET = 20_000_000_000L;

    private final Path folder;
    private final long seed;
    private final int runs;
    private final StudyProgress progress;

    /**
     * Prepares it.
     *
     * @param folder made where it is missing; files of an earlier demo are replaced
     * @param seed   of the pictures
     * @param runs   timed runs of each model and dtype
     */
    public Demo(Path folder, long seed, int runs, StudyProgress progress) {
        this.folder = folder;
        this.seed = seed;
        this.runs = runs;
        this.progress = progress;
    }

    /** Puts the shipped weights into the folder. */
    public void takeShippedWeights() throws IOException {
        Files.createDirectories(folder);
        WorldModels.writeClipWeights(folder.resolve(CLIP));
        WorldModels.writeClassifierWeights(folder.resolve(CLASSIFIER));
    }

    /** Trains both models, as the shipped weights were trained, and puts their weights into the folder. */
    public List<TrainingResult> train() throws IOException {
        Files.createDirectories(folder);
        return WorldTraining.DEFAULT.train(folder, told("training CLIP"), told("training the classifier"));
    }

    private TrainingProgress told(String step) {
        return (done, loss, _, _) -> {
            progress.at(String.format(Locale.ROOT, "%s (loss %.2f)", step, loss), done, -1);
            return true;
        };
    }

    /** Draws the pictures, and runs the studies with the weights that are in the folder. */
    public StudyReport run() throws IOException {
        draw();
        WorldModels.vocabulary().write(folder.resolve(VOCABULARY));
        WholeFile.writeText(folder.resolve(CLASSIFIER_LABELS), String.join("\n", WorldModels.classes()) + "\n");
        Tokenizer tokenizer = WorldModels.tokenizer();
        StudyReport report = new StudyReport("Wick on a drawn world");
        report.paragraph("Shapes of " + Colour.values().length + " colours, two sizes and three textures, drawn as photos, "
                + "sketches and paintings. A tiny CLIP was trained on captioned photos with some sketches and paintings among "
                + "them, a tiny ResNet on the same photos and the names of their shapes. Neither has seen a picture of this "
                + "report, nor any picture of the pairs of colour and shape that are called held back.");
        report.section("Part 1: architectures");
        report.paragraph("The published ones; the tiny ones of the other parts are built alike, with "
                + Sizes.count(WorldModels.classifierArchitecture().summary().parameters()) + " and "
                + Sizes.count(WorldModels.clipArchitecture().summary().parameters()) + " parameters.");
        report.include("architectures", new ArchitectureStudy(List.of(built(ResNet.RESNET50), built(Clip.CLIP_RN50)))
                .report(false));
        report.section("Part 2: what the labels mean in WordNet");
        synsets(report);
        try (ClipModel clip = ClipModel.load(folder.resolve(CLIP), Device.CPU, DType.FLOAT32);
                ImageClassifier classifier = ImageClassifier.load(folder.resolve(CLASSIFIER), WorldModels.classifierRecipe(),
                        Device.CPU, DType.FLOAT32)) {
            report.section("Part 3: zero-shot");
            zeroShot(report, clip, tokenizer);
            report.section("Part 4: distribution shift");
            ShiftFolders folders = ShiftFolders.nested(folder.resolve(PICTURES));
            OutputClasses classes = OutputClasses.of(WorldModels.classes().size(),
                    Optional.of(new Labels(WorldModels.classes())), Optional.empty(), folders.classFolders());
            report.include("shift", new ShiftStudy(classifier, clip, tokenizer, PromptTemplates.ONE).batch(BATCH,
                    Optimization.NONE).progress(progress).seed(seed).compare(folders,
                            ShiftPictures.of(folders, classes, Style.PHOTO.folder()), ClassScope.ALL));
            report.section("Part 5: precision");
            report.include("precision", precision(clip, classifier, tokenizer));
        }
        return report;
    }

    private void draw() throws IOException {
        DrawnWorld world = new DrawnWorld(seed);
        int all = Shape.values().length * PICTURES_OF_EACH_SHAPE * Style.values().length;
        WorldFolder.write(folder.resolve(PICTURES), world, Split.FAMILIAR, WorldFolder.Classes.SHAPES,
                PICTURES_OF_EACH_SHAPE, WorldModels.SIDE, done -> progress.at("drawing pictures", done, all));
        WorldFolder.write(folder.resolve(PAIRS), world, Split.HELD_BACK, WorldFolder.Classes.COLOURS_AND_SHAPES,
                PICTURES_OF_EACH_PAIR, WorldModels.SIDE, done -> progress.at("drawing pairs", done, all));
    }

    private static ArchitectureStudy.Compared built(Architecture architecture) {
        return new ArchitectureStudy.Compared(architecture.architectureName(), "built in", architecture.summary());
    }

    private static void synsets(StudyReport report) {
        List<List<String>> rows = new ArrayList<>();
        List<Object> data = new ArrayList<>();
        for (Shape shape : Shape.values()) {
            List<Sense> senses = WordNet.find(shape.word(), PartOfSpeech.NOUN);
            // Of the senses of a word, the one that is a shape: hearts and stars are organs and suns first.
            Synset synset = senses.stream().map(Sense::synset).filter(each -> chain(each).contains("shape")).findFirst()
                    .orElse(senses.getFirst().synset());
            rows.add(List.of(shape.word(), synset.id().wnid(), synset.label(), synset.gloss(), chain(synset)));
            data.add(Map.of("label", shape.word(), "wnid", synset.id().wnid(), "words", synset.label(), "gloss",
                    synset.gloss(), "chain", chain(synset)));
        }
        report.table(null, List.of(Column.text("label"), Column.text("id"), Column.text("synonyms")),
                rows.stream().map(row -> row.subList(0, 3)).toList());
        report.longTable("What they mean", List.of(Column.text("label"), Column.text("gloss"), Column.text("hypernyms")),
                rows.stream().map(row -> List.of(row.get(0), row.get(3), row.get(4))).toList());
        report.data("synsets", data);
    }

    private static String chain(Synset synset) {
        return String.join(" > ", WordNet.chains(synset).getFirst().stream().map(each -> each.words().getFirst()).toList());
    }

    private void zeroShot(StudyReport report, ClipModel clip, Tokenizer tokenizer) {
        ClassFolders shapes = photos(ClassFolders.of(folder.resolve(PICTURES)));
        report.paragraph("Photos of shapes in colours that they had in training too.");
        report.include("zeroShotShapes", study(clip, tokenizer, shapes).accuracy(shapes, TOP));
        List<String> pairs = Arrays.stream(Colour.values()).flatMap(colour -> Arrays.stream(Shape.values())
                .map(shape -> colour.word() + " " + shape.word())).toList();
        ClassFolders held = photos(ClassFolders.of(folder.resolve(PAIRS), new Labels(pairs), Map.of()));
        report.paragraph("Photos of held-back pairs, which CLIP can know only by their parts; the labels are all 64 pairs.");
        report.include("zeroShotPairs", study(clip, tokenizer, held).accuracy(held, TOP));
        report.include("prompts", new PromptStudy(clip, tokenizer, TextFeatureCache.none(), "", progress).rank(shapes,
                TEMPLATES, BATCH, Optimization.NONE));
    }

    private ZeroShotStudy study(ClipModel clip, Tokenizer tokenizer, ClassFolders folders) {
        ZeroShotClassifier classifier = ZeroShotClassifier.of(clip, tokenizer, folders.labels(), PromptTemplates.ONE,
                LogitScale.MODEL, TextFeatureCache.none(), "", progress);
        return new ZeroShotStudy(clip, classifier, BATCH, Optimization.NONE, progress);
    }

    private static ClassFolders photos(ClassFolders folders) {
        return new ClassFolders(folders.labels(), folders.pictures().stream().map(files -> files.stream()
                .filter(file -> file.getParent().getFileName().toString().equals(Style.PHOTO.folder())).toList()).toList(), 0);
    }

    private StudyReport precision(ClipModel clip, ImageClassifier classifier, Tokenizer tokenizer) throws IOException {
        PrecisionStudy study = new PrecisionStudy(new PrecisionStudy.Settings(List.of(DType.FLOAT32, DType.BFLOAT16), runs,
                10, PRECISION_BUDGET, Optimization.NONE, false, Device.CPU), progress);
        try (TensorScope _ = TensorScope.open()) {
            List<Path> some = new ArrayList<>();
            for (List<Path> files : photos(ClassFolders.of(folder.resolve(PICTURES))).pictures()) {
                some.addAll(files.subList(0, 2));
            }
            List<Tensor> texts = PrecisionInputs.texts(tokenizer, WorldModels.classes().stream()
                    .map(name -> PromptTemplates.ONE.of(name).getFirst()).toList());
            study.measure("resnet-drawn-world", "", classifier,
                    PrecisionInputs.pictures(classifier.preprocessor(), some).tensors());
            study.measure("clip-drawn-world", "", clip, PrecisionInputs.pictures(clip.preprocessor(), some).tensors(), texts,
                    1);
        }
        return study.report().study();
    }
}
