package dev.wick;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Dependencies point downwards only: the thin layer knows the binding's interface and no way of calling. */
class DependencyRuleTest {
    private static final JavaClasses CLASSES = new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS).importPackages("dev.wick");

    @Test
    void theThinLayerKnowsNoBinding() {
        noClasses().that().resideInAPackage("dev.wick").should().dependOnClassesThat()
                .resideInAnyPackage("org.bytedeco..", "dev.wick.binding.panama..", "dev.wick.binding.javacpp..",
                        "dev.wick.cli..", "dev.wick.vision..", "dev.wick.study..").check(CLASSES);
    }

    @Test
    void onlyBindingsLinkNativeFunctions() {
        noClasses().that().resideOutsideOfPackages("dev.wick.binding.panama..", "dev.wick.binding.javacpp..").should().dependOnClassesThat()
                .haveFullyQualifiedName("java.lang.foreign.Linker").check(CLASSES);
    }

    @Test
    void theBindingsInterfaceKnowsNothingAbove() {
        noClasses().that().resideInAnyPackage("dev.wick.binding", "dev.wick.error").should().dependOnClassesThat()
                .resideInAnyPackage("dev.wick", "dev.wick.binding.panama..", "org.bytedeco..").check(CLASSES);
    }

    @Test
    void theLibraryPrintsNothing() {
        noClasses().that().resideOutsideOfPackage("dev.wick.binding.panama.generated..")
                .should().accessField(System.class, "out").orShould().accessField(System.class, "err")
                .check(CLASSES);
    }
}
