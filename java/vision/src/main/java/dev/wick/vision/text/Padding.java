package dev.wick.vision.text;

/** What follows the end's mark up to the context's length. */
public enum Padding {
    /** Zeros, as OpenAI's tokenizer pads. */
    ZERO,
    /** The end's mark again, as Hugging Face's tokenizers of CLIP pad. */
    END_OF_TEXT
}
