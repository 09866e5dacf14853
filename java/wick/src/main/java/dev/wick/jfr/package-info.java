/**
 * What the JVM's flight recorder is told: its events, and when. Their fields are public since the recorder reads them; all
 * else about them is in their annotations. Bytes that are not known are {@link java.lang.Long#MIN_VALUE}, which its tools
 * print as N/A.
 */
package dev.wick.jfr;
