/**
 * Distribution shift: how much of its accuracy a classifier with trained outputs keeps on sketches, paintings and other kinds of
 * pictures that it was not trained on, beside CLIP's, which classifies the same pictures by the classes' names alone.
 */
package dev.wick.study.shift;
