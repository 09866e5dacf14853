/** The commands of {@code wick}: each is a class, and what several share stands beside them. */
package dev.wick.cli;
