package dev.wick.cli;

import dev.wick.binding.CacheDirectory;
import dev.wick.study.report.Json;
import dev.wick.study.report.Sizes;
import dev.wick.study.report.TextTable;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code wick native}. */
@Command(name = "native", description = "Builds, lists and removes shims: the C++ libraries between Java and one LibTorch.",
        subcommands = {NativeCommand.Build.class, NativeCommand.ListShims.class, NativeCommand.Clean.class})
final class NativeCommand implements Runnable {
    @Spec
    private CommandSpec spec;

    @ParentCommand
    private WickCommand wick;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getOut());
    }

    /** {@code wick native build}. */
    @Command(name = "build", description = "Builds the shim for a LibTorch, and puts it into the cache.",
            footer = {"", "--natives says for which: presets (the default), a directory, python, or pip:VERSION, which downloads "
                    + "an official LibTorch first and prints where it lies.",
                    "It needs a C++ compiler, CMake, Ninja and python3 with venv."})
    static final class Build implements Callable<Integer> {
        @ParentCommand
        private NativeCommand parent;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException, InterruptedException {
            String natives = parent.wick.natives() == null ? "presets" : parent.wick.natives();
            Path script = NativeSources.buildScript();
            List<String> command = new ArrayList<>(List.of("python3", script.toString(), "--natives", natives));
            if (natives.equals("presets")) {
                command.addAll(List.of("--libraries", PresetsLibraries.extract().toString()));
            }
            Process process;
            try {
                process = new ProcessBuilder(command).inheritIO().start();
            } catch (IOException e) {
                throw new CliException("python3 cannot be started, and it drives the build of the shim",
                        "install it: apt-get install python3 python3-venv, or dnf install python3", e);
            }
            int code = process.waitFor();
            if (code != 0) {
                throw new CliException("the shim for " + natives + " was not built; the reason stands above",
                        "it needs a C++ compiler, CMake, Ninja and python3 with venv");
            }
            if (natives.startsWith(WickCommand.PIP)) {
                spec.commandLine().getErr().println("that LibTorch is --natives " + WickCommand.installed(natives));
            }
            return 0;
        }
    }

    /** A shim in the cache. */
    private record Entry(Path directory, Properties properties, long bytes) {
        static List<Entry> all() throws IOException {
            Path shims = CacheDirectory.shims();
            if (!Files.isDirectory(shims)) {
                return List.of();
            }
            List<Entry> entries = new ArrayList<>();
            try (Stream<Path> directories = Files.list(shims)) {
                for (Path directory : directories.filter(Files::isDirectory).sorted().toList()) {
                    Properties properties = new Properties();
                    Path file = directory.resolve("shim.properties");
                    if (Files.isRegularFile(file)) {
                        try (Reader in = Files.newBufferedReader(file)) {
                            properties.load(in);
                        }
                    }
                    entries.add(new Entry(directory, properties, sizeOf(directory)));
                }
            }
            return entries;
        }

        String torch() {
            return properties.getProperty("torch.version", "?");
        }

        String abi() {
            String cxx11 = properties.getProperty("cxx11.abi");
            return cxx11 == null ? "?" : Boolean.parseBoolean(cxx11) ? "cxx11" : "precxx11";
        }

        String date() throws IOException {
            return DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm").withZone(ZoneId.systemDefault())
                    .format(Files.getLastModifiedTime(directory).toInstant());
        }

        boolean whole() {
            return Files.isRegularFile(directory.resolve("libwick_torch.so")) && !properties.isEmpty();
        }
    }

    private static long sizeOf(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            return files.filter(Files::isRegularFile).mapToLong(file -> file.toFile().length()).sum();
        }
    }

    /** {@code wick native list}. */
    @Command(name = "list", description = "Lists the shims in the cache.")
    static final class ListShims implements Callable<Integer> {
        @Option(names = "--json", description = "Print JSON.")
        private boolean json;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            PrintWriter out = spec.commandLine().getOut();
            List<Entry> entries = Entry.all();
            if (json) {
                List<Object> list = new ArrayList<>();
                for (Entry entry : entries) {
                    Map<String, Object> map = new LinkedHashMap<>();
                    map.put("directory", entry.directory().toString());
                    map.put("torch", entry.torch());
                    map.put("abi", entry.abi());
                    map.put("bytes", entry.bytes());
                    map.put("date", entry.date());
                    map.put("whole", entry.whole());
                    list.add(map);
                }
                out.println(Json.text(list));
                return 0;
            }
            if (entries.isEmpty()) {
                out.println("no shim is built yet in " + CacheDirectory.shims() + "; 'wick native build' builds one");
                return 0;
            }
            TextTable table = new TextTable("llrll");
            table.row("torch", "abi", "size", "built", "directory");
            for (Entry entry : entries) {
                table.row(entry.torch(), entry.abi(), Sizes.bytes(entry.bytes()), entry.date(),
                        entry.directory() + (entry.whole() ? "" : "  (not whole)"));
            }
            table.print(out, "");
            return 0;
        }
    }

    /** {@code wick native clean}. */
    @Command(name = "clean", description = "Removes the shims from the cache.",
            footer = {"", "They are built anew when they are needed. --all removes the LibTorch libraries taken out of jars, and "
                    + "whatever else the cache holds, too."})
    static final class Clean implements Callable<Integer> {
        @Option(names = "--all", description = "Remove everything in the cache.")
        private boolean all;

        @Spec
        private CommandSpec spec;

        @Override
        public Integer call() throws IOException {
            Path place = all ? CacheDirectory.root() : CacheDirectory.shims();
            PrintWriter out = spec.commandLine().getOut();
            if (!Files.isDirectory(place)) {
                out.println("nothing to remove: " + place + " is not there");
                return 0;
            }
            long bytes = sizeOf(place);
            try (Stream<Path> children = Files.list(place)) {
                for (Path child : children.toList()) {
                    remove(child);
                }
            }
            out.println("removed " + Sizes.bytes(bytes) + " in " + place);
            return 0;
        }

        private static void remove(Path tree) throws IOException {
            try (Stream<Path> paths = Files.walk(tree)) {
                for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(path);
                }
            }
        }
    }
}
