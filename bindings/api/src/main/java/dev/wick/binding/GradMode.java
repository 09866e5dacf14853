package dev.wick.binding;

/** The autograd mode of a call; an argument of the call, never a state of the thread. */
public enum GradMode {
    /** {@code c10::InferenceMode}: the fastest; tensors made here can never enter autograd. */
    INFERENCE(0),
    /** Records no graph; tensors made here may enter autograd later. */
    NO_GRAD(1),
    /** Records the graph for {@code backward}. */
    GRAD(2);

    private final int code;

    GradMode(int code) {
        this.code = code;
    }

    /** {@code enum wick_mode}. */
    public int code() {
        return code;
    }
}
