/** JMH benchmarks of the border between Java and LibTorch, and Wick's side of the comparison with its peers. */
package dev.wick.bench;
