package dev.wick.study.world;

/** Which pictures of the drawn world; no two have a picture in common. Any thread. */
public enum Split {
    /** What models are trained on: seven eighths of the pairs of shape and colour. */
    TRAINING,
    /** Other pictures of the same pairs. */
    FAMILIAR,
    /** Pictures of the other pairs, which no training picture shows. */
    HELD_BACK
}
