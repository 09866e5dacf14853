package dev.wick.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./wick} in a checkout of its own, where java, mvn and the build tools are stand-ins that say how they were called. */
class LauncherTest {
    /** What the script itself calls; nothing else is on its path. */
    private static final List<String> TOOLS = List.of("bash", "env", "dirname", "readlink", "find", "mkdir", "mv", "rm", "touch",
            "tee", "awk", "cat", "mktemp", "flock");

    @TempDir
    private Path temporary;
    private Path checkout;
    private Path bin;
    private Path jdk;

    private record Result(int code, String out, String err) {
    }

    @BeforeEach
    void makeCheckout() throws IOException {
        checkout = Files.createDirectories(temporary.resolve("check out"));
        bin = Files.createDirectories(temporary.resolve("bin"));
        // The machine's own JDKs must not be found.
        String script = Files.readString(Cli.ROOT.resolve("wick")).replace("/usr/lib/jvm/*", "/nothing/*")
                .replace("/opt/* /opt/*/*", "/nothing/*");
        executable(checkout.resolve("wick"), script);
        for (String source : List.of("pom.xml", "native/CMakeLists.txt", "cmake/FindLibTorch.cmake",
                "bindings/panama/jextract/interface.sha256", "java/cli/src/main/java/A.java")) {
            Path file = checkout.resolve(source);
            Files.createDirectories(file.getParent());
            Files.writeString(file, "0123456789abcdef");
            age(file, 100);
        }
        Files.copy(Cli.ROOT.resolve("native/missing-tools.sh"), checkout.resolve("native/missing-tools.sh"));
        for (String tool : TOOLS) {
            for (String place : List.of("/usr/bin/", "/bin/")) {
                if (Files.exists(Path.of(place + tool)) && !Files.exists(bin.resolve(tool))) {
                    Files.createSymbolicLink(bin.resolve(tool), Path.of(place + tool));
                }
            }
        }
        jdk = jdk("jdk", "25.0.1");
        executable(bin.resolve("mvn"), """
                #!/usr/bin/env bash
                echo "mvn $*" >> "$LOG"
                mkdir -p java/cli/target/wick/lib
                echo '[INFO] Building Wick command line 0.1.0-SNAPSHOT   [1/1]'
                exit "${MVN_CODE:-0}"
                """);
    }

