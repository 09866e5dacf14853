package dev.wick.cli;

import dev.wick.DType;
import dev.wick.Device;
import dev.wick.Model;
import dev.wick.Tensor;
import dev.wick.TensorScope;
import dev.wick.TorchScriptModel;
import dev.wick.Value;
import dev.wick.error.NotFoundException;
import dev.wick.error.TorchException;
import dev.wick.vision.file.Npy;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code wick run}. */
@Command(name = "run", description = "Runs one method of a model on .npy files and writes what it returns as .npy "
        + "files.",
        footer = {"",
                "One tensor is written as output.npy; a tuple or a list as output.0.npy, output.1.npy, ...; a "
                        + "dictionary as output.KEY.npy; a scalar as an array without dimensions. numpy has no "
                        + "bfloat16: it is written as float32.",
                "",
                "Without --dtype the model computes in the dtypes it was saved in. One form is widened to fp32, as "
                        + "OpenAI's clip.load does on a CPU: an archive with CUDA devices and halves baked into its "
                        + "graphs, run on the CPU. --dtype fp16 keeps its halves."})
final class RunCommand implements Callable<Integer> {
    @Parameters(paramLabel = "MODEL", converter = ModelSource.Converter.class,
            completionCandidates = ModelSource.BuiltInNames.class, description = ModelSource.DESCRIPTION)
    private ModelSource model;

    @Option(names = "--method", paramLabel = "M", defaultValue = "forward",
            description = "The method to call (default: ${DEFAULT-VALUE}).")
    private String method;

    @Option(names = "--input", paramLabel = "FILE.npy",
            description = "An input; once for each argument of the method, in its order.")
    private List<Path> inputs = new ArrayList<>();

    @Option(names = "--out", paramLabel = "DIR", required = true,
            description = "Where the outputs are written; made if it is not there.")
    private Path out;

    @Option(names = "--dtype", paramLabel = "fp32|fp16|bf16", converter = DTypeOption.class,
            description = "Compute in this dtype: a copy of the model is converted, and floating inputs are cast.")
    private DType dtype;

    @Option(names = "--device", paramLabel = "D", converter = DeviceOption.class, defaultValue = "cpu",
            description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private Device device;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter err = spec.commandLine().getErr();
        makeDirectory();
        try (TorchScriptModel loaded = model.open(device); TensorScope _ = TensorScope.open()) {
            MethodSchema schema = schema(loaded, method);
            schema.requireCount(inputs.size());
            List<Tensor> tensors = inputs.stream().map(Npy::read).toList();
            DType compute = dtype;
            if (compute == null && isHalfForCuda(loaded) && device.type() == Device.Type.CPU) {
                compute = DType.FLOAT32;
                err.println("wick: the archive holds halves and CUDA devices in its graphs: it is widened to fp32 for "
                        + "the CPU (--dtype fp16 keeps its halves)");
            }
            TorchScriptModel converted = compute == null ? loaded : loaded.to(compute).model();
            try {
                Object[] arguments = new Object[tensors.size()];
                for (int i = 0; i < arguments.length; i++) {
                    arguments[i] = argument(schema.arguments().get(i), tensors.get(i), compute, inputs.get(i));
                }
                Value result = call(converted, schema, arguments);
                new OutputFiles(out, spec.commandLine().getOut(), err).write(result);
            } finally {
                if (converted != loaded) {
                    converted.close();
                }
            }
        }
        return 0;
    }

    private Value call(TorchScriptModel converted, MethodSchema schema, Object[] arguments) {
        try {
            return converted.call(method, arguments);
        } catch (TorchException e) {
            List<String> given = Arrays.stream(arguments).map(argument -> argument instanceof Tensor tensor
                    ? tensor.dtype().torchName() + " " + Arrays.toString(tensor.shape()) : argument.toString())
                    .toList();
            throw new CliException("the model failed on " + String.join(", ", given) + ": " + Failures.reason(e),
                    "its schema is " + schema.text() + "; --stacktrace shows where in the model", e);
        }
    }

    private void makeDirectory() throws IOException {
        try {
            Files.createDirectories(out);
        } catch (FileAlreadyExistsException e) {
            throw new CliException("--out " + out + " is a file, not a directory",
                    "name a directory, or remove the file", e);
        } catch (IOException e) {
            throw new CliException("--out " + out + " cannot be made (" + Failures.message(e) + ")",
                    "choose another place, or change its permissions", e);
        }
        WritablePlace.requireDirectory(out, "--out");
    }

    /** The method of that name; otherwise the error says which there are. */
    static MethodSchema schema(TorchScriptModel loaded, String name) {
        List<Model.Method> methods = loaded.methods();
        return methods.stream().filter(each -> each.name().equals(name)).findFirst().map(MethodSchema::of)
                .orElseThrow(() -> new NotFoundException("the model has no method '" + name + "'; there "
                        + (methods.size() == 1 ? "is " : "are ")
                        + String.join(", ", methods.stream().map(Model.Method::name).toList())));
    }

    /** Whether it is what OpenAI publishes: traced in halves on a GPU, with both baked in. */
    static boolean isHalfForCuda(TorchScriptModel loaded) {
        boolean cuda = false;
        boolean half = false;
        for (TorchScriptModel.Constant constant : loaded.archiveConstants()) {
            cuda |= constant.kind().equals("device") && constant.value().startsWith("cuda");
            half |= constant.kind().equals("dtype") && constant.value().equals(DType.FLOAT16.torchName());
        }
        if (cuda && !half) {
            try (TensorScope _ = TensorScope.open()) {
                half = loaded.parameters().values().stream().anyMatch(each -> each.dtype() == DType.FLOAT16);
            }
        }
        return cuda && half;
    }

    private Object argument(MethodSchema.Argument argument, Tensor tensor, DType compute, Path file) {
        switch (argument.type()) {
            case "int" -> {
                return scalar(argument, tensor, file).itemLong();
            }
            case "float" -> {
                return scalar(argument, tensor, file).item();
            }
            case "bool" -> {
                return scalar(argument, tensor, file).item() != 0;
            }
            default -> {
                Tensor placed = tensor.to(device);
                return compute != null && tensor.dtype().isFloating() ? placed.to(compute) : placed;
            }
        }
    }

    private static Tensor scalar(MethodSchema.Argument argument, Tensor tensor, Path file) {
        if (tensor.elementCount() != 1 || argument.type().equals("int") && !tensor.dtype().isInteger()) {
            throw new CliException("argument '" + argument.name() + "' is one " + argument.type() + ", but " + file
                    + " holds " + tensor.dtype().torchName() + " of shape " + Arrays.toString(tensor.shape()),
                    "save it as an array of one element");
        }
        return tensor;
    }
}
