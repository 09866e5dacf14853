package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Optimization;
import dev.wick.TensorScope;
import dev.wick.binding.contract.NativesAtHand;
import dev.wick.study.StudyWatch;
import dev.wick.study.UnfinishedRuns;
import dev.wick.study.precision.PrecisionInputs;
import dev.wick.study.precision.PrecisionStudy;
import dev.wick.vision.ImageClassifier;
import dev.wick.vision.ResNet;
import dev.wick.vision.image.ImagePreprocessor;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class WatchdogTest {
    @Test
    void whatTakesTooLongIsNamed() throws Exception {
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete)) {
            watchdog.begin("a short one", TimeUnit.HOURS.toNanos(1));
            watchdog.end();
            watchdog.begin("a run that never ends", TimeUnit.MILLISECONDS.toNanos(50));

            assertThat(alarm.get(30, TimeUnit.SECONDS)).isEqualTo("a run that never ends");
        }
    }

    @Test
    void whatAStudyIsAtIsNamed() throws Exception {
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete)) {
            StudyWatch watch = watchdog.study(TimeUnit.SECONDS.toNanos(1));
            watch.begins("resnet18: preparing fp16");
            watch.ends();
            Thread.sleep(1500);
            assertThat(alarm).isNotDone();
            watch.begins("resnet18: comparing fp16");
            watch.begins("resnet18: timing fp16");

            assertThat(alarm.get(30, TimeUnit.SECONDS)).isEqualTo("resnet18: timing fp16");
        }
    }

    /** A study whose timed series never ends. */
    @Test
    void aStudyThatHangsIsNoticed() throws Exception {
        NativesAtHand.request();
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete);
                TensorScope _ = TensorScope.open();
                ImageClassifier classifier = ImageClassifier.build(ResNet.RESNET18, 0, ImagePreprocessor.imagenet(64, 64),
                        Device.CPU, DType.FLOAT32)) {
            PrecisionStudy study = new PrecisionStudy(new PrecisionStudy.Settings(List.of(), 1, 0, 1, Optimization.NONE, false,
                    Device.CPU), UnfinishedRuns.none(), watchdog.study(TimeUnit.SECONDS.toNanos(20)), (step, _, _) -> {
                        if (step.equals("resnet18: timing")) {
                            // As a native call would.
                            alarm.orTimeout(2, TimeUnit.MINUTES).join();
                        }
                    });
            study.measure("resnet18", "", classifier, PrecisionInputs.noise(classifier.preprocessor(), 1).tensors());

            assertThat(alarm.get()).isEqualTo("resnet18: timing fp32");
        }
    }

    @Test
    void whatEndsInTimeGivesNoAlarm() throws Exception {
        CompletableFuture<String> alarm = new CompletableFuture<>();
        try (Watchdog watchdog = new Watchdog(alarm::complete)) {
            watchdog.begin("a short one", TimeUnit.MILLISECONDS.toNanos(300));
            watchdog.end();
            Thread.sleep(800);

            assertThat(alarm).isNotDone();
        }
    }
}
