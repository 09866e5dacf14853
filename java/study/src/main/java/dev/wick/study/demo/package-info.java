/** All studies in one go on the drawn world, with models that are shipped or trained there and then: nothing is downloaded. */
package dev.wick.study.demo;
