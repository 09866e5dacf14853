"""Makes the TorchScript archives and expected outputs that the tests read. Needs torch 2.10, torchvision and numpy.

    python3 make_archives.py [--out DIR] [--clip-reference FILE]

Everything is seeded. Arrays are named ARCHIVE.METHOD.input.N.npy and ARCHIVE.METHOD.output.npy. Archives are written
without debug records, which would carry paths of the machine they were made on. clip-rn-mini and clip-vit-mini come from the project's CLIP
reference script, which is given by --clip-reference; without it they are left as they are.
"""
import argparse
import importlib.util
import shutil
import struct
import sys
import tempfile
import warnings
import zipfile
from pathlib import Path
from typing import Any, Dict, Final, List, NamedTuple, Optional, Tuple

import numpy as np
import torch
from torch import nn
from torchvision.models.resnet import BasicBlock


def rewrite(source: Path, target: Path, replace: Dict[str, List[Tuple[bytes, bytes]]]) -> None:
    """Copies an archive without its debug records; replace maps a record's ending to what is exchanged in it."""
    archive = zipfile.ZipFile(source)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        for item in archive.infolist():
            if item.filename.endswith(".debug_pkl"):
                continue
            data = archive.read(item)
            if item.filename.endswith(".py"):
                data = b"\n".join(line.split(b"  # File")[0] for line in data.split(b"\n"))
            for ending, pairs in replace.items():
                if item.filename.endswith(ending):
                    for old, new in pairs:
                        data = data.replace(old, new)
            name = target.stem + item.filename[item.filename.index("/"):]
            info = zipfile.ZipInfo(name)
            if "/data/" in name or "/constants/" in name:  # tensor records start at a multiple of 64 bytes
                pad = -(out.fp.tell() + 30 + len(name.encode()) + 4) % 64
                info.extra = struct.pack("<HH", 0x4246, pad) + b"\0" * pad
            out.writestr(info, data)


