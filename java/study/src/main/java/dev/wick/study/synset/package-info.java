/** WordNet 3.0, whose offsets are ImageNet's ids, and the 1000 classes of ILSVRC-2012 in it. */
package dev.wick.study.synset;
