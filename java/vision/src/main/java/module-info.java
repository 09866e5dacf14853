/** Vision models, built in Java as TorchScript modules. */
module dev.wick.vision {
    requires transitive dev.wick;

    exports dev.wick.vision;
}
