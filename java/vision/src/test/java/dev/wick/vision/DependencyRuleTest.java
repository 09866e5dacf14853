package dev.wick.vision;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies point downwards only: the models know the thin layer and nothing beside or above them. */
class DependencyRuleTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.wick.vision");

    @Test
    void modelsKnowOnlyTheThinLayer() {
        classes().that().resideInAPackage("dev.wick.vision..").should().onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "javax.imageio..", "dev.wick", "dev.wick.binding", "dev.wick.error",
                        "dev.wick.file", "dev.wick.vision..", "com.fasterxml.jackson.core..")
                .check(CLASSES);
    }

    /** A runtime may lack java.desktop. */
    @Test
    void onlyTheDecoderKnowsTheDesktop() {
        noClasses().that().haveNameNotMatching("dev\\.wick\\.vision\\.image\\.PictureDecoder(\\$.*)?").should()
                .dependOnClassesThat().resideInAnyPackage("java.awt..", "javax.imageio..").check(CLASSES);
    }

    @Test
    void theLibraryPrintsNothing() {
        noClasses().should().accessField(System.class, "out").orShould().accessField(System.class, "err")
                .check(CLASSES);
    }
}
