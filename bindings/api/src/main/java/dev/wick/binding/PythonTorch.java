package dev.wick.binding;

import dev.wick.error.NativesException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** Finds the LibTorch inside the {@code torch} package of the {@code python3} on the path. */
final class PythonTorch {
    /** Asks where the package lies without importing it: an import takes seconds and loads a LibTorch of its own. */
    private static final String QUESTION = "import importlib.util as u; s = u.find_spec('torch'); "
            + "print(list(s.submodule_search_locations)[0] if s else '')";
    private static final String HINT = "; install it with 'python3 -m pip install torch', or name a directory";

    private PythonTorch() {
    }

    static Path find() {
        String answer;
        try {
            Process python = new ProcessBuilder("python3", "-c", QUESTION)
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
            python.getOutputStream().close();
            answer = new String(python.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (!python.waitFor(30, TimeUnit.SECONDS) || python.exitValue() != 0) {
                python.destroy();
                throw new NativesException("python3 could not say where its torch is" + HINT);
            }
        } catch (IOException | UncheckedIOException e) {
            throw new NativesException("natives 'python' needs python3 on the path", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new NativesException("interrupted while asking python3 for its torch", e);
        }
        if (answer.isEmpty()) {
            throw new NativesException("python3 has no torch" + HINT);
        }
        Path directory = Path.of(answer);
        if (!Files.isRegularFile(directory.resolve("lib/libtorch_cpu.so"))) {
            throw new NativesException("the torch of python3 in " + directory + " has no lib/libtorch_cpu.so" + HINT);
        }
        return directory;
    }
}
