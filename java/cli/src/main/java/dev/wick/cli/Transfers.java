package dev.wick.cli;

/** How a benchmark's inputs and outputs get to a CUDA device and back. */
enum Transfers {
    /** On the CPU: not at all. */
    NONE("none"),
    /** From page-locked host memory, without a wait. */
    PINNED("pinned"),
    /** From ordinary host memory, which CUDA stages. */
    PAGEABLE("pageable");

    private final String text;

    Transfers(String text) {
        this.text = text;
    }

    /** As reports write it. */
    String text() {
        return text;
    }
}
