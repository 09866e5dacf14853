package dev.wick.cli;

import dev.wick.error.BadArgumentException;
import dev.wick.error.DeviceOutOfMemoryException;
import dev.wick.error.ModelUnreadableException;
import dev.wick.error.NativesException;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import dev.wick.error.UnsupportedFeatureException;
import dev.wick.error.WickException;
import dev.wick.vision.Architecture;
import dev.wick.vision.weights.WeightsMismatchException;
import dev.wick.vision.file.NpyException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** Says what went wrong in one line, with what helps on another, and gives the exit code. */
final class Failures {
    private static final int LONGEST_MESSAGE = 1500;
    private static final int NAMES_SHOWN = 5;
    /** The last line of what the TorchScript interpreter says. */
    private static final Pattern TORCH_ERROR = Pattern.compile("[A-Za-z_.]*(?:Error|Exception): (.*)");

    private Failures() {
    }

    /** A command line that was not understood. */
    static int usage(ParameterException failure, String[] arguments) {
        CommandLine command = failure.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("wick: " + usageMessage(failure));
        List<String> suggestions = failure instanceof UnmatchedArgumentException unmatched
                ? unmatched.getSuggestions() : List.of();
        if (!suggestions.isEmpty()) {
            err.println("hint: did you mean " + String.join(" or ", suggestions) + "?");
        }
        err.println("hint: '" + command.getCommandSpec().qualifiedName() + " --help' lists what there is");
        return CommandLine.ExitCode.USAGE;
    }

    /** A command that failed. */
    static int execution(Exception failure, CommandLine command, boolean stackTrace) {
        if (failure instanceof ParameterException parameters) {
            return usage(parameters, new String[0]);
        }
        PrintWriter err = command.getErr();
        err.println("wick: " + message(failure));
        String hint = hint(failure);
        if (hint != null) {
            err.println("hint: " + hint);
        }
        if (stackTrace) {
            failure.printStackTrace(err);
            for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
                if (cause instanceof WickException wick) {
                    wick.nativeBacktrace().ifPresent(backtrace -> {
                        err.println("native backtrace:");
                        err.println(backtrace);
                    });
                }
            }
        }
        return CommandLine.ExitCode.SOFTWARE;
    }

    static String message(Throwable failure) {
        return switch (failure) {
            case NoSuchFileException e -> "there is no file " + e.getFile();
            case AccessDeniedException e -> "no permission for " + e.getFile();
            case FileSystemException e -> e.getFile() + ": " + (e.getReason() == null ? "it cannot be used"
                    : e.getReason());
            case UncheckedIOException e -> message(e.getCause());
            case IOException e -> e.getMessage() == null ? e.toString() : e.getMessage();
            case TorchException e -> reason(e);
            case WeightsMismatchException e -> mismatch(e);
            case WickException e -> shortened(e.getMessage());
            case CliException e -> e.getMessage();
            default -> "something went wrong inside wick: " + failure;
        };
    }

    /** What went wrong, without the TorchScript source around it: that is for --stacktrace. */
    static String reason(TorchException failure) {
        String reason = null;
        for (String line : (failure.getMessage() == null ? "" : failure.getMessage()).lines().toList()) {
            Matcher matcher = TORCH_ERROR.matcher(line);
            if (matcher.matches()) {
                reason = matcher.group(1);
            }
        }
        return reason != null ? reason : shortened(failure.getMessage());
    }

    /** Some names of each kind: --stacktrace has all. */
    private static String mismatch(WeightsMismatchException failure) {
        StringBuilder text = new StringBuilder("the weights of " + failure.source() + " are another model's");
        some(text, "missing", failure.missing());
        some(text, "unexpected", failure.unexpected());
        some(text, "of another shape or dtype", failure.mismatched().stream().map(each -> each.name() + " is "
                + each.found() + ", not " + each.expected()).toList());
        return text.toString();
    }

    private static void some(StringBuilder text, String what, List<String> names) {
        if (!names.isEmpty()) {
            text.append("; ").append(names.size()).append(' ').append(what).append(": ")
                    .append(String.join(", ", names.subList(0, Math.min(NAMES_SHOWN, names.size()))))
                    .append(names.size() > NAMES_SHOWN ? ", ..." : "");
        }
    }

    private static String usageMessage(ParameterException failure) {
        return failure instanceof UnmatchedArgumentException unmatched && !unmatched.getUnmatched().isEmpty()
                ? "no such option or command: " + String.join(" ", unmatched.getUnmatched())
                : firstLine(failure.getMessage());
    }

    private static String hint(Throwable failure) {
        return switch (failure) {
            case CliException e -> e.hint();
            case NpyException _ -> "numpy.save(file, array, allow_pickle=False) writes what wick reads";
            case ModelUnreadableException e when e.reason().contains("no such file") ->
                "built-in models need no file: " + String.join(", ", Architecture.names());
            case ModelUnreadableException e when e.reason().contains("state dict (") ->
                "'wick inspect FILE' shows the weights; 'wick build auto --weights FILE --out model.pt' makes a model "
                        + "of them";
            case ModelUnreadableException _ ->
                "torch.jit.save(torch.jit.trace(model, example), 'model.pt') writes what wick reads";
            case WeightsMismatchException _ ->
                "'wick build auto --weights FILE' tells which model they are of; --stacktrace lists every name";
            case UnsupportedFeatureException _ -> null;
            case NotFoundException e when e.getMessage().startsWith("no cuda:") -> "'wick info' lists the devices";
            case NotFoundException _ -> "'wick inspect MODEL' lists the methods with their schemas";
            case BadArgumentException _ -> "'wick inspect MODEL' shows what each method takes";
            case DeviceOutOfMemoryException _ -> "a smaller batch, or --dtype bf16, needs less";
            case NativesException e when e.getMessage().contains("--") || e.getMessage().contains("-D") ->
                "'wick info' shows what is taken, and why";
            case NativesException _ -> "--natives presets|DIR|python says whose LibTorch to take; 'wick native list' "
                    + "shows the shims that are built";
            case TorchException _ -> "inputs whose shapes or dtypes do not fit end so; --stacktrace shows where in the "
                    + "model";
            case WickException _ -> "--stacktrace shows more";
            case IOException _, UncheckedIOException _ -> null;
            default -> "--stacktrace shows where; please report it";
        };
    }

    /** LibTorch appends whole stacks of TorchScript source to some messages. */
    private static String shortened(String message) {
        if (message == null) {
            return "no reason was given";
        }
        String text = message.strip();
        return text.length() <= LONGEST_MESSAGE ? text : text.substring(0, LONGEST_MESSAGE) + " ...";
    }

    private static String firstLine(String message) {
        return message == null ? "the command was not understood" : message.lines().findFirst().orElse("");
    }
}
