/**
 * Weights of trained models: read from the files they are published in ({@link dev.wick.vision.weights.StateDict}),
 * brought to the names a model has ({@link dev.wick.vision.weights.ClipNames}), and copied into one ({@link
 * dev.wick.vision.weights.Weights}).
 */
package dev.wick.vision.weights;
