/**
 * A small captioned world drawn in Java, and the tiny models that were trained on it: studies that need no download
 * begin with it. What is in a picture is in {@link dev.wick.study.world.DrawnObject}, how it looks in the painters.
 */
package dev.wick.study.world;
