package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Tensor;
import dev.wick.Value;
import dev.wick.vision.file.Npy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Writes a result as {@code .npy} files named after the places in its tree; one thread. */
final class OutputFiles {
    private static final int LONGEST_KEY = 100;

    private final Path directory;
    private final PrintWriter out;
    private final PrintWriter err;
    private final Set<String> taken = new HashSet<>();
    private int written;

    OutputFiles(Path directory, PrintWriter out, PrintWriter err) {
        this.directory = directory;
        this.out = out;
        this.err = err;
    }

    void write(Value result) throws IOException {
        write("output", result);
        if (written == 0) {
            throw new CliException("the method returned " + result + ", in which there is nothing that .npy can hold");
        }
    }

    private void write(String name, Value value) throws IOException {
        switch (value.kind()) {
            case TENSOR -> tensor(name, value.tensor());
            case INT -> scalar(name, Tensor.of(new long[] {value.asLong()}, new long[0]));
            case DOUBLE -> scalar(name, Tensor.of(new double[] {value.asDouble()}, new long[0]));
            case BOOL -> scalar(name, Tensor.of(new boolean[] {value.asBoolean()}, new long[0]));
            case COMPLEX -> complex(name, value.asComplex());
            case TUPLE, LIST -> {
                List<Value> elements = value.elements();
                for (int i = 0; i < elements.size(); i++) {
                    write(name + "." + i, elements.get(i));
                }
            }
            case DICT -> {
                for (Map.Entry<Object, Value> entry : value.dict().entrySet()) {
                    write(unique(name + "." + fileName(entry.getKey())), entry.getValue());
                }
            }
            case NONE, STRING, DEVICE, OPAQUE -> err.println("wick: " + name + " is " + value + ": not written");
        }
    }

    private void scalar(String name, Tensor one) throws IOException {
        try (one) {
            tensor(name, one);
        }
    }

    private void complex(String name, Value.Complex number) throws IOException {
        try (Tensor zeros = Tensor.zeros(DType.COMPLEX128)) {
            zeros.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_DOUBLE, 0, number.real());
            zeros.segment().setAtIndex(java.lang.foreign.ValueLayout.JAVA_DOUBLE, 1, number.imaginary());
            tensor(name, zeros);
        }
    }

    private void tensor(String name, Tensor tensor) throws IOException {
        Path file = directory.resolve(name + ".npy");
        taken.add(name);
        DType dtype = Npy.writtenAs(tensor.dtype());
        if (dtype != tensor.dtype()) {
            err.println("wick: " + file + ": numpy has no " + tensor.dtype().torchName() + ", it is written as "
                    + dtype.torchName());
        }
        try {
            Npy.write(file, tensor);
        } catch (IOException e) {
            throw new CliException("cannot write " + file + " (" + Failures.message(e) + ")",
                    "is there room on the disk?", e);
        }
        written++;
        out.println(file + "  " + dtype.torchName() + " " + Arrays.toString(tensor.shape()));
    }

    /** Keys are the model's own texts: nothing in them may name another directory. */
    private static String fileName(Object key) {
        String text = key instanceof Tensor ? "tensor" : String.valueOf(key);
        String plain = text.replaceAll("[^\\p{IsAlphabetic}\\p{IsDigit}._-]", "_");
        return plain.length() <= LONGEST_KEY ? plain : plain.substring(0, LONGEST_KEY);
    }

    private String unique(String name) {
        String candidate = name;
        for (int i = 2; !taken.add(candidate); i++) {
            candidate = name + "-" + i;
        }
        return candidate;
    }
}
