package dev.wick.study.training;

import dev.wick.error.WickException;

/** A training that cannot go on: its loss is no number any more. */
public final class TrainingException extends WickException {
    private static final long serialVersionUID = 1L;

    TrainingException(String message) {
        super(message);
    }
}
