package dev.wick.study.world;

import dev.wick.TorchScriptModel;
import dev.wick.study.training.TrainingProgress;
import dev.wick.study.training.TrainingResult;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Trains the shipped weights again and prints how good they are; see {@code README.md} beside the resources.
 *
 * <p>{@code MakeWorldWeights FOLDER} trains by {@link WorldTraining#DEFAULT}, {@code MakeWorldWeights FOLDER
 * photos,sketches,paintings,batch,epochs,clipRate,classifierRate,seed} by another plan, {@code MakeWorldWeights}
 * measures what is shipped.
 */
final class MakeWorldWeights {
    private static final int EVERY = 16;
    private static final int PICTURES = 768;

    private MakeWorldWeights() {
    }

    public static void main(String[] arguments) throws Exception {
        if (arguments.length == 0) {
            try (TorchScriptModel clip = WorldModels.clip(); TorchScriptModel classifier = WorldModels.classifier()) {
                print(clip, classifier);
            }
            return;
        }
        Path folder = Path.of(arguments[0]);
        WorldTraining plan = arguments.length > 1 ? plan(arguments[1].split(",")) : WorldTraining.DEFAULT;
        System.out.println(plan);
        double cpu = cpuSeconds();
        List<TrainingResult> results = plan.train(folder, progress("clip"), progress("classifier"));
        System.out.printf(Locale.ROOT, "%s%n%.1f CPU seconds in all%n", results, cpuSeconds() - cpu);
        try (TorchScriptModel clip = WorldModels.loaded(WorldModels.clipArchitecture(),
                folder.resolve(WorldModels.CLIP_WEIGHTS));
                TorchScriptModel classifier = WorldModels.loaded(WorldModels.classifierArchitecture(),
                        folder.resolve(WorldModels.CLASSIFIER_WEIGHTS))) {
            print(clip, classifier);
        }
    }

    private static WorldTraining plan(String[] parts) {
        int[] counts = new int[5];
        for (int i = 0; i < counts.length; i++) {
            counts[i] = Integer.parseInt(parts[i]);
        }
        return new WorldTraining(counts[0], counts[1], counts[2], counts[3], counts[4], Double.parseDouble(parts[5]),
                Double.parseDouble(parts[6]), Long.parseLong(parts[7]));
    }

    private static TrainingProgress progress(String model) {
        double[] start = {cpuSeconds()};
        return (step, loss, rate, speed) -> {
            if (step == 1) {
                start[0] = cpuSeconds();
            }
            if (step % EVERY == 1) {
                System.out.printf(Locale.ROOT, "%s %d: loss %.4f, rate %.2g, %.0f/s, %.1f CPU s%n", model, step, loss,
                        rate,
                        speed, cpuSeconds() - start[0]);
            }
            return true;
        };
    }

    private static double cpuSeconds() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime() / 1e9;
    }

    private static void print(TorchScriptModel clip, TorchScriptModel classifier) {
        DrawnWorld world = new DrawnWorld(0);
        System.out.println("split      style    clip shape  clip shape by pairs  clip pair of 64  classifier shape");
        for (Split split : List.of(Split.FAMILIAR, Split.HELD_BACK)) {
            for (Style style : Style.values()) {
                WorldAccuracy.Drawn pictures = new WorldAccuracy.Drawn(world.pictures(split, style, 0, PICTURES));
                System.out.printf(Locale.ROOT, "%-10s %-8s %10.3f %20.3f %16.3f %17.3f%n", split, style,
                        WorldAccuracy.zeroShot(clip, pictures, WorldAccuracy.shapes("a photo of a %s"),
                        WorldAccuracy::shape),
                        WorldAccuracy.zeroShotByPairs(clip, pictures),
                        WorldAccuracy.zeroShot(clip, pictures, WorldAccuracy.pairs(), WorldAccuracy::pair),
                        WorldAccuracy.ofShapes(classifier, pictures));
            }
        }
    }
}
