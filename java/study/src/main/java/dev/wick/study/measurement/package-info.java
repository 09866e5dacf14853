/** Measuring prepared calls: their times, the memory that they take, the inputs that they are fed. */
package dev.wick.study.measurement;
