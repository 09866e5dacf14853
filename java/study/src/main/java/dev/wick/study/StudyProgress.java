package dev.wick.study;

/** Is told how far a study is; called by the thread that runs it. */
@FunctionalInterface
public interface StudyProgress {
    /** Tells nobody. */
    StudyProgress NONE = (_, _, _) -> { };

    /**
     * Some of a step is done.
     *
     * @param step  what is being done: "encoding texts"
     * @param done  how much of it
     * @param total of how much; -1 when that is not known
     */
    void at(String step, long done, long total);
}
