/**
 * The one internal interface over LibTorch: a core that every binding implements, optional facets, and the handles and
 * values that cross it. Users call {@code dev.wick}, which stands on this.
 */
package dev.wick.binding;
