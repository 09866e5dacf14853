package dev.wick.binding;

/** The facet for oneDNN Graph fusion, which {@link CallSettings#onednnGraph()} asks for; any thread. */
public interface OnednnGraphBinding {

    /** What fusion did so far in this process. */
    OnednnGraphCounts counts();
}
