package dev.wick;

/** How a tensor's elements follow each other in memory; codes are {@code c10::MemoryFormat}'s own. */
public enum MemoryFormat {
    CONTIGUOUS(0), PRESERVE(1), CHANNELS_LAST(2), CHANNELS_LAST_3D(3);

    private final int code;

    MemoryFormat(int code) {
        this.code = code;
    }

    /** {@code c10::MemoryFormat}. */
    public int code() {
        return code;
    }
}
