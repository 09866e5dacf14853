/**
 * Zero-shot classification: labels become prompts, prompts become text features, and a picture gets the label whose features
 * its own are most alike.
 */
package dev.wick.study.zeroshot;
