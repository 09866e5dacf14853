/**
 * Vision models that need no Python: one class for each family of architectures, the layers they share in
 * {@code Layers} and {@code Transformer}, their random weights in {@code Initialization}.
 *
 * <p>An architecture is written as one walk over its modules. With a builder it makes the model; without, it gives the
 * {@link dev.wick.vision.ArchitectureSummary}: names, shapes, counts and costs, for models of any size.
 * {@link dev.wick.vision.ClipConfiguration#infer} finds the sizes of a CLIP from its state dict, and {@link
 * dev.wick.vision.ClipArchitecture} builds any configuration.
 */
package dev.wick.vision;
