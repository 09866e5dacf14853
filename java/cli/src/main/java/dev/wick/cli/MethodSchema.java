package dev.wick.cli;

import dev.wick.Model;
import java.util.ArrayList;
import java.util.List;

/**
 * The arguments of a method, read off its schema; immutable.
 *
 * @param name      of the method
 * @param text      the schema as TorchScript writes it
 * @param arguments without {@code self}
 */
record MethodSchema(String name, String text, List<Argument> arguments) {

    /**
     * One argument.
     *
     * @param type       as TorchScript writes it
     * @param name       as the method calls it
     * @param hasDefault whether it may be left out
     */
    record Argument(String type, String name, boolean hasDefault) {
    }

    static MethodSchema of(Model.Method method) {
        String schema = method.schema();
        List<Argument> arguments = new ArrayList<>();
        int open = schema.indexOf('(');
        int from = open + 1;
        int depth = 0;
        for (int at = open; open >= 0 && at < schema.length(); at++) {
            char letter = schema.charAt(at);
            if (letter == '(' || letter == '[' || letter == '{') {
                depth++;
            } else if (letter == ')' || letter == ']' || letter == '}') {
                depth--;
            }
            if (letter == ',' && depth == 1 || depth == 0) {
                add(arguments, schema.substring(from, at).strip());
                from = at + 1;
                if (depth == 0) {
                    break;
                }
            }
        }
        return new MethodSchema(method.name(), schema, List.copyOf(arguments));
    }

    private static void add(List<Argument> arguments, String text) {
        int equals = text.indexOf('=');
        String bare = equals < 0 ? text : text.substring(0, equals).strip();
        int space = bare.lastIndexOf(' ');
        if (space < 0) {
            return;
        }
        String name = bare.substring(space + 1);
        if (arguments.isEmpty() && name.equals("self")) {
            return;
        }
        arguments.add(new Argument(bare.substring(0, space).strip(), name, equals >= 0));
    }

    int required() {
        return (int) arguments.stream().filter(argument -> !argument.hasDefault()).count();
    }

    /** Throws unless the method can be called with so many arguments; says how many it takes. */
    void requireCount(int given) {
        if (given < required() || given > arguments.size()) {
            String wanted = required() == arguments.size() ? String.valueOf(required())
                    : required() + " to " + arguments.size();
            throw new CliException("method '" + name + "' takes " + wanted + " input" + (wanted.equals("1") ? "" : "s")
                    + ", got " + given, "its schema is " + text);
        }
    }
}
