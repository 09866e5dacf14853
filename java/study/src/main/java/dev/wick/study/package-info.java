/** What all studies share: how they tell that they get on and what they are at, and where they keep what they have. */
package dev.wick.study;
