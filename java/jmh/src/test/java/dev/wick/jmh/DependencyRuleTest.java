package dev.wick.jmh;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies point downwards only: the profilers know the thin layer and JMH. */
class DependencyRuleTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.wick.jmh");

    @Test
    void profilersKnowTheThinLayerAndJmh() {
        classes().that().resideInAPackage("dev.wick.jmh..").should().onlyDependOnClassesThat()
                .resideInAnyPackage("java..", "dev.wick", "dev.wick.binding", "dev.wick.error", "dev.wick.jmh..",
                        "org.openjdk.jmh..")
                .check(CLASSES);
    }

    @Test
    void theLibraryPrintsNothing() {
        noClasses().should().accessField(System.class, "out").orShould().accessField(System.class, "err").check(CLASSES);
    }
}
