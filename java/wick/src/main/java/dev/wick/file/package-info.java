/** How Wick's modules write files; not for applications. */
package dev.wick.file;
