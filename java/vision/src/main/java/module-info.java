/** Vision models, built in Java as TorchScript modules, and the tokenizer of those that read text. */
module dev.wick.vision {
    requires transitive dev.wick;
    requires com.fasterxml.jackson.core;

    exports dev.wick.vision;
    exports dev.wick.vision.text;
}
