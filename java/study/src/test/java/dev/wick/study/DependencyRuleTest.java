package dev.wick.study;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies point downwards only: the studies know the models, the thin layer, and no command. */
class DependencyRuleTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.wick.study");

    @Test
    void studiesKnowNoBindingAndNoCommand() {
        noClasses().that().resideInAPackage("dev.wick.study..").should().dependOnClassesThat()
                .resideInAnyPackage("dev.wick.cli..", "dev.wick.binding.panama..", "dev.wick.binding.javacpp..",
                        "org.bytedeco..", "picocli..").check(CLASSES);
    }

    @Test
    void theLibraryPrintsNothing() {
        noClasses().should().accessField(System.class, "out").orShould().accessField(System.class, "err").check(CLASSES);
    }
}
