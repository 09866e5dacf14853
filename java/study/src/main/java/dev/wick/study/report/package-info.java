/** How results are shown: tables, JSON, pages of HTML, statistics, and what they were measured on. */
package dev.wick.study.report;
