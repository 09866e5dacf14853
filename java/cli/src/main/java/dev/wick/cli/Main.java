package dev.wick.cli;

import java.io.OutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import picocli.CommandLine;

/** The entry point of {@code wick}. */
public final class Main {
    private Main() {
    }

    /** Runs one command and exits with 0 when it succeeded, 1 when it failed, 2 when it was not understood. */
    public static void main(String[] arguments) {
        int code = run(utf8(System.out), utf8(System.err), arguments);
        System.out.flush();
        System.err.flush();
        System.exit(code);
    }

    /** Runs one command in this JVM and gives its exit code. */
    static int run(PrintWriter out, PrintWriter err, String... arguments) {
        CommandLine line = commandLine(out, err);
        int code = line.execute(arguments);
        out.flush();
        err.flush();
        return code;
    }

    static CommandLine commandLine(PrintWriter out, PrintWriter err) {
        WickCommand wick = new WickCommand();
        CommandLine line = new CommandLine(wick);
        line.setOut(out);
        line.setErr(err);
        line.setCaseInsensitiveEnumValuesAllowed(true);
        line.setUsageHelpAutoWidth(true);
        line.setUsageHelpLongOptionsMaxWidth(34);
        line.setParameterExceptionHandler(Failures::usage);
        line.setExecutionExceptionHandler((failure, failed, _) -> Failures.execution(failure, failed, wick.stackTrace()));
        line.setExecutionStrategy(parsed -> {
            wick.apply();
            return new CommandLine.RunLast().execute(parsed);
        });
        return line;
    }

    /** A writer whose end may go away: {@code wick ... | head} is no error of ours. */
    private static PrintWriter utf8(PrintStream stream) {
        OutputStream target = stream;
        return new PrintWriter(target, true, StandardCharsets.UTF_8);
    }
}