def save(module: torch.jit.ScriptModule, path: Path, **replace: List[Tuple[bytes, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "raw.pt"
        torch.jit.save(module, str(raw))
        rewrite(raw, path, {"." + ending: pairs for ending, pairs in replace.items()})


def trace(module: nn.Module, *inputs: torch.Tensor) -> torch.jit.ScriptModule:
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        return torch.jit.trace(module.eval(), inputs, check_trace=False)


def expect(out: Path, name: str, method: str, inputs: List[torch.Tensor], output: torch.Tensor) -> None:
    for i, tensor in enumerate(inputs):
        np.save(out / f"{name}.{method}.input.{i}.npy", tensor.numpy())
    np.save(out / f"{name}.{method}.output.npy", output.detach().numpy())


class Point(NamedTuple):
    x: int
    label: str


class Encoder(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer1 = nn.Sequential(nn.Linear(4, 4), nn.ReLU())
        self.layer2 = nn.Linear(4, 2, bias=False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.layer2(self.layer1(x))


class Structures(nn.Module):
    """Returns and takes every kind of value that crosses the border."""

    release: Final[str] = "first"
    maybe: Optional[int]

    def __init__(self) -> None:
        super().__init__()
        self.encoder = Encoder()
        self.tied = self.encoder.layer2.weight
        self.half_weight = nn.Parameter(torch.arange(6, dtype=torch.float16).reshape(2, 3))
        self.register_buffer("total", torch.zeros(3))
        self.register_buffer("steps", torch.tensor(7))
        self.counter = 0
        self.scale = 2.5
        self.title = "structures"
        self.enabled = True
        self.maybe = None
        self.shape = [1, 2, 3]
        self.table: Dict[str, int] = {"one": 1, "two": 2}
        self.pair = (4, "four")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.encoder(x) * self.scale

    @torch.jit.export
    def returns_tensor(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1

    @torch.jit.export
    def returns_tuple(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        return x + 1, x * 2

    @torch.jit.export
    def returns_named_tuple(self) -> Point:
        return Point(3, "three")

    @torch.jit.export
    def returns_nested(self, x: torch.Tensor) -> Tuple[Dict[str, List[torch.Tensor]], Tuple[int, Tuple[str, float]]]:
        return {"first": [x, x + 1], "second": [x + 2]}, (5, ("six", 7.5))

    @torch.jit.export
    def returns_tensor_list(self, x: torch.Tensor) -> List[torch.Tensor]:
        return [x, x + 1, x + 2]

    @torch.jit.export
    def returns_tensor_dict(self, x: torch.Tensor) -> Dict[str, torch.Tensor]:
        return {"b": x, "a": x + 1}

    @torch.jit.export
    def returns_int_dict(self) -> Dict[int, str]:
        return {10: "ten", -1: "minus one"}

    @torch.jit.export
    def returns_int(self) -> int:
        return -9223372036854775807

    @torch.jit.export
    def returns_float(self) -> float:
        return 0.1

    @torch.jit.export
    def returns_bool(self) -> bool:
        return True

    @torch.jit.export
    def returns_str(self) -> str:
        return "żółw"

    @torch.jit.export
    def returns_none(self) -> None:
        return None

    @torch.jit.export
    def returns_optional(self, present: bool) -> Optional[int]:
        if present:
            return 8
        return None

    @torch.jit.export
    def returns_complex(self) -> complex:
        return complex(1.5, -2.5)

    @torch.jit.export
    def returns_device(self, x: torch.Tensor) -> torch.device:
        return x.device

    @torch.jit.export
    def returns_empty_lists(self) -> Tuple[List[int], List[str], List[torch.Tensor]]:
        a: List[int] = []
        b: List[str] = []
        c: List[torch.Tensor] = []
        return a, b, c

    @torch.jit.export
    def returns_any(self, which: int) -> Any:
        if which == 0:
            return 1
        return "one"

    @torch.jit.export
    def takes_everything(self, x: torch.Tensor, i: int, f: float, b: bool, s: str, ints: List[int],
                         floats: List[float], tensors: List[torch.Tensor], maybe: Optional[torch.Tensor],
                         pair: Tuple[int, str], table: Dict[str, torch.Tensor], c: complex, d: torch.device,
                         texts: List[str], flags: List[bool], nested: List[List[int]],
                         maybes: List[Optional[torch.Tensor]], numbers: Dict[int, float], anything: Any,
                         default: int = 42):
        return (x, i, f, b, s, ints, floats, tensors, maybe, pair, table, c, d, texts, flags, nested, maybes, numbers,
                anything, default)

    @torch.jit.export
    def fails(self, x: torch.Tensor) -> torch.Tensor:
        raise ValueError("the input is never right")
        return x

    @torch.jit.export
    def increments(self) -> int:
        self.counter += 1
        self.total += 1
        return self.counter

    @torch.jit.export
    def varies(self, x: torch.Tensor, n: int = 1) -> torch.Tensor:
        """An output whose shape depends on values."""
        return x[x > 0].repeat(n)


class NoForward(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    @torch.jit.export
    def encode(self, x: torch.Tensor) -> torch.Tensor:
        return torch.relu(self.linear(x))

    @torch.jit.export
    def decode(self, x: torch.Tensor) -> torch.Tensor:
        return self.linear(x) - 1


class Tiny(nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + 1


class Classifier(nn.Module):
    """A ResNet in small: 3x32x32 to ten classes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 16, 3, 1, 1, bias=False), nn.BatchNorm2d(16), nn.ReLU())
        self.layer1 = BasicBlock(16, 16)
        shortcut = nn.Sequential(nn.Conv2d(16, 32, 1, 2, bias=False), nn.BatchNorm2d(32))
        self.layer2 = BasicBlock(16, 32, 2, shortcut)
        self.fc = nn.Linear(32, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.fc(self.layer2(self.layer1(self.stem(x))).mean((2, 3)))


class ResNetSmall(nn.Module):
    """torchvision's ResNet with basic blocks, 8 channels wide."""

    def __init__(self, width: int = 8, layers: Tuple[int, ...] = (2, 2, 2, 1)) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, width, 7, 2, 3, bias=False), nn.BatchNorm2d(width)
        self.relu, self.maxpool = nn.ReLU(inplace=True), nn.MaxPool2d(3, 2, 1)
        channels = width
        for i, n in enumerate(layers):
            planes, blocks = width * 2 ** i, []
            for j in range(n):
                stride = 2 if i > 0 and j == 0 else 1
                shortcut = None
                if stride > 1:
                    shortcut = nn.Sequential(nn.Conv2d(channels, planes, 1, stride, bias=False), nn.BatchNorm2d(planes))
                blocks.append(BasicBlock(channels, planes, stride, shortcut))
                channels = planes
            self.add_module(f"layer{i + 1}", nn.Sequential(*blocks))
        self.avgpool, self.fc = nn.AdaptiveAvgPool2d(1), nn.Linear(channels, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def calibrate(module: nn.Module, *shape: int) -> nn.Module:
    """Sane activations, so that outputs in FP32 and BF16 can be compared."""
    for m in module.modules():
        if isinstance(m, nn.Conv2d):
            nn.init.kaiming_normal_(m.weight, mode="fan_out", nonlinearity="relu")
    module.train()
    with torch.no_grad():
        for _ in range(6):
            module(torch.randn(shape))
    return module.eval()


class LayerNorm(nn.LayerNorm):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return super().forward(x.float()).to(x.dtype)


class HalfCuda(nn.Module):
    """What a CLIP traced on a GPU has: half weights, device and dtype constants, an attention mask as a constant. The
    reshape's 6 is an integer that a dtype patch must leave alone; it is float32's code too."""

    def __init__(self) -> None:
        super().__init__()
        self.proj, self.norm = nn.Linear(12, 6), LayerNorm(6)
        self.mask = torch.full((6, 6), float("-inf")).triu_(1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.proj(x.to(self.proj.weight.dtype))
        x = x + torch.zeros(x.shape[0], 1, dtype=x.dtype, device=x.device)
        x = self.norm(x).reshape(-1, 6)
        scores = x @ x.t() + self.mask.to(dtype=x.dtype, device=x.device)[: x.shape[0], : x.shape[0]]
        return scores.softmax(-1) @ x


def half_cuda(out: Path) -> None:
    torch.manual_seed(5)
    module = HalfCuda().eval()
    module.proj.half()
    x = torch.randn(6, 12)
    save(trace(module, x), out / "halfcuda.pt",
         py=[(b'torch.device("cpu")', b'torch.device("cuda:0")')],
         pkl=[(b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0")])
    with torch.no_grad():
        expect(out, "halfcuda", "forward", [x], module.float()(x))


def clip(out: Path, reference: Path) -> None:
    spec = importlib.util.spec_from_file_location("clip_reference", reference)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    small = dict(text_width=64, text_layers=1, text_heads=1, vocab=600)
    module.SMALL["rn"].update(small, vision_layers=(1, 1, 1, 1), vision_width=8)
    module.SMALL["vit"].update(small, vision_layers=2, vision_width=64)
    for tower in ("rn", "vit"):
        name = f"clip-{tower}-mini"
        with tempfile.TemporaryDirectory() as folder:
            sys.argv = ["clip_reference", folder, name, "--tower", tower]
            module.main()
            for part in ("f16.cuda.pt", "image.npy", "text.npy", "f16.image_features.npy", "f16.text_features.npy"):
                shutil.copyfile(Path(folder) / f"{name}.{part}", out / f"{name}.{part}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path(__file__).parent)
    parser.add_argument("--clip-reference", type=Path)
    arguments = parser.parse_args()
    out = arguments.out

    torch.manual_seed(0)
    module = Structures().eval()
    x = torch.randn(2, 4)
    scripted = torch.jit.script(module)
    save(scripted, out / "structures.pt")
    expect(out, "structures", "forward", [x], scripted(x))

    torch.manual_seed(1)
    no_forward = torch.jit.script(NoForward().eval())
    x = torch.randn(2, 3)
    save(no_forward, out / "noforward.pt")
    expect(out, "noforward", "encode", [x], no_forward.encode(x))

    save(torch.jit.script(Tiny()), out / "tiny.pt")

    torch.manual_seed(2)
    classifier = calibrate(Classifier(), 32, 3, 32, 32)
    x = torch.randn(1, 3, 32, 32)
    save(trace(classifier, x), out / "classifier.pt")
    expect(out, "classifier", "forward", [x], classifier(x))
    torch.save(dict(classifier.state_dict()), out / "statedict.pth")

    torch.manual_seed(3)
    mlp = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 64), nn.LayerNorm(64)).eval()
    x = torch.randn(8, 64)
    save(trace(mlp, x), out / "mlp.pt")
    expect(out, "mlp", "forward", [x], mlp(x))

    half_cuda(out)

    torch.manual_seed(4)
    resnet = calibrate(ResNetSmall(), 16, 3, 224, 224)
    x = torch.randn(1, 3, 224, 224)
    save(trace(resnet, x), out / "resnet-small.pt")
    with torch.no_grad():
        np.save(out / "resnet-small.forward.output.npy", resnet(torch.linspace(-2, 2, x.numel()).reshape(x.shape)).numpy())

    if arguments.clip_reference:
        clip(out, arguments.clip_reference)


if __name__ == "__main__":
    main()
