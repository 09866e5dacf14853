/**
 * Vision models, built in Java as TorchScript modules; their weights; what prepares pictures and texts for them.
 *
 * <p>Reading picture files takes java.desktop; a runtime without it has everything else.
 */
module dev.wick.vision {
    requires transitive dev.wick;
    requires com.fasterxml.jackson.core;
    requires static java.desktop;

    exports dev.wick.vision;
    exports dev.wick.vision.file;
    exports dev.wick.vision.image;
    exports dev.wick.vision.text;
    exports dev.wick.vision.weights;
}
