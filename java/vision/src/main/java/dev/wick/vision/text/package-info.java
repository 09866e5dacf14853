/**
 * CLIP's tokenizer: {@code ClipTokenizer} over a {@code BytePairVocabulary}, and {@code TextFixing}, which repairs
 * texts first.
 *
 * <p>It is plain Java. Hugging Face's tokenizers for the JVM ({@code ai.djl.huggingface:tokenizers}) run the same merges
 * but clean text in their own way (NFC, neither repair nor HTML), so that 1,456 of 2,410 strings of the tests' first corpus
 * get other ids than the published ones; they add 23 MB of jars and a second native library to the process, and are slower.
 *
 * <p>The repair of mis-decoded UTF-8 is our own and may differ from ftfy's: {@code TextFixing} says where.
 *
 * <p>Texts are lower-cased and split by the Unicode tables of the Java runtime, which know some letters that older Pythons do
 * not.
 */
package dev.wick.vision.text;
