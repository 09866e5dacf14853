/**
 * Recorded memory events and what is made of them: peaks and who made them, differences, leaks, files for other tools.
 *
 * <p>Nothing here calls native code: a timeline can be read on any machine.
 */
package dev.wick.memory;
