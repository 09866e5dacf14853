/** Files, for this module and those on top of it; no part of the API. */
package dev.wick.file;
