package dev.wick.vision.weights;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadFeature;
import dev.wick.error.ModelUnreadableException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;

/**
 * Weights in several files: an index, {@code {"metadata": {...}, "weight_map": {"name": "file"}}}, with the files
 * beside it; any thread.
 */
final class ShardedReader {
    private static final long LONGEST_INDEX = 64 << 20;
    private static final int MOST_SHARDS = 10_000;
    private static final JsonFactory JSON = JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION).build();

    private ShardedReader() {
    }

    private record Shards(List<StateDict> all) implements StateDict.Resource {
        @Override
        public boolean isMapped() {
            return all.stream().allMatch(StateDict::isMapped);
        }

        @Override
        public void close() {
            all.forEach(StateDict::close);
        }
    }

    static StateDict read(Path file, FileMemory index, boolean mapped) {
        SequencedMap<String, String> places = places(index);
        index.close();
        Map<String, StateDict> shards = new LinkedHashMap<>();
        try {
            SequencedMap<String, StateDict.Entry> entries = new LinkedHashMap<>();
            places.forEach((name, shard) -> {
                StateDict dict = shards.computeIfAbsent(shard, each -> open(file, each, index.source(), mapped));
                if (!dict.contains(name)) {
                    throw new ModelUnreadableException(index.source(), "it says that " + shard + " holds '"
                            + TorchUnpickler.printable(name) + "', and it does not");
                }
                entries.put(name, dict.again(name));
            });
            for (Map.Entry<String, StateDict> shard : shards.entrySet()) {
                for (String name : shard.getValue().names()) {
                    if (!shard.getKey().equals(places.get(name))) {
                        throw new ModelUnreadableException(index.source(), shard.getKey() + " holds '"
                                + TorchUnpickler.printable(name) + "', and the index does not say so");
                    }
                }
            }
            return new StateDict(index.source(), StateDict.Container.SHARDED, List.of(), List.of(), entries,
                    new Shards(List.copyOf(shards.values())));
        } catch (RuntimeException e) {
            shards.values().forEach(StateDict::close);
            throw e;
        }
    }

    private static StateDict open(Path index, String shard, String source, boolean mapped) {
        // The index may come from anywhere: it names files beside itself and nothing else.
        if (shard.isEmpty() || shard.startsWith(".") || shard.indexOf('/') >= 0 || shard.indexOf('\\') >= 0
                || shard.indexOf('\0') >= 0) {
            throw new ModelUnreadableException(source, "it names '" + TorchUnpickler.printable(shard)
                    + "', which is no file beside it");
        }
        try {
            return StateDictReader.readShard(index.toAbsolutePath().resolveSibling(shard), mapped);
        } catch (ModelUnreadableException e) {
            throw new ModelUnreadableException(source, "its file " + shard + ": " + e.reason());
        }
    }

    private static SequencedMap<String, String> places(FileMemory index) {
        MemorySegment bytes = index.bytes();
        String source = index.source();
        if (bytes.byteSize() > LONGEST_INDEX) {
            throw new ModelUnreadableException(source, "it begins as JSON does, and an index of weights has at most "
                    + LONGEST_INDEX + " bytes");
        }
        SequencedMap<String, String> places = new LinkedHashMap<>();
        boolean found = false;
        try (JsonParser json = JSON.createParser(StandardCharsets.UTF_8.newDecoder()
                .decode(ByteBuffer.wrap(bytes.toArray(ValueLayout.JAVA_BYTE))).toString())) {
            if (json.nextToken() == JsonToken.START_OBJECT) {
                while (json.nextToken() != JsonToken.END_OBJECT) {
                    boolean map = json.currentName().equals("weight_map");
                    JsonToken token = json.nextToken();
                    if (map && token == JsonToken.START_OBJECT) {
                        found = true;
                        readPlaces(json, places, source);
                    } else {
                        json.skipChildren();
                    }
                }
                if (json.nextToken() != null) {
                    throw new ModelUnreadableException(source, "something stands behind its JSON object");
                }
            }
        } catch (CharacterCodingException e) {
            throw new ModelUnreadableException(source, "it begins as JSON does, but is no UTF-8");
        } catch (JsonProcessingException e) {
            throw new ModelUnreadableException(source, "it begins as JSON does, but is none (" + e.getOriginalMessage()
                    + ")");
        } catch (IOException e) {
            throw new ModelUnreadableException(source, "it cannot be read (" + e + ")");
        }
        if (!found || places.isEmpty()) {
            throw new ModelUnreadableException(source,
                    "it is JSON, but no index of weights: it has no weight_map with files");
        }
        if (places.values().stream().distinct().count() > MOST_SHARDS) {
            throw new ModelUnreadableException(source, "it names more than " + MOST_SHARDS + " files");
        }
        return places;
    }

    private static void readPlaces(JsonParser json, Map<String, String> places, String source) throws IOException {
        while (json.nextToken() != JsonToken.END_OBJECT) {
            String name = json.currentName();
            if (json.nextToken() != JsonToken.VALUE_STRING) {
                throw new ModelUnreadableException(source, "its weight_map holds something other than file names");
            }
            places.put(name, json.getText());
        }
    }
}
