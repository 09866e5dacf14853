/**
 * Vision models, built in Java as TorchScript modules, and what prepares pictures for them.
 *
 * <p>Reading picture files takes java.desktop; a runtime without it has everything else.
 */
module dev.wick.vision {
    requires transitive dev.wick;
    requires static java.desktop;

    exports dev.wick.vision;
    exports dev.wick.vision.image;
}
