/**
 * JMH profilers for benchmarks of code that runs on Wick. JMH is under the GPL, version 2, with the Classpath
 * Exception; it is a dependency of this module, and no part of Wick.
 */
package dev.wick.jmh;
