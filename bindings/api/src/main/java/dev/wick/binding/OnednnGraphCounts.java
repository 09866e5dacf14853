package dev.wick.binding;

/**
 * What oneDNN Graph fusion did so far in this process.
 *
 * @param tried  graphs it was tried on
 * @param groups fusion groups made
 * @param failed graphs kept as they were because it threw
 */
public record OnednnGraphCounts(long tried, long groups, long failed) {
}
