/**
 * What can go wrong, as types that a caller can act on; all are unchecked and derive from {@link
 * dev.wick.error.WickException}. Use after close is not here: it is an {@link java.lang.IllegalStateException}.
 */
package dev.wick.error;
