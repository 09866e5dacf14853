package dev.wick.binding.javacpp;

import dev.wick.binding.BoxedValue;
import dev.wick.binding.CallSettings;
import dev.wick.binding.Handle;
import dev.wick.error.BadArgumentException;
import dev.wick.error.NotFoundException;
import dev.wick.error.UnsupportedFeatureException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Dispatcher;
import org.bytedeco.pytorch.Operation;
import org.bytedeco.pytorch.Operator;
import org.bytedeco.pytorch.OperatorHandle;
import org.bytedeco.pytorch.OperatorHandleOptional;
import org.bytedeco.pytorch.OperatorVector;
import org.bytedeco.pytorch.IValueVector;
import org.bytedeco.pytorch.Symbol;
import org.bytedeco.pytorch.global.torch;

/** Operators by name, found once and kept for the process; any thread. */
final class Operators {
    private static final Map<String, List<Entry>> BY_NAME = new HashMap<>();

    private Operators() {
    }

    /** One overload: of the dispatcher, or known to TorchScript alone. */
    private static final class Entry extends Handle {
        private final Schema schema;
        private final OperatorHandle dispatched;
        private final Operation scripted;

        Entry(Schema schema, OperatorHandle dispatched, Operation scripted) {
            this.schema = schema;
            this.dispatched = dispatched;
            this.scripted = scripted;
        }

        void run(IValueVector stack) {
            if (dispatched != null) {
                dispatched.callBoxed(stack);
            } else {
                scripted.apply(stack);
            }
        }

        @Override
        public String kind() {
            return "operator";
        }

        @Override
        protected void free() {
            // Lives as long as the process.
        }
    }

    /** All overloads of a name, in the order in which they are registered. */
    private static List<Entry> overloads(String name) {
        int colons = name.indexOf("::");
        if (colons <= 0 || colons + 2 == name.length() || name.indexOf('\0') >= 0) {
            throw new BadArgumentException("'" + name
                    + "' is not the qualified name of an operator, such as 'aten::add'");
        }
        synchronized (BY_NAME) {
            List<Entry> known = BY_NAME.get(name);
            if (known != null) {
                return known;
            }
            List<Entry> found = find(name);
            if (!found.isEmpty()) {
                BY_NAME.put(name, found);
            }
            return found;
        }
    }

    private static List<Entry> find(String name) {
        try (PointerScope _ = new PointerScope()) {
            OperatorVector registered = torch.getAllOperatorsFor(Symbol.fromQualString(name));
            List<Entry> found = new ArrayList<>();
            for (long i = 0; i < registered.size(); i++) {
                Operator operator = registered.get(i);
                Schema schema = new Schema(operator.schema());
                if (found.stream().anyMatch(entry -> entry.schema.overload().equals(schema.overload()))) {
                    schema.close();
                    continue;
                }
                OperatorHandleOptional dispatched = Dispatcher.singleton()
                        .findSchema(operator.schema().operator_name());
                if (dispatched.has_value()) {
                    OperatorHandle handle = new OperatorHandle(dispatched.get());
                    handle.retainReference();
                    found.add(new Entry(schema, handle, null));
                } else if (operator.hasOperation()) {
                    Operation operation = operator.getOperation();
                    operation.retainReference();
                    found.add(new Entry(schema, null, operation));
                } else {
                    found.add(new Entry(schema, null, null));
                }
            }
            return List.copyOf(found);
        }
    }

    /** TorchScript's constructor of dictionaries from lists of pairs. */
    static Operation dictConstructor(TypeTree key) {
        return overloads("aten::dict").stream().filter(entry -> entry.schema.overload().equals(key.toString()))
                .map(entry -> entry.scripted).findFirst().orElseThrow(() -> new BadArgumentException(
                        "a dictionary with keys of type " + key + " cannot be made from outside"));
    }

    static Handle find(String name, String overload) {
        List<Entry> overloads = overloads(name);
        return overloads.stream().filter(entry -> entry.schema.overload().equals(overload)).findFirst()
                .orElseThrow(() -> new NotFoundException(overloads.isEmpty() ? "there is no operator '" + name + "'"
                        : "the operator '" + name + "' has no overload '" + overload + "'; it has:" + list(overloads)));
    }

    private static String list(List<Entry> overloads) {
        StringBuilder text = new StringBuilder();
        overloads.forEach(entry -> text.append("\n  ").append(entry.schema));
        return text.toString();
    }

    static List<String> schemas(String name) {
        return overloads(name).stream().map(entry -> entry.schema.toString()).toList();
    }

    static BoxedValue call(Handle operator, CallSettings settings, BoxedValue... arguments) {
        if (!(operator instanceof Entry entry)) {
            throw new IllegalArgumentException("not an operator of this binding: " + operator);
        }
        try (Call call = Call.take()) {
            new ArgumentBinder(call).bindOrExplain(entry.schema, arguments);
            return run(entry, settings, call);
        }
    }

    static BoxedValue call(String name, CallSettings settings, BoxedValue... arguments) {
        List<Entry> candidates = overloads(name);
        if (candidates.isEmpty()) {
            throw new NotFoundException("there is no operator '" + name + "'");
        }
        List<String> reasons = new ArrayList<>();
        for (Entry candidate : candidates) {
            try (Call call = Call.take()) {
                try {
                    new ArgumentBinder(call).bind(candidate.schema, arguments);
                } catch (BadArgumentException e) {
                    reasons.add(e.getMessage());
                    continue;
                }
                return run(candidate, settings, call);
            }
        }
        StringBuilder message = new StringBuilder("no overload of '" + name + "' takes the arguments:");
        for (int i = 0; i < reasons.size(); i++) {
            message.append("\n  ").append(candidates.get(i).schema).append("\n    ").append(reasons.get(i));
        }
        throw new BadArgumentException(message.toString());
    }

    private static BoxedValue run(Entry entry, CallSettings settings, Call call) {
        if (entry.dispatched == null && entry.scripted == null) {
            throw new UnsupportedFeatureException("only TorchScript code can call " + entry.schema);
        }
        Owned.Stack stack = call.stack();
        try (CallGuard _ = CallGuard.enter(settings)) {
            entry.run(stack);
        } catch (RuntimeException e) {
            throw Errors.of(e);
        }
        return ValueReader.readStack(stack);
    }
}
