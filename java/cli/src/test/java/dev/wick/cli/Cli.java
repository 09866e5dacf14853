package dev.wick.cli;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;

/** Runs commands in this JVM and keeps what they print. */
record Cli(int code, String out, String err) {
    static final Path ROOT = Path.of(System.getProperty("user.dir")).resolve("../..").normalize();
    static final Path ARCHIVES = ROOT.resolve("bindings/api/src/test/resources/archives");

    static Cli run(Object... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        String[] texts = new String[arguments.length];
        for (int i = 0; i < texts.length; i++) {
            texts[i] = arguments[i].toString();
        }
        int code = Main.run(new PrintWriter(out), new PrintWriter(err), texts);
        return new Cli(code, out.toString(), err.toString());
    }

    static Path archive(String name) {
        return ARCHIVES.resolve(name);
    }
}
