package dev.wick.vision.text;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.GZIPInputStream;

/** The vocabulary and the expected ids beside the tests. */
final class TokenizerData {
    static final Path VOCABULARY = resource("bpe_simple_vocab_16e6.txt.gz");
    private static final BytePairVocabulary PUBLISHED = read();

    private TokenizerData() {
    }

    /** A string, its kind, and its ids without padding. */
    record Case(String kind, String text, int[] ids, int[] idsWithoutFixing, int count) {
        @Override
        public String toString() {
            return kind;
        }
    }

    static ClipTokenizer tokenizer() {
        return ClipTokenizer.of(PUBLISHED);
    }

    private static BytePairVocabulary read() {
        try {
            return BytePairVocabulary.read(VOCABULARY);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path resource(String name) {
        try {
            return Path.of(TokenizerData.class.getResource("/tokenizer/" + name).toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    static List<Case> published() throws IOException {
        List<Case> cases = new ArrayList<>();
        try (JsonParser json = new JsonFactory().createParser(resource("published.json").toFile())) {
            while (json.nextToken() != JsonToken.START_ARRAY) {
                continue;
            }
            while (json.nextToken() == JsonToken.START_OBJECT) {
                String kind = null;
                String text = null;
                int[] ids = null;
                int[] without = null;
                int count = 0;
                while (json.nextToken() == JsonToken.FIELD_NAME) {
                    String field = json.currentName();
                    json.nextToken();
                    switch (field) {
                        case "kind" -> kind = json.getText();
                        case "text" -> text = json.getText();
                        case "ids" -> ids = ids(json);
                        case "ids_without_ftfy" -> without = ids(json);
                        case "token_count" -> count = json.getIntValue();
                        default -> json.skipChildren();
                    }
                }
                cases.add(new Case(kind, text, ids, without == null ? ids : without, count));
            }
        }
        return cases;
    }

    static List<Case> corpus() throws IOException {
        List<Case> cases = new ArrayList<>();
        try (InputStream packed = Files.newInputStream(resource("corpus.json.gz"));
                JsonParser json = new JsonFactory().createParser(new GZIPInputStream(packed))) {
            json.nextToken();
            while (json.nextToken() == JsonToken.START_ARRAY) {
                String kind = json.nextTextValue();
                String text = json.nextTextValue();
                json.nextToken();
                int[] ids = ids(json);
                json.nextToken();
                cases.add(new Case(kind, text, ids, null, ids.length));
            }
        }
        return cases;
    }

    private static int[] ids(JsonParser json) throws IOException {
        List<Integer> ids = new ArrayList<>();
        while (json.nextToken() != JsonToken.END_ARRAY) {
            ids.add(json.getIntValue());
        }
        return ids.stream().mapToInt(Integer::intValue).toArray();
    }
}
