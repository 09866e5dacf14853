package dev.wick;

import java.util.Locale;

/** What is done to a model before it is run for speed. */
public enum Optimization {
    /** Tries {@link #ONEDNN}, {@link #OFI} and {@link #FREEZE}, and takes the fastest whose outputs agree. */
    AUTO,
    /** The model as it is. */
    NONE,
    /** Parameters become constants, and graphs are optimised. */
    FREEZE,
    /** {@code torch.jit.optimize_for_inference}. */
    OFI,
    /** Frozen, with oneDNN Graph fusion of what it can fuse; CPU only. */
    ONEDNN;

    /** As the command line writes it. */
    public String text() {
        return name().toLowerCase(Locale.ROOT);
    }
}
