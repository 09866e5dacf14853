/** What architectures are made of, beside each other: layers, parameters, heads and costs, without building them. */
package dev.wick.study.architecture;
