/** What a classifier's answers come to: the best answers of a row of scores, accuracy by class, confusion. */
package dev.wick.study.metric;
