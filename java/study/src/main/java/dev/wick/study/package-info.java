/** What all studies share: how they tell that they get on. */
package dev.wick.study;
