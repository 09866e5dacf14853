package dev.wick.binding;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Names the BLAS that LibTorch calls. */
public final class BlasName {
    private static final Pattern BUILT_WITH = Pattern.compile("BLAS_INFO=(\\w+)");

    private BlasName() {
    }

    /**
     * The library in use, which need not be the one that LibTorch was built with: it can be loaded in its place.
     *
     * @param build    LibTorch's build settings
     * @param openblas whether OpenBLAS is loaded
     * @param mkl      whether MKL is loaded as a library of its own
     */
    public static String of(String build, boolean openblas, boolean mkl) {
        if (openblas) {
            return "OpenBLAS";
        }
        if (mkl) {
            return "MKL";
        }
        Matcher matcher = BUILT_WITH.matcher(build);
        String name = matcher.find() ? matcher.group(1) : "unknown";
        return switch (name) {
            case "open" -> "OpenBLAS";
            case "mkl" -> "MKL";
            default -> name;
        };
    }
}
