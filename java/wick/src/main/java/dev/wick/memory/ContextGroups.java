package dev.wick.memory;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The groups of a timeline's contexts, numbered; immutable. */
final class ContextGroups {
    private final MemoryTimeline timeline;
    private final int[] groupOfContext;
    private final List<MemoryGroup> groups = new ArrayList<>();

    ContextGroups(MemoryTimeline timeline, MemoryGrouping grouping) {
        this.timeline = timeline;
        List<MemoryContext> contexts = timeline.contexts();
        this.groupOfContext = new int[contexts.size()];
        Map<MemoryGroup, Integer> numbers = new HashMap<>();
        for (int i = 0; i < contexts.size(); i++) {
            groupOfContext[i] = numbers.computeIfAbsent(grouping.of(contexts.get(i)), group -> {
                groups.add(group);
                return groups.size() - 1;
            });
        }
    }

    int size() {
        return groups.size();
    }

    MemoryGroup group(int number) {
        return groups.get(number);
    }

    /** The number of a context's group. */
    int ofContext(int context) {
        return groupOfContext[context];
    }

    /** The number of the group that an allocation belongs to. */
    int of(long event) {
        return ofContext(timeline.contextIndex(event));
    }
}
