package dev.wick.error;

/** LibTorch, or a TorchScript program running in it, raised an error while it worked; the message is its own. */
public final class TorchException extends WickException {
    private static final long serialVersionUID = 1L;

    public TorchException(String message, String nativeBacktrace) {
        super(message, nativeBacktrace);
    }
}
