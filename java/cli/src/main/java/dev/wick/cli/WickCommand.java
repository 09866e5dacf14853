package dev.wick.cli;

import dev.wick.binding.CacheDirectory;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Properties;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** {@code wick}: the options that every command takes, and the list of commands. */
@Command(name = "wick", mixinStandardHelpOptions = true, scope = ScopeType.INHERIT,
        versionProvider = WickCommand.Version.class, sortOptions = false, synopsisSubcommandLabel = "COMMAND",
        description = "Runs TorchScript models on the JVM's side of LibTorch, and measures them.",
        optionListHeading = "%nOptions:%n", commandListHeading = "%nCommands:%n", parameterListHeading = "%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {"0:it worked", "1:it failed; the reason is on stderr", "2:the command line was not understood"},
        footer = {"", "A TorchScript archive is a program: load only those you trust."},
        subcommands = {InfoCommand.class, InspectCommand.class, RunCommand.class, BenchCommand.class,
                BenchCopyCommand.class, BenchGemmCommand.class, MemoryCommand.class, TraceCommand.class,
                BuildCommand.class, CompareArchitecturesCommand.class, SynsetsCommand.class, ZeroShotCommand.class,
                PromptsCommand.class, CompareCommand.class, PrecisionCommand.class, EmbedCommand.class,
                PreprocessCommand.class, TokenizeCommand.class, DemoCommand.class, NativeCommand.class})
final class WickCommand implements Runnable {
    /** Begins the name of a LibTorch that is installed into the cache. */
    static final String PIP = "pip:";

    @Spec
    private CommandSpec spec;

    private String natives;
    private String calls;
    private Integer threads;

    @Option(names = "--stacktrace", scope = ScopeType.INHERIT, order = 93,
            description = "With an error, print Java's stack trace and LibTorch's backtrace.")
    private boolean stackTrace;

    @Option(names = "--natives", scope = ScopeType.INHERIT, paramLabel = "presets|DIR|python", order = 90,
            description = "Whose LibTorch: the presets' (the default), the one in a directory (a pip torch, an "
                    + "unzipped libtorch), or that of python3's torch.")
    private void natives(String value) {
        if (value.isBlank()) {
            throw new CommandLine.ParameterException(spec.commandLine(),
                    "--natives needs presets, a directory or python");
        }
        natives = value;
    }

    @Option(names = "--calls", scope = ScopeType.INHERIT, paramLabel = "panama|javacpp", order = 91,
            description = "How Java reaches it: FFM over the shim (all features), or JNI over the presets' classes.")
    private void calls(String value) {
        if (!value.equals("panama") && !value.equals("javacpp") && !value.equals("auto")) {
            throw new CommandLine.ParameterException(spec.commandLine(),
                    "'" + value + "' is no way of calling; there are panama and javacpp");
        }
        calls = value;
    }

    @Option(names = "--threads", scope = ScopeType.INHERIT, paramLabel = "N", order = 92,
            description = "Threads of one operator; the default is LibTorch's, one per core.")
    private void threads(int value) {
        if (value < 1) {
            throw new CommandLine.ParameterException(spec.commandLine(), "--threads needs 1 or more, got " + value);
        }
        threads = value;
    }

    /** Where native/build.py installs the LibTorch that {@code pip:VERSION} names. */
    static Path installed(String pip) {
        return CacheDirectory.root().resolve("libtorch").resolve("torch-" + pip.substring(PIP.length()))
                .resolve("torch");
    }

    boolean stackTrace() {
        return stackTrace;
    }

    /** What was given to --natives; null when it was not. */
    String natives() {
        return natives;
    }

    /** Puts the options where the engine reads them, before it loads. */
    void apply() {
        if (natives != null) {
            boolean presets = natives.equals("presets");
            System.setProperty("wick.natives", presets ? "presets" : "official");
            if (!presets) {
                System.setProperty("wick.libtorch", natives.startsWith(PIP) ? installed(natives).toString() : natives);
            }
        }
        if (calls != null) {
            System.setProperty("wick.calls", calls);
        }
        if (threads != null) {
            System.setProperty("wick.threads", threads.toString());
        }
    }

    @Override
    public void run() {
        PrintWriter out = spec.commandLine().getOut();
        spec.commandLine().usage(out);
    }

    /** Wick's version. */
    static String version() {
        Properties properties = new Properties();
        try (InputStream in = WickCommand.class.getResourceAsStream("version.properties")) {
            properties.load(in);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return properties.getProperty("version");
    }

    /** Gives picocli the version. */
    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"wick " + version()};
        }
    }
}
