package dev.wick.vision.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Tokens and merges out of a {@code tokenizer.json} as Hugging Face's library writes it; one thread.
 *
 * <p>Its normalizer and its other steps are not looked at: texts are cleaned as OpenAI's tokenizer does.
 */
final class TokenizerJson {
    /** Tokens are field names here: nothing is gained by interning 49,408 of them for good. */
    private static final JsonFactory FACTORY = JsonFactory.builder()
            .disable(JsonFactory.Feature.INTERN_FIELD_NAMES).disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .build();

    private final String source;
    private final Map<String, Integer> vocabulary = new HashMap<>();
    private final List<String> merges = new ArrayList<>();
    private boolean model;
    private String type;
    private String suffix;

    private TokenizerJson(String source) {
        this.source = source;
    }

    static BytePairVocabulary read(String source, String text) {
        TokenizerJson json = new TokenizerJson(source);
        try (JsonParser parser = FACTORY.createParser(text)) {
            json.file(parser);
        } catch (JsonProcessingException e) {
            throw new VocabularyUnreadableException(source, "it is no JSON (" + e.getOriginalMessage() + ")");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return json.vocabulary();
    }

    private void file(JsonParser parser) throws IOException {
        parser.nextToken();
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            parser.nextToken();
            if (field.equals("model") && parser.currentToken() == JsonToken.START_OBJECT) {
                model = true;
                model(parser);
            } else if (field.equals("added_tokens") && parser.currentToken() == JsonToken.START_ARRAY) {
                addedTokens(parser);
            } else {
                parser.skipChildren();
            }
        }
    }

    private void model(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.FIELD_NAME) {
            String field = parser.currentName();
            JsonToken value = parser.nextToken();
            if (field.equals("type")) {
                type = parser.getValueAsString();
            } else if (field.equals("end_of_word_suffix")) {
                suffix = parser.getValueAsString();
            } else if (field.equals("vocab") && value == JsonToken.START_OBJECT) {
                while (parser.nextToken() == JsonToken.FIELD_NAME) {
                    String token = parser.currentName();
                    parser.nextToken();
                    token(token, parser);
                }
            } else if (field.equals("merges") && value == JsonToken.START_ARRAY) {
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    merge(parser);
                }
            } else {
                parser.skipChildren();
            }
        }
    }

    /** A merge is "left right", or since version 0.20 of the library ["left", "right"]. */
    private void merge(JsonParser parser) throws IOException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            merges.add(parser.getText());
            return;
        }
        List<String> parts = new ArrayList<>();
        if (parser.currentToken() == JsonToken.START_ARRAY) {
            while (parser.nextToken() == JsonToken.VALUE_STRING) {
                parts.add(parser.getText());
            }
        }
        if (parser.currentToken() != JsonToken.END_ARRAY) {
            throw new VocabularyUnreadableException(source, "merge " + (merges.size() + 1) + " is no pair of texts");
        }
        merges.add(String.join(" ", parts));
    }

    private void addedTokens(JsonParser parser) throws IOException {
        while (parser.nextToken() == JsonToken.START_OBJECT) {
            String content = null;
            Integer id = null;
            while (parser.nextToken() == JsonToken.FIELD_NAME) {
                String field = parser.currentName();
                JsonToken value = parser.nextToken();
                if (field.equals("content") && value == JsonToken.VALUE_STRING) {
                    content = parser.getText();
                } else if (field.equals("id") && value == JsonToken.VALUE_NUMBER_INT) {
                    id = parser.getIntValue();
                } else {
                    parser.skipChildren();
                }
            }
            if (content != null && id != null) {
                vocabulary.put(content, id);
            }
        }
    }

    private void token(String token, JsonParser parser) throws IOException {
        if (parser.currentToken() != JsonToken.VALUE_NUMBER_INT) {
            throw new VocabularyUnreadableException(source, "the id of '" + token + "' is no number");
        }
        vocabulary.put(token, parser.getIntValue());
    }

    private BytePairVocabulary vocabulary() {
        if (!model || vocabulary.isEmpty()) {
            throw new VocabularyUnreadableException(source,
                    "it is no tokenizer.json: there is no model with a vocabulary in it");
        }
        if (type != null && !type.equals("BPE")) {
            throw new VocabularyUnreadableException(source, "its model is " + type + ", and CLIP's is BPE");
        }
        if (!BytePairVocabulary.END_OF_WORD.equals(suffix)) {
            throw new VocabularyUnreadableException(source, "its end_of_word_suffix is "
                    + (suffix == null ? "not set" : "'" + suffix + "'") + ", and CLIP's is '"
                    + BytePairVocabulary.END_OF_WORD
                    + "': it is another model's");
        }
        String[] tokens = new String[vocabulary.size()];
        vocabulary.forEach((token, id) -> {
            if (id < 0 || id >= tokens.length || tokens[id] != null) {
                throw new VocabularyUnreadableException(source, "ids are not 0 to " + (tokens.length - 1)
                        + ", each once: '"
                        + token + "' has " + id);
            }
            tokens[id] = token;
        });
        return new BytePairVocabulary(source, merges, tokens);
    }
}