    private Path jdk(String name, String version) throws IOException {
        Path home = Files.createDirectories(temporary.resolve(name + "/bin")).getParent();
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"A\"\nJAVA_VERSION=\"" + version + "\"\n");
        executable(home.resolve("bin/javac"), "");
        executable(home.resolve("bin/java"), """
                #!/usr/bin/env bash
                while [[ $1 != dev.wick.cli.Main ]]; do
                    echo "jvm $1" >> "$LOG"
                    shift
                done
                shift
                if [[ $1 == native ]]; then
                    echo "building $*" >&2
                    mkdir -p "$WICK_CACHE/shims/a"
                    touch "$WICK_CACHE/shims/a/libwick_torch.so"
                    echo "build $*" >> "$LOG"
                    echo "$WICK_CACHE/shims/a"
                    exit 0
                fi
                echo "waits $OMP_WAIT_POLICY,$GOMP_SPINCOUNT,$OPENBLAS_THREAD_TIMEOUT" >> "$LOG"
                for argument in "$@"; do
                    echo "<$argument>"
                done
                exit "${JAVA_CODE:-0}"
                """);
        return home;
    }

    private static void executable(Path file, String script) throws IOException {
        Files.writeString(file, script);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    private static void age(Path file, long seconds) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(seconds)));
    }

    private void haveBuildTools() throws IOException {
        for (String tool : List.of("python3", "g++", "cmake", "ninja")) {
            executable(bin.resolve(tool), "#!/usr/bin/env bash\nexit 0\n");
        }
    }

    private Result wick(String... arguments) throws IOException, InterruptedException {
        return wick(checkout.resolve("wick"), Map.of(), arguments);
    }

    private Result wick(Path script, Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(script.toString()));
        command.addAll(List.of(arguments));
        Path out = temporary.resolve("out");
        Path err = temporary.resolve("err");
        ProcessBuilder builder = new ProcessBuilder(command).directory(temporary.toFile()).redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().clear();
        builder.environment().putAll(Map.of("PATH", bin.toString(), "HOME", temporary.resolve("home").toString(),
                "JAVA_HOME", jdk.toString(), "LOG", temporary.resolve("log").toString(),
                "WICK_CACHE", temporary.resolve("cache").toString()));
        builder.environment().putAll(environment);
        Process process = builder.start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private List<String> log() throws IOException {
        Path log = temporary.resolve("log");
        return Files.exists(log) ? Files.readAllLines(log, StandardCharsets.UTF_8) : List.of();
    }

    private long count(String start) throws IOException {
        return log().stream().filter(line -> line.startsWith(start)).count();
    }

    @Test
    void argumentsAndExitCodeArePassedOn() throws Exception {
        Result result = wick(checkout.resolve("wick"), Map.of("JAVA_CODE", "2"), "--help", "two words", "*", "", "$HOME");

        assertThat(result.code()).isEqualTo(2);
        assertThat(result.out().lines()).containsExactly("<--help>", "<two words>", "<*>", "<>", "<$HOME>");
        assertThat(log()).contains("jvm --enable-native-access=ALL-UNNAMED", "jvm -Dwick.home=" + checkout.toRealPath());
    }

    @Test
    void jarsAreBuiltOnceAndAgainWhenASourceIsNewer() throws Exception {
        assertThat(wick("--help").err()).contains("building the jars", "Wick command line");
        assertThat(wick("--help").err()).isEmpty();
        assertThat(count("mvn")).isEqualTo(1);

        age(checkout.resolve("java/cli/src/main/java/A.java"), -5);
        wick("--help");
        assertThat(count("mvn")).isEqualTo(2);
    }

    @Test
    void aFailedBuildIsSaidAndTriedAgain() throws Exception {
        Result failed = wick(checkout.resolve("wick"), Map.of("MVN_CODE", "1"), "--help");

        assertThat(failed.code()).isEqualTo(1);
        assertThat(failed.err()).contains("the jars were not built", "build.log");
        assertThat(wick("--help").code()).isZero();
    }

    @Test
    void itWorksThroughALinkAndFromElsewhere() throws Exception {
        Path link = Files.createSymbolicLink(temporary.resolve("link"), Path.of("check out/wick"));

        assertThat(wick(link, Map.of(), "--version").out()).isEqualTo("<--version>\n");
    }

    @Test
    void aMissingJdkIsNamedWithWhatInstallsIt() throws Exception {
        Path old = jdk("old", "17.0.2");

        Result result = wick(checkout.resolve("wick"), Map.of("JAVA_HOME", old.toString()), "--help");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("no JDK 25 or newer was found", old.toString(), "apt-get install", "dnf install");
    }

    @Test
    void aJdkOnThePathIsTakenWhenJavaHomeIsTooOld() throws Exception {
        Path old = jdk("old", "17.0.2");
        Files.createSymbolicLink(bin.resolve("java"), jdk.resolve("bin/java"));

        assertThat(wick(checkout.resolve("wick"), Map.of("JAVA_HOME", old.toString()), "--help").code()).isZero();
    }

    @Test
    void aMissingMavenIsNamed() throws Exception {
        Files.delete(bin.resolve("mvn"));

        Result result = wick("--help");

        assertThat(result.code()).isEqualTo(1);
        assertThat(result.err()).contains("Maven is missing", "apt-get install maven", "dnf install maven");
    }

    @Test
    void withoutBuildToolsItGoesThroughJniAndNamesThemAll() throws Exception {
        Result result = wick("inspect", "model.pt");

        assertThat(result.code()).isZero();
        assertThat(result.out()).isEqualTo("<inspect>\n<model.pt>\n");
        assertThat(result.err()).contains("going through JNI", "python3 with venv", "C++ compiler", "CMake", "Ninja",
                "apt-get install g++", "dnf install ninja-build");
        assertThat(wick("inspect", "--help").err()).isEmpty();
        assertThat(wick("inspect", "m.pt", "--calls", "javacpp").err()).isEmpty();
        assertThat(wick("native", "list").code()).isZero();
    }

    @Test
    void whatNeedsTheShimEndsWithoutBuildTools() throws Exception {
        for (List<String> asked : List.of(List.of("--calls", "panama"), List.of("--natives", "python"))) {
            Result result = wick("inspect", "model.pt", asked.getFirst(), asked.getLast());

            assertThat(result.code()).isEqualTo(1);
            assertThat(result.out()).isEmpty();
            assertThat(result.err()).contains("is not built yet", "C++ compiler", "apt-get install g++");
        }
        assertThat(wick("info", "--calls", "panama").out()).isEqualTo("<info>\n<--calls>\n<panama>\n");
    }

    @Test
    void theShimIsBuiltWhereItIsNeededAndMissing() throws Exception {
        haveBuildTools();

        assertThat(wick("run", "m.pt").out()).isEqualTo("<run>\n<m.pt>\n");
        assertThat(wick("run", "m.pt").err()).isEmpty();
        assertThat(count("build native build --natives presets")).isEqualTo(1);

        age(checkout.resolve("native/CMakeLists.txt"), -5);
        wick("run", "m.pt");
        assertThat(count("build native build --natives presets")).isEqualTo(2);
        wick("run", "m.pt", "--calls", "javacpp");
        assertThat(count("build")).isEqualTo(2);
    }

    @Test
    void theShimIsBuiltForTheNativesThatAreNamed() throws Exception {
        haveBuildTools();

        wick("--natives", "torch", "run", "m.pt");
        wick("run", "--natives=python", "m.pt");
        wick(checkout.resolve("wick"), Map.of("WICK_LIBTORCH", "/a/torch"), "run", "m.pt");

        assertThat(log()).contains("build native build --natives " + temporary.toRealPath() + "/torch",
                "build native build --natives python", "build native build --natives /a/torch");
    }

    @Test
    void threadsSpinBrieflyUnlessTold() throws Exception {
        wick("--help");
        wick(checkout.resolve("wick"), Map.of("OMP_WAIT_POLICY", "active"), "--help");
        wick(checkout.resolve("wick"), Map.of("GOMP_SPINCOUNT", "7", "OPENBLAS_THREAD_TIMEOUT", "8"), "--help");

        assertThat(log()).containsSubsequence("jvm -Dwick.launcher.set=GOMP_SPINCOUNT,OPENBLAS_THREAD_TIMEOUT",
                "waits ,3000,12", "jvm -Dwick.launcher.set=OPENBLAS_THREAD_TIMEOUT", "waits active,,12", "waits ,7,8");
        assertThat(log().stream().filter(line -> line.startsWith("jvm -Dwick.launcher.set"))).hasSize(2);
    }
}
