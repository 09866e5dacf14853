/** Vision models, built in Java as TorchScript modules, and their weights. */
module dev.wick.vision {
    requires transitive dev.wick;
    requires com.fasterxml.jackson.core;

    exports dev.wick.vision;
    exports dev.wick.vision.file;
    exports dev.wick.vision.weights;
}
