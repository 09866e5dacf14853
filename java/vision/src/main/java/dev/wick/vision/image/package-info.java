/**
 * From picture files to a model's input, to the same 8-bit pixels as Pillow and torchvision.
 *
 * <p>{@link dev.wick.vision.image.ImagePreprocessor} is the recipe, {@link dev.wick.vision.image.PictureFiles} finds
 * pictures, {@link dev.wick.vision.image.ImageBatches} reads any number of them on all cores, and
 * {@link dev.wick.vision.image.DevicePreprocessor} does a recipe's arithmetic on a device. Decoding is ImageIO's, of
 * the module java.desktop, which a runtime may lack; only {@code PictureDecoder} knows it.
 */
package dev.wick.vision.image;
