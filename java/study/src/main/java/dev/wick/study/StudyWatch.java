package dev.wick.study;

/** Is told what a study begins that might hang, such as native calls; called by the thread that runs it. */
public interface StudyWatch {
    /** Watches nothing. */
    StudyWatch NONE = new StudyWatch() {
        @Override
        public void begins(String what) {
            // Nobody asked.
        }

        @Override
        public void ends() {
            // Nobody asked.
        }
    };

    /** This is being done from now on, and what was before no more. */
    void begins(String what);

    /** Nothing is being done that might hang. */
    void ends();
}
