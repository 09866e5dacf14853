package dev.wick.cli;

/** C's rows and columns, and the length of a sum; immutable. */
record GemmSize(int m, int n, int k) {

    /** Of a product: a multiplication and an addition for each element of each sum. */
    double operations(int batch) {
        return 2.0 * m * n * k * batch;
    }

    @Override
    public String toString() {
        return m + "x" + n + "x" + k;
    }
}
