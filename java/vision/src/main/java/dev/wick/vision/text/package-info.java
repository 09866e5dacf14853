/**
 * CLIP's tokenizer: {@code ClipTokenizer} over a {@code BytePairVocabulary}, and {@code TextFixing}, which repairs texts
 * first.
 *
 * <p>It is plain Java. Hugging Face's tokenizers for the JVM ({@code ai.djl.huggingface:tokenizers}) run the same merges, but
 * clean text in their own way (NFC only: no repair, no HTML, no such thing as a final sigma), so that ids differ from the published
 * ones wherever that matters; they would add 23 MB of jars and a second native library to the process, for the same speed or
 * less.
 *
 * <p>Texts are lower-cased and split by the Unicode tables of the Java runtime, which know some letters that older Pythons do
 * not.
 */
package dev.wick.vision.text;
