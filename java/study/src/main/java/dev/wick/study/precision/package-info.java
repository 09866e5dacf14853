/**
 * FP32 against half precision: what it gains in time and memory and what it costs in agreement, for a classifier and for CLIP's
 * two towers.
 */
package dev.wick.study.precision;
