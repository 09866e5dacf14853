/**
 * Training of small models through LibTorch's autograd: what a loss is in {@code ContrastiveTraining} and {@code
 * SupervisedTraining}, what both do at every step in {@code TrainingLoop}.
 */
package dev.wick.study.training;
