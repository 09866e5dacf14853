package dev.wick.binding;

/**
 * Something Wick set for speed before the first call.
 *
 * @param name  what was set
 * @param value to what
 * @param why   the reason, or who asked for it
 * @param how   the property that sets it otherwise
 */
public record Setting(String name, String value, String why, String how) {
}
