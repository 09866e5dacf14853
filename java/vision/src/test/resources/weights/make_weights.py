"""Makes the files of weights that the tests read: one small random CLIP in every container and under every family's names.

    python3 make_weights.py --clip-reference FILE

Needs torch, numpy, safetensors and transformers. The model's class comes from the project's CLIP reference script; the
Hugging Face file is the state dict of transformers' own CLIPModel, whose weights are then its own, and its outputs stand
beside it. Debug records are left out of the archive: they carry paths of the machine that it was made on.
"""
import argparse
import collections
import importlib.util
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

HERE = Path(__file__).parent
WIDTH, TEXT_WIDTH, EMBED, RESOLUTION, PATCH, VOCABULARY, CONTEXT = 64, 32, 16, 16, 8, 60, 77


def load(path: Path):
    spec = importlib.util.spec_from_file_location("clip_reference", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def clip(reference):
    torch.manual_seed(0)
    return reference.CLIP("vit", EMBED, RESOLUTION, 1, WIDTH, PATCH, TEXT_WIDTH, 2, 2, vocab=VOCABULARY).eval()


def inputs():
    torch.manual_seed(1)
    text = torch.zeros(3, CONTEXT, dtype=torch.int64)
    for row, length in enumerate((2, 9, 76)):
        text[row, 0], text[row, 1:length] = VOCABULARY - 2, torch.randint(1, VOCABULARY - 2, (length - 1,))
        text[row, length] = VOCABULARY - 1
    return torch.randn(2, 3, RESOLUTION, RESOLUTION), text


def expect(name: str, image_features, text_features) -> None:
    np.save(HERE / f"{name}.image_features.npy", image_features.numpy())
    np.save(HERE / f"{name}.text_features.npy", text_features.numpy())


def containers(reference, image, text) -> None:
    model = clip(reference)
    state = model.state_dict()
    torch.save(state, HERE / "clip.pth")
    torch.save(state, HERE / "clip.legacy.pth", _use_new_zipfile_serialization=False)
    save_file({k: v.contiguous() for k, v in state.items()}, HERE / "clip.safetensors", {"format": "pt"})
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder) / "clip.pt"
        reference.trace(model, image, text, raw)
        reference.rewrite(raw, HERE / "clip.pt")
    with torch.no_grad():
        expect("clip", model.encode_image(image), model.encode_text(text))


def hugging_face(image, text) -> None:
    from transformers import CLIPConfig, CLIPModel
    torch.manual_seed(2)
    common = dict(hidden_act="quick_gelu", layer_norm_eps=1e-5)
    model = CLIPModel(CLIPConfig(
        text_config=dict(hidden_size=TEXT_WIDTH, intermediate_size=4 * TEXT_WIDTH, num_hidden_layers=2,
                         num_attention_heads=2, vocab_size=VOCABULARY, max_position_embeddings=CONTEXT, eos_token_id=2,
                         **common),
        vision_config=dict(hidden_size=WIDTH, intermediate_size=4 * WIDTH, num_hidden_layers=1, num_attention_heads=1,
                           image_size=RESOLUTION, patch_size=PATCH, **common),
        projection_dim=EMBED)).eval()
    with torch.no_grad():
        for parameter in model.parameters():                            # biases are zero at first, norms one
            parameter.add_(torch.randn_like(parameter) * 0.02)
    state = {k: v.contiguous() for k, v in model.state_dict().items()}
    state["text_model.embeddings.position_ids"] = torch.arange(CONTEXT).unsqueeze(0)    # published files have it
    save_file(state, HERE / "hugging_face.safetensors", {"format": "pt"})
    with torch.no_grad():
        expect("hugging_face", model.get_image_features(pixel_values=image), model.get_text_features(input_ids=text))


def small_files() -> None:
    """What a few numbers show: checkpoints, views, dtypes, byte order, packed records."""
    torch.manual_seed(3)
    layer = torch.nn.Sequential(collections.OrderedDict(fc=torch.nn.Linear(3, 2), bn=torch.nn.BatchNorm1d(2)))
    optimizer = torch.optim.AdamW(layer.parameters())
    layer(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    checkpoint = dict(epoch=3, name="run", state_dict={"module." + k: v for k, v in layer.state_dict().items()},
                      optimizer=optimizer.state_dict(), scaler=dict(scale=65536.0, growth_factor=2.0))
    for kind, zipped in (("", True), (".legacy", False)):
        torch.save(checkpoint, HERE / f"checkpoint{kind}.pth", _use_new_zipfile_serialization=zipped)
    torch.save(checkpoint, HERE / "checkpoint.protocol4.pth", pickle_protocol=4)
    base = torch.arange(24, dtype=torch.float32).view(4, 6)
    everything = dict(base=base, transposed=base.t(), column=base[:, 2], row=base[1], scalar=torch.tensor(7.0),
                      empty=torch.empty(0, 3), parameter=torch.nn.Parameter(torch.ones(2)),
                      f16=torch.tensor([1.5, -2]).half(), bf16=torch.tensor([1.5, -2]).bfloat16(),
                      f64=torch.tensor([1.5, -2]).double(), i64=torch.tensor([1, -2]), i32=torch.tensor([1, -2]).int(),
                      i16=torch.tensor([1, -2]).short(), i8=torch.tensor([1, -2]).char(), u8=torch.tensor([1, 254]).byte(),
                      bool=torch.tensor([True, False]), c64=torch.tensor([1 + 2j, -3 - 4j]),
                      c128=torch.tensor([1 + 2j, -3 - 4j], dtype=torch.complex128))
    for kind, zipped in (("", True), (".legacy", False)):
        torch.save(everything, HERE / f"everything{kind}.pth", _use_new_zipfile_serialization=zipped)
    swap(HERE / "everything.pth", HERE / "everything.big_endian.pth", everything)
    repack(HERE / "everything.pth", HERE / "everything.packed.pth")


def swap(source: Path, target: Path, tensors) -> None:
    """The same as a machine of the other byte order writes it."""
    stored = {}
    with zipfile.ZipFile(source) as archive:
        infos = [(info.filename, archive.read(info)) for info in archive.infolist()]
    widths, seen = [], set()
    for tensor in tensors.values():                                     # records are numbered in the order of first use
        key = tensor.untyped_storage()._cdata
        if key not in seen:
            seen.add(key)
            widths.append(tensor.element_size() // (2 if tensor.is_complex() else 1))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as out:
        for name, data in infos:
            if name.endswith("/byteorder"):
                data = b"big"
            if "/data/" in name and data:
                width = widths[int(name.rsplit("/", 1)[1])]
                data = np.frombuffer(data, f"u{width}").byteswap().tobytes()
            out.writestr(zipfile.ZipInfo(name), data)


def repack(source: Path, target: Path) -> None:
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as out:
        for info in archive.infolist():
            out.writestr(zipfile.ZipInfo(info.filename), archive.read(info), zipfile.ZIP_DEFLATED)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--clip-reference", type=Path, required=True)
    reference = load(parser.parse_args().clip_reference)
    image, text = inputs()
    np.save(HERE / "image.npy", image.numpy())
    np.save(HERE / "text.npy", text.numpy())
    containers(reference, image, text)
    hugging_face(image, text)
    small_files()


if __name__ == "__main__":
    main()
