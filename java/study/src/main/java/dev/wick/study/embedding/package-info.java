/** Features of many pictures and texts: computed in batches, written to files, resumed after an end. */
package dev.wick.study.embedding;
