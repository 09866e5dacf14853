/**
 * Vision models that need no Python: one class for each architecture, the layers they share in {@code Layers}, their
 * random weights in {@code Initialization}.
 */
package dev.wick.vision;
