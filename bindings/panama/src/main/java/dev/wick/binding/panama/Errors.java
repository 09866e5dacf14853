package dev.wick.binding.panama;

import dev.wick.binding.OutOfMemory;
import dev.wick.binding.panama.generated.WickTorch;
import dev.wick.binding.panama.generated.wick_error;
import dev.wick.error.BadArgumentException;
import dev.wick.error.CudaException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.error.WickException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Turns a status and its error record into the exception that a caller can act on. */
final class Errors {
    /** What a model without a path is called until the layer above names it. */
    static final String UNNAMED_MODEL = "(in memory)";

    private Errors() {
    }

    static WickException of(int status, MemorySegment error) {
        String message = text(wick_error.message(error), wick_error.message_length(error));
        String backtrace = text(wick_error.backtrace(error), wick_error.backtrace_length(error));
        String attached = backtrace.isBlank() ? null : backtrace;
        if (status == WickTorch.WICK_INVALID_ARGUMENT()) {
            return new BadArgumentException(message, attached);
        } else if (status == WickTorch.WICK_NOT_FOUND()) {
            return new NotFoundException(message, attached);
        } else if (status == WickTorch.WICK_MODEL_UNREADABLE()) {
            return new ModelUnreadableException(UNNAMED_MODEL, message, attached);
        } else if (status == WickTorch.WICK_OUT_OF_MEMORY()) {
            return OutOfMemory.told(new DeviceOutOfMemoryException(message, figures(error), attached));
        } else if (status == WickTorch.WICK_CUDA_ERROR()) {
            return new CudaException(message, wick_error.cuda_code(error), wick_error.cuda_sticky(error) != 0, attached);
        } else if (status == WickTorch.WICK_UNSUPPORTED()) {
            return new UnsupportedFeatureException(message, attached);
        }
        return new TorchException(message, attached);
    }

    private static DeviceOutOfMemoryException.Figures figures(MemorySegment error) {
        long limit = wick_error.limit_bytes(error);
        long reserved = wick_error.reserved_bytes(error);
        long free = wick_error.free_bytes(error);
        long largest = wick_error.largest_free_block_bytes(error);
        // The shim leaves all three 0 when it was not a CUDA device's allocator that refused.
        boolean ofCuda = reserved != 0 || free != 0 || largest != 0;
        return new DeviceOutOfMemoryException.Figures(wick_error.requested_bytes(error),
                wick_error.allocated_bytes(error), limit == 0 ? -1 : limit, ofCuda ? reserved : -1, ofCuda ? free : -1,
                ofCuda ? largest : -1);
    }

    private static String text(MemorySegment bytes, int length) {
        return new String(bytes.asSlice(0, length).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }
}
