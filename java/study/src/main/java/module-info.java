/** The experiments, their metrics and reports. */
module dev.wick.study {
    requires transitive dev.wick.vision;
    requires com.fasterxml.jackson.databind;
    requires extjwnl;
    requires java.desktop;
    requires jdk.management;

    // Records that are kept in files.
    opens dev.wick.study.precision to com.fasterxml.jackson.databind;

    exports dev.wick.study;
    exports dev.wick.study.architecture;
    exports dev.wick.study.demo;
    exports dev.wick.study.embedding;
    exports dev.wick.study.measurement;
    exports dev.wick.study.metric;
    exports dev.wick.study.precision;
    exports dev.wick.study.report;
    exports dev.wick.study.shift;
    exports dev.wick.study.synset;
    exports dev.wick.study.training;
    exports dev.wick.study.world;
    exports dev.wick.study.zeroshot;
}
